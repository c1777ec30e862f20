import { createHash } from 'node:crypto';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Ended, makeProject, type Project, sandbox } from './harness.ts';
import { chi, dal, emptyMachines, on, running } from './machines.ts';
import { type Watch, watchProcesses } from './processes.ts';

/** Everything that shells, YAML, JSON, URLs and env files treat in a way of their own, over several lines. */
const secretKey = `p@ss w0rd! "double" 'single' \\back\\n $HOME \`date\` $(id) 100% a+b/c=d&e=ä€🚢 #hash\nsecond line\tafter a tab\n`;
const buildToken = 'bu1ld-t0ken/with+some=signs&"quotes"';
const hookToken = 'h00k-t0ken $(touch /tmp/never) "quoted"';
const secrets = {
  SECRET_KEY: secretKey,
  BUILD_TOKEN: buildToken,
  HOOK_TOKEN: hookToken,
  REGISTRY_PASSWORD: sandbox['REGISTRY_PASSWORD'] ?? '',
};
const machines = [dal, chi];
const env = { SMALL_SECRET_KEY: secretKey, BUILD_TOKEN: buildToken, HOOK_TOKEN: hookToken };
const runs: Ended[] = [];
let project: Project;
let watch: Watch;
let processLists: Readonly<Record<string, string>>;

beforeAll(async () => {
  await emptyMachines(...machines);
  const hash = createHash('sha256').update(buildToken).digest('hex');
  project = makeProject('test/apps/small', {
    '.kamal/secrets': (text) => `${text}BUILD_TOKEN=$BUILD_TOKEN\nHOOK_TOKEN=$(printf '%s' "$HOOK_TOKEN")\n`,
    '.kamal/hooks/pre-deploy': `#!/bin/sh
printf '%s' "$HOOK_TOKEN" | sha256sum
printf '%s' "$HOOK_TOKEN" >"$HOME/hook-token"
echo "it is $HOOK_TOKEN"
echo "\${SECRET_KEY:-no secret key} on $KAMAL_HOST"
`,
    'config/deploy.yml': (text) =>
      `${text.replace('driver: docker', 'driver: docker\n  secrets: [BUILD_TOKEN]')}\nhooks:\n  pre-deploy:\n    run_on: hosts\n    secrets: [HOOK_TOKEN]\n`,
    Dockerfile: (text) =>
      text.replace(
        'ENTRYPOINT',
        `RUN --mount=type=secret,id=BUILD_TOKEN ["/small", "same", "/run/secrets/BUILD_TOKEN", "${hash}"]\nENTRYPOINT`,
      ),
  });
  watch = await watchProcesses(...machines);
});

afterAll(() => project.remove());

test('deploys that succeed and fail, plan, status and lock, plain, verbose and as JSON, with secrets of every kind', async () => {
  await runIt('setup --verbose', 0);
  project.commit('Second');
  await runIt('plan --verbose', 0);
  await runIt('deploy --json', 0);
  project.commit('Crashes', { behaviour: 'web:crash' });
  // Its pre-deploy hook has no deploy-failed beside it.
  await runIt('deploy --verbose', 6);
  await runIt('deploy --json', 6);
  await runIt('plan --json', 0);
  await runIt('status --json', 0);
  await runIt('lock acquire -m by-hand --verbose', 0);
  await runIt('lock status --json', 0);
  await runIt('deploy', 4);
  await runIt('lock release', 0);
  processLists = await watch.end();
  expect(runs).toHaveLength(11);
});

test('the values arrive in containers, builds and hooks byte for byte', async () => {
  for (const machine of machines) {
    const [name] = (await running(machine, 'small')).filter((one) => one.startsWith('small-web-'));
    const value = await on(machine, `docker exec ${name} /small env SECRET_KEY`);
    expect(Buffer.from(value, 'base64').toString('utf8')).toBe(secretKey);
    // Exactly these bytes: the last newline would be lost by the shell.
    expect(await on(machine, 'base64 -w0 /home/deploy/hook-token; rm /home/deploy/hook-token')).toBe(
      Buffer.from(hookToken).toString('base64'),
    );
  }
  const hook = runs[0]?.output ?? '';
  expect(hook).toContain(createHash('sha256').update(hookToken).digest('hex'));
  // A script on a machine sees the secrets that the file names for it, and no others.
  expect(hook).toContain(`no secret key on ${chi.address}`);
});

