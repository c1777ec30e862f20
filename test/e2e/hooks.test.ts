import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { type Ended, makeProject, type Project } from './harness.ts';
import { chi, dal, emptyMachines, lockIsHeld, on, running, served } from './machines.ts';

const host = 'small.test';
const machines = [dal, chi];
/** Writes down what a hook is told; here into a file, on a machine to its output. */
const tell = '#!/bin/sh\n{ echo "hook ${0##*/}"; env | grep ^KAMAL_ | sort; } >>"$HOOK_LOG"\n';
let project: Project;
let log: string;

beforeAll(async () => {
  await emptyMachines(...machines);
  project = makeProject('test/apps/small', {
    '.kamal/hooks/pre-connect': tell,
    '.kamal/hooks/pre-build': tell,
    '.kamal/hooks/pre-app-boot': `${tell}[ -z "$NESTED" ] || $NESTED\n`,
    '.kamal/hooks/post-app-boot': tell,
    '.kamal/hooks/deploy-failed': `#!/bin/sh\necho "after $LONGSHORE_FAILED_STEP, status $LONGSHORE_EXIT_STATUS, lock $KAMAL_LOCK"\n`,
    '.kamal/hooks/post-deploy': `${tell}[ ! -e post-deploy-fails ]\n`,
    '.kamal/hooks/pre-deploy': `#!/bin/sh
echo "mode $(stat -c %a "$0"), on \${KAMAL_HOST:-this box}, for $KAMAL_VERSION, key \${SECRET_KEY:+known}"
[ -n "$KAMAL_HOST" ] || exit 0
[ ! -e pre-deploy-fails ] || { echo 'the jobs did not stop'; exit 9; }
[ ! -e pre-deploy-waits ] || sleep 61.5
while [ -e pre-deploy-stays ]; do sleep 0.2; done
`,
    'config/deploy.yml': (text) => `${text}\nhooks:\n  pre-deploy:\n    run_on: [local, hosts]\n    roles: [worker]\n`,
  });
  log = join(project.directory, '..', 'hook.log');
  expect(await deploy('setup')).toMatchObject({ status: 0 });
});

afterAll(async () => {
  project.remove();
  await on(dal, 'rm -f /home/deploy/pre-deploy-*');
});

function deploy(words: string, options?: Parameters<Project['longshore']>[1]): Promise<Ended> {
  return project.longshore(words, { ...options, env: { HOOK_LOG: log, ...options?.env } });
}

test('hooks run here in Kamal’s order with Kamal’s environment, and pre-deploy on the machines that the file names', async () => {
  const version = project.commit('Hooked');
  const before = readFileSync(log, 'utf8').length;
  const run = await deploy('deploy --json');
  expect(run, run.output).toMatchObject({ status: 0 });

  const told = readFileSync(log, 'utf8').slice(before);
  expect(told.match(/^hook .*/gm)).toEqual(
    ['pre-connect', 'pre-build', 'pre-app-boot', 'post-app-boot', 'post-deploy'].map((name) => `hook ${name}`),
  );
  for (const part of told.split(/^hook /m).slice(1)) {
    expect(part).toContain(`KAMAL_VERSION=${version}`);
    expect(part).toContain(`KAMAL_HOSTS=${dal.address},${chi.address}`);
    expect(part).toContain('KAMAL_COMMAND=deploy');
    expect(part).toContain(`KAMAL_SERVICE_VERSION=small@${version.slice(0, 7)}`);
    expect(part).toMatch(/KAMAL_RECORDED_AT=\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/);
    expect(part).toMatch(/KAMAL_PERFORMER=./);
  }
  expect(told).toMatch(/KAMAL_RUNTIME=\d+/);

  const lines = run.events.flatMap((event) =>
    event.type === 'output' && event.source === 'pre-deploy' ? [event] : [],
  );
  // Here with all secrets, as in Kamal; on the worker's machine with those that the file names: none.
  expect(lines.map(({ host: where, line }) => `${where}: ${line}`).toSorted()).toEqual([
    `${dal.address}: mode 700, on ${dal.address}, for ${version}, key `,
    `this machine: mode 755, on this box, for ${version}, key known`,
  ]);
  const at = (is: (event: Ended['events'][number]) => boolean) => run.events.findIndex(is);
  const hook = at((event) => event.type === 'output' && event.source === 'pre-deploy');
  const lastPull = run.events.findLastIndex((event) => event.type === 'step-ended' && event.step.kind === 'pull-image');
  const firstStart = at((event) => event.type === 'step-started' && event.step.kind === 'start-container');
  expect(lastPull).toBeGreaterThan(-1);
  expect(lastPull).toBeLessThan(hook);
  expect(hook).toBeLessThan(firstStart);
});

