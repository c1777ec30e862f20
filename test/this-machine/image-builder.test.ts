import { existsSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { buildImage } from '../../src/hosts/this-machine/image-builder.ts';
import { build, building, digest, machine, setupFor, writeMetadata } from './docker-machine.ts';

test('buildx builds and pushes, logged in from settings of its own that are gone afterwards', async () => {
  const on = machine(`echo "token $LONGSHORE_SECRET_TOKEN" >&2\n${writeMetadata}`);
  const run = building(on);
  expect(await buildImage(run)).toEqual({ image: build.image, digest });
  expect(run.lines).toEqual(['token [secret]']);
  expect(on.calls()).toHaveLength(1);
  expect(JSON.parse(readFileSync(join(on.home, 'seen-buildx', 'config.json'), 'utf8'))).toEqual({
    auths: {
      'ghcr.io': { auth: 'eA==' },
      'registry.test:5000': { auth: Buffer.from('deployer:hunter2').toString('base64') },
    },
    credsStore: 'desktop',
    credHelpers: { 'registry.test:5000': '' },
  });
  expect(statSync(join(on.home, 'seen-buildx', 'config.json')).mode & 0o777).toBe(0o600);
  expect(existsSync(readFileSync(join(on.home, 'config-directory'), 'utf8').trim())).toBe(false);
  expect(readdirSync(join(on.home, '.docker'))).toEqual(['config.json']);
});

test('an old client without buildx builds with BuildKit, pushes each tag, and says why', async () => {
  const on = machine(`[ "$1" != push ] || echo "v1: digest: ${digest} size: 528"`, '20.10.24');
  const run = building(on);
  expect(await buildImage(run)).toEqual({ image: build.image, digest });
  expect(on.calls().map((call) => call.split(' ')[0])).toEqual(['build', 'push', 'push']);
  expect(run.lines[0]).toContain('docker buildx is not there');
});

test.each([
  ['the Dockerfile', 'build-failed', 'echo "#5 ERROR: exit code: 3"\necho "ERROR: failed to solve: exit code: 3"'],
  [
    'the registry',
    'registry-refused',
    'echo " > pushing x with docker:"\necho "ERROR: unauthorized: authentication required"',
  ],
  ['the network', 'push-failed', 'echo "ERROR: failed to push registry.test:5000/acme/shop:v1: i/o timeout"'],
  ['the disk', 'build-failed', 'echo "#9 ERROR: write /x: no space left on device"'],
  ['the rights', 'registry-refused', 'echo "ERROR: failed to push x: denied: requested access is denied"'],
  ['the engine', 'build-failed', 'echo "ERROR: Cannot connect to the Docker daemon at unix:///x. Is it running?"'],
])('a failure of %s is %s', async (_what, code, script) => {
  const run = building(machine(`${script}\nexit 1`));
  await expect(buildImage(run)).rejects.toMatchObject({ code, hint: expect.stringMatching(/./) });
});

test('buildpacks are called with their own program, and both tags are pushed', async () => {
  const on = machine(`[ "$1" != push ] || echo "v1: digest: ${digest} size: 528"`);
  writeFileSync(join(on.home, 'bin', 'pack'), `#!/bin/sh\necho "pack $* TOKEN=$TOKEN" >> "${on.home}/calls"\n`, {
    mode: 0o755,
  });
  const pack = { builder: 'heroku/builder:24', buildpacks: ['heroku/ruby'] };
  const run = building(on, { build: { ...build, setup: setupFor({ pack }), pack } });
  expect(await buildImage(run)).toEqual({ image: build.image, digest });
  expect(on.calls()[0]).toMatch(/^pack build registry.test:5000\/acme\/shop .* --env TOKEN --path \. TOKEN=hunter2$/);
  expect(on.calls().slice(1)).toEqual(build.tags.map((tag) => `push ${tag}`));
});

test('buildpacks without their program say where it is to be had', async () => {
  const pack = { builder: 'b', buildpacks: [] };
  const run = building(machine(''), { build: { ...build, setup: setupFor({ pack }), pack } });
  await expect(buildImage(run)).rejects.toMatchObject({ message: expect.stringContaining('needs the command pack') });
});

test('what is not pushed has no digest, and its place counts from where one types', async () => {
  const on = machine('');
  expect(await buildImage(building(on, { build: { ...build, output: 'local,dest=out' } }))).toEqual({
    image: build.image,
  });
  expect(on.calls()[0]).toContain(`--output=type=local,dest=${on.home}/out`);
});

test('the ssh agent is found by its variable', async () => {
  const on = machine(writeMetadata);
  const ssh = { ...build, ssh: 'default=$SSH_AUTH_SOCK' };
  await buildImage(building(on, { build: ssh, env: { ...on.env, SSH_AUTH_SOCK: '/run/agent' } }));
  expect(on.calls()[0]).toContain('--ssh default=/run/agent');
  await expect(buildImage(building(on, { build: ssh }))).rejects.toMatchObject({
    message: 'builder.ssh names $SSH_AUTH_SOCK, which is not set here',
  });
});

test('a secret too long for a variable goes by a file, and an argument that is too long is refused', async () => {
  const on = machine(
    `for word; do case $word in id=TOKEN,src=*) /bin/cp "\${word#id=TOKEN,src=}" "\${PATH%/bin}/seen" ;; esac; done\n${writeMetadata}`,
  );
  const TOKEN = 'ä\n'.repeat(100_000);
  await buildImage(building(on, { secretValues: { TOKEN } }));
  expect(readFileSync(join(on.home, 'seen'), 'utf8')).toBe(TOKEN);
  const run = building(on, { build: { ...build, args: { LONG: 'x'.repeat(130_000) } } });
  await expect(buildImage(run)).rejects.toMatchObject({
    message: expect.stringContaining('builder.args.LONG is longer'),
  });
});

test('a Dockerfile that is not there is found before anything is built', async () => {
  const run = building(machine(''), { build: { ...build, dockerfile: 'Dockerfile.web' } });
  await expect(buildImage(run)).rejects.toMatchObject({
    message: expect.stringContaining('Missing Dockerfile.web'),
  });
});

test('an abort ends the build and takes the login away', async () => {
  const on = machine('echo building\nexec /bin/sleep 60');
  const abort = new AbortController();
  const run = building(on, { signal: abort.signal, onLine: () => abort.abort() });
  await expect(buildImage(run)).rejects.toMatchObject({ code: 'interrupted' });
  expect(existsSync(readFileSync(join(on.home, 'config-directory'), 'utf8').trim())).toBe(false);
});
