import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { ImageBuild } from '../../src/build/image-build.ts';
import { buildAndPushImage } from '../../src/hosts/this-machine/image-builder.ts';
import type { ImageBuilding } from '../../src/hosts/this-machine/image-builder.ts';
import { temporaryDirectory } from './repository.ts';

const digest = `sha256:${'ab'.repeat(32)}`;

/** A `docker`, alone in PATH, that writes down how it was called, and then does what a test says. */
function machine(script: string, version = '28.2.2') {
  const home = temporaryDirectory();
  mkdirSync(join(home, 'bin'));
  writeFileSync(
    join(home, 'bin', 'docker'),
    `#!/bin/sh
case $1 in --version) echo "Docker version ${version}, build 1"; exit 0 ;; esac
case "$1 $2" in "buildx version") ${version.startsWith('28') ? 'echo "github.com/docker/buildx v0.29.1"; exit 0' : 'exit 1'} ;; esac
echo "$*" >> "${home}/calls"
[ -z "$DOCKER_CONFIG" ] || /bin/cp -r "$DOCKER_CONFIG" "${home}/seen-$1" 2>/dev/null; echo "$DOCKER_CONFIG" > "${home}/config-directory"
${script}
`,
    { mode: 0o755 },
  );
  writeFileSync(join(home, 'Dockerfile'), 'FROM scratch\n');
  mkdirSync(join(home, '.docker'));
  const settings = { auths: { 'ghcr.io': { auth: 'eA==' } }, credsStore: 'desktop' };
  writeFileSync(join(home, '.docker', 'config.json'), JSON.stringify(settings));
  const calls = (): string[] => readFileSync(join(home, 'calls'), 'utf8').trim().split('\n');
  return { home, calls, env: { PATH: join(home, 'bin'), HOME: home } };
}

const writeMetadata = `while [ $# -gt 0 ]; do [ "$1" != --metadata-file ] || echo '{"containerimage.digest":"${digest}"}' > "$2"; shift; done`;

const build: ImageBuild = {
  service: 'shop',
  version: 'v1',
  image: 'registry.test:5000/acme/shop:v1',
  tags: ['registry.test:5000/acme/shop:v1', 'registry.test:5000/acme/shop:latest'],
  labels: { service: 'shop' },
  platforms: ['linux/amd64'],
  driver: 'docker',
  dockerfile: 'Dockerfile',
  args: {},
  secrets: ['TOKEN'],
  context: { kind: 'directory', path: '.' },
  push: true,
  useCache: true,
};

function building(
  on: ReturnType<typeof machine>,
  more: Partial<ImageBuilding> = {},
): ImageBuilding & { lines: string[] } {
  const lines: string[] = [];
  return {
    build,
    cwd: on.home,
    env: on.env,
    login: { server: 'registry.test:5000', username: 'deployer', password: 'hunter2' },
    secretValues: { TOKEN: 'hunter2' },
    mask: (text) => text.replaceAll('hunter2', '[secret]'),
    onLine: (line) => lines.push(line),
    signal: new AbortController().signal,
    lines,
    ...more,
  };
}

test('buildx builds and pushes, logged in from settings of its own that are gone afterwards', async () => {
  const on = machine(`echo "token $LONGSHORE_SECRET_TOKEN" >&2\n${writeMetadata}`);
  const run = building(on);
  expect(await buildAndPushImage(run)).toEqual({ image: build.image, digest });
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
  expect(await buildAndPushImage(run)).toEqual({ image: build.image, digest });
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
  ['the engine', 'build-failed', 'echo "ERROR: Cannot connect to the Docker daemon at unix:///x. Is it running?"'],
])('a failure of %s is %s', async (_what, code, script) => {
  const run = building(machine(`${script}\nexit 1`));
  await expect(buildAndPushImage(run)).rejects.toMatchObject({ code, hint: expect.stringMatching(/./) });
});

test('the builder of the driver docker-container is made as Kamal names it', async () => {
  const builder = 'kamal-local-docker-container';
  const on = machine(
    `case "$*" in "buildx inspect ${builder}") exit 1 ;; "buildx "[ci]*) exit 0 ;; esac\n${writeMetadata}`,
  );
  await buildAndPushImage(building(on, { build: { ...build, driver: 'docker-container' } }));
  expect(on.calls().slice(0, 3)).toEqual([
    `buildx inspect ${builder}`,
    `buildx create --name ${builder} --driver docker-container`,
    `buildx inspect --bootstrap ${builder}`,
  ]);
  expect(on.calls()[3]).toContain(`--builder ${builder}`);
});

test('a builder that cannot be started is taken away again, and the driver docker is named', async () => {
  const on = machine('case "$2" in inspect) echo "no such host"; exit 1 ;; esac');
  const run = building(on, { build: { ...build, driver: 'docker-container' } });
  await expect(buildAndPushImage(run)).rejects.toMatchObject({
    code: 'build-failed',
    hint: expect.stringContaining('builder: {driver: docker}'),
    details: ['no such host'],
  });
  expect(on.calls().at(-1)).toBe('buildx rm kamal-local-docker-container');
});

test('two architectures need a driver that can', async () => {
  const both = { ...build, platforms: ['linux/amd64', 'linux/arm64'] };
  await expect(buildAndPushImage(building(machine(''), { build: both }))).rejects.toMatchObject({
    message: 'The driver docker cannot build for linux/amd64 and linux/arm64 at once',
  });
});

test('a Dockerfile that is not there is found before anything is built', async () => {
  const run = building(machine(''), { build: { ...build, dockerfile: 'Dockerfile.web' } });
  await expect(buildAndPushImage(run)).rejects.toMatchObject({
    message: expect.stringContaining('There is no Dockerfile.web'),
  });
});

test('an abort ends the build and takes the login away', async () => {
  const on = machine('echo building\nexec /bin/sleep 60');
  const abort = new AbortController();
  const run = building(on, { signal: abort.signal, onLine: () => abort.abort() });
  await expect(buildAndPushImage(run)).rejects.toMatchObject({ code: 'interrupted' });
  expect(existsSync(readFileSync(join(on.home, 'config-directory'), 'utf8').trim())).toBe(false);
});