test('a pre-deploy hook that fails on a machine stops the deploy before any swap, with exit 3', async () => {
  const current = await served(dal, host);
  project.commit('Stopped by its hook');
  await on(dal, 'touch /home/deploy/pre-deploy-fails');
  const run = await deploy('deploy');
  await on(dal, 'rm /home/deploy/pre-deploy-fails');
  expect(run, run.output).toMatchObject({ status: 3 });
  expect(run.stderr).toMatch(new RegExp(`${dal.address}.*hook pre-deploy ended with status 9`));
  expect(run.stderr).toContain('the jobs did not stop');
  expect(run.stderr).toContain(`deploy-failed] | after ${dal.address}: run hook pre-deploy, status 3, lock true`);
  expect(await Promise.all(machines.map((one) => served(one, host)))).toEqual([current, current]);
  expect(await running(dal, 'small')).toEqual([`small-web-${current}`, `small-worker-${current}`]);
  expect(await lockIsHeld(dal, 'small')).toBe(false);
});

test('Ctrl-C ends a hook on a machine with all its processes', async () => {
  const current = await served(dal, host);
  project.commit('Interrupted in its hook');
  await on(dal, 'touch /home/deploy/pre-deploy-waits');
  const run = await deploy('deploy --json', {
    onEvent(event, child) {
      // Once: a second one would leave at once, lock and all.
      const isAtWork = event.type === 'output' && event.host === dal.address && event.line.startsWith('mode');
      if (isAtWork) setTimeout(() => child.kill('SIGINT'), 200);
    },
  });
  await on(dal, 'rm /home/deploy/pre-deploy-waits');
  expect(run, run.output).toMatchObject({ status: 130 });
  expect(run.seconds).toBeLessThan(20);
  expect(run.stderr).not.toContain('The lock was not given back');
  expect(run.output).toContain('status 130, lock true');
  expect(await on(dal, `pgrep -f '[s]leep 61.5' || echo none`)).toBe('none');
  expect(await on(dal, `find /home/deploy/.kamal -name 'run.*'`)).toBe('');
  expect(await served(dal, host)).toBe(current);
  expect(await lockIsHeld(dal, 'small')).toBe(false);
});

test('without a deploy-failed hook, exit 6 names the machine whose pre-deploy remains; its note is gone', async () => {
  const current = await served(dal, host);
  const hook = '.kamal/hooks/deploy-failed';
  const kept = readFileSync(join(project.directory, hook), 'utf8');
  project.commit('Nobody takes it back', { [hook]: null });
  await on(dal, 'touch /home/deploy/pre-deploy-fails');
  const run = await deploy('deploy');
  await on(dal, 'rm /home/deploy/pre-deploy-fails');
  project.commit('Somebody does', { [hook]: kept });
  expect(run, run.output).toMatchObject({ status: 6 });
  expect(run.stderr).toContain(`as before; what the pre-deploy hook did on ${dal.address} remains`);
  expect(await served(dal, host)).toBe(current);
  expect(await on(dal, 'ls /home/deploy/.kamal/*unfinished* 2>/dev/null || echo none')).toBe('none');
});