test('no output shows a value, raw or escaped', () => {
  for (const run of runs) expect(leaksIn(run.output)).toEqual([]);
});

test('no process list on either side shows a value', () => {
  for (const [where, text] of Object.entries(processLists)) expect(leaksIn(text), where).toEqual([]);
  // They did see what ran.
  expect(processLists['this box']).toContain('bin/run.js');
  expect(processLists[dal.container]).toMatch(/sshd.*deploy|small/);
});

test('the watch over process lists would see a value there', async () => {
  const control = await watchProcesses(dal);
  const child = spawn('sh', ['-c', 'sleep 0.4; :', buildToken]);
  await Promise.all([once(child, 'close'), on(dal, `sh -c 'sleep 0.4; :' '${buildToken}'`)]);
  const lists = await control.end();
  expect(leaksIn(lists['this box'] ?? '')).toContain('BUILD_TOKEN raw');
  expect(leaksIn(lists[dal.container] ?? '')).toContain('BUILD_TOKEN raw');
});

test('images, labels, audit logs, release records, locks and the machines’ Docker settings hold no value', async () => {
  const script = `for image in $(docker images -q registry.test:5000/small); do docker history --no-trunc $image; docker inspect $image; done
docker inspect -f '{{json .Config.Labels}} {{json .Config.Cmd}} {{json .HostConfig}} {{json .Args}}' $(docker ps -aq)
docker logs kamal-proxy 2>&1
cat /var/lib/docker/volumes/kamal-proxy-config/_data/* 2>/dev/null
find /home/deploy/.kamal -type f ! -path '*/env/roles/*' -exec cat {} +
cat /home/deploy/.docker/* /root/.docker/* /home/deploy/.bash_history 2>/dev/null; true`;
  for (const machine of machines) {
    const text = await on(machine, script);
    expect(text).toContain('"outcome":"live"');
    expect(leaksIn(text)).toEqual([]);
    expect(await on(machine, 'stat -c %a /home/deploy/.kamal/apps/small/env/roles/web.env')).toBe('600');
    expect(await on(machine, `find /home/deploy/.kamal -name 'run.*'`)).toBe('');
  }
});

async function runIt(words: string, status: number): Promise<void> {
  const run = await project.longshore(words, { env });
  runs.push(run);
  expect(run, run.output).toMatchObject({ status });
}

/** Which secrets a text holds, and how: `SECRET_KEY in base64`. */
function leaksIn(text: string): string[] {
  return Object.entries(secrets).flatMap(([name, value]) =>
    Object.entries(formsOf(value)).flatMap(([how, forms]) =>
      forms.some((form) => text.includes(form)) ? [`${name} ${how}`] : [],
    ),
  );
}

/** A value as it is, line by line, and in the forms in which it could hide. In base64 at each of three offsets, without the edges. */
function formsOf(value: string): Record<string, string[]> {
  const lines = value.split('\n').filter((line) => line.length > 8);
  const latin1 = (text: string) => Buffer.from(text, 'utf8').toString('latin1');
  const inBase64 = [0, 1, 2].map((offset) =>
    Buffer.concat([Buffer.alloc(offset), Buffer.from(value)])
      .toString('base64')
      .slice(offset === 0 ? 0 : 4)
      .replace(/.{0,3}={0,2}$/, ''),
  );
  return {
    raw: [...lines, ...lines.map(latin1)],
    'in base64': [...inBase64, ...inBase64.map((text) => text.replaceAll('+', '-').replaceAll('/', '_'))],
    'in JSON': lines.map((line) => JSON.stringify(line).slice(1, -1)),
    'in a URL': [...lines.map(encodeURIComponent), new URLSearchParams({ value }).toString().slice('value='.length)],
    'in an env file': [value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')],
  };
}