test('a failing post-deploy hook reverts nothing, and is exit 6', async () => {
  const version = project.commit('Live all the same', { 'post-deploy-fails': '' });
  const run = await deploy('deploy');
  project.commit('Mended', { 'post-deploy-fails': null });
  expect(run, run.output).toMatchObject({ status: 6 });
  expect(run.stderr).toContain('post-deploy');
  expect(await Promise.all(machines.map((one) => served(one, host)))).toEqual([version, version]);
  expect(await lockIsHeld(dal, 'small')).toBe(false);
});

test('three deploys at once: each is told its place, and they deploy in the order in which they came', async () => {
  const current = await served(dal, host);
  const version = project.commit('Waited for');
  await on(dal, 'touch /home/deploy/pre-deploy-stays');
  const ended: string[] = [];
  /** Resolves when an event of the run says so. */
  const start = (name: string, words: string, says: (text: string) => boolean) => {
    let said: () => void = () => undefined;
    const isThere = new Promise<void>((resolve) => (said = resolve));
    const onEvent = (event: Ended['events'][number]) => {
      const text = event.type === 'note' ? event.text : event.type === 'output' ? event.line : '';
      if (says(text)) said();
    };
    const run = deploy(`${words} --json`, { onEvent }).then((done) => {
      ended.push(name);
      said();
      return done;
    });
    return { run, isThere };
  };
  const wait = '--lock-wait --lock-wait-interval 1';
  const first = start('first', 'deploy', (text) => text.includes(`on ${dal.address}, for ${version}`));
  await first.isThere;
  const back = `deploy --skip-push --version ${current} ${wait}`;
  const second = start('second', back, (text) => text.startsWith('1st in line'));
  await second.isThere;
  const third = start('third', `deploy ${wait}`, (text) => text.startsWith('2nd in line'));
  await third.isThere;
  const refused = await deploy('deploy --skip-push');
  await on(dal, 'rm /home/deploy/pre-deploy-stays');
  const runs = await Promise.all([first.run, second.run, third.run]);
  expect(
    runs.map(({ status }) => status),
    runs.map(({ output }) => output).join('\n'),
  ).toEqual([0, 0, 0]);
  expect(ended).toEqual(['first', 'second', 'third']);
  const behind = `for the lock on ${dal.address}, behind .+ deploying ${version.slice(0, 7)} since`;
  expect(runs[1]?.output).toMatch(new RegExp(`1st in line ${behind} \\d+ s`));
  expect(runs[2]?.output).toMatch(new RegExp(`2nd in line ${behind} \\d+ s; next is .+ with ${current.slice(0, 7)}`));
  expect(refused, refused.output).toMatchObject({ status: 4 });
  expect(await served(dal, host)).toBe(version);
  expect(await on(dal, 'ls -A /home/deploy/.kamal/longshore/small/line')).toBe('');
});

test('what a hook calls acts under the lock of its deploy, and leaves it there', async () => {
  project.commit('Hooked by itself');
  const nested = `${process.execPath} ${join(inject('longshore'), 'bin/run.js')} server bootstrap --skip-hooks`;
  const run = await deploy('deploy', { env: { NESTED: nested } });
  expect(run, run.output).toMatchObject({ status: 0 });
  expect(run.output).toContain('pre-app-boot] | server bootstrap small');
  expect(run.output).not.toMatch(/is held|KAMAL_LOCK/);
  expect(readFileSync(log, 'utf8')).toMatch(/KAMAL_LOCK=true/);
  expect(await lockIsHeld(dal, 'small')).toBe(false);
});

test('--skip-hooks runs none of them; a KAMAL_LOCK that somebody exported is not believed', async () => {
  const before = readFileSync(log, 'utf8');
  const version = project.commit('Without hooks');
  const run = await deploy('deploy --skip-hooks', { env: { KAMAL_LOCK: 'true' } });
  expect(run, run.output).toMatchObject({ status: 0 });
  expect(run.output).toContain('KAMAL_LOCK=true is set here');
  expect(run.output).not.toContain('pre-deploy');
  expect(readFileSync(log, 'utf8')).toBe(before);
  expect(await served(chi, host)).toBe(version);
});
