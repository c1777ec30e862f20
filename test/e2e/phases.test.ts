import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Ended, makeProject, type Project } from './harness.ts';
import { chi, dal, emptyMachines, lockIsHeld, on, running, served } from './machines.ts';

const host = 'small.test';
let project: Project;

beforeAll(async () => {
  await emptyMachines(dal, chi);
  project = makeProject('test/apps/small', {
    'config/deploy.yml': (text) =>
      `${text.replace('    cmd: worker\n', '    cmd: worker\n    smoke: [{cmd: /small check}]\n')}
base_destination: production
volumes: [small-runs:/runs]
release: {cmd: migrate, timeout: 20, approve: production}
smoke: [{path: /login}]
`,
  });
  const setup = await project.longshore('setup --approve-release');
  expect(setup, setup.output).toMatchObject({ status: 0 });
});

afterAll(async () => {
  project.remove();
  await on(dal, 'docker volume rm -f small-runs >/dev/null 2>&1; :');
});

/** How often a version's command began, by its own count on the machine. */
async function runs(version: string): Promise<number> {
  const log = await on(dal, `sudo cat /var/lib/docker/volumes/small-runs/_data/log`);
  return log.split('\n').filter((line) => line === version).length;
}

const leftOver = () => on(dal, `docker ps -a --filter label=longshore.release --format '{{.Names}}'`);

function commit(what: string, behaviour = ''): string {
  return project.commit(what, { behaviour });
}

test('a release nobody approved stops with exit 3, before anything changes', async () => {
  const current = await served(dal, host);
  commit('Not approved');
  const run = await project.longshore('deploy');
  expect(run, run.output).toMatchObject({ status: 3 });
  expect(run.stderr).toContain('Nobody said yes to the release command migrate');
  expect(run.output).not.toContain('build and push');
  expect(await served(dal, host)).toBe(current);
});

test('it runs once in the new image, its log is kept without secrets, and a deploy or redeploy does not repeat it', async () => {
  const version = commit('Migrated');
  const run = await project.longshore('deploy --approve-release');
  expect(run, run.output).toMatchObject({ status: 0 });
  expect(run.output).toContain(`release] | migrating for ${version} with `);
  expect(run.output).toContain('release] | migrated');
  expect(run.output).not.toContain('small-key');
  expect(run.output).toMatch(/ask small-web-\w+ for http:\/\/small.test\/login .*: done/);
  expect(run.output).toMatch(/run \/small check in small-worker-\w+ .*: done/);
  const log = '/home/deploy/.kamal/apps/small/release-logs';
  expect(await on(dal, `stat -c %a ${log}/*-${version.slice(0, 12)}.log`)).toBe('600');
  const kept = await on(dal, `cat ${log}/*-${version.slice(0, 12)}.log`);
  expect(kept).toContain('migrated');
  expect(kept).not.toContain('small-key');
  for (const machine of [dal, chi]) {
    const records = await on(
      machine,
      `grep '"released"' /home/deploy/.kamal/small-releases.jsonl | grep -c ${version}`,
    );
    expect(records).toBe('1');
  }
  expect(await leftOver()).toBe('');
  const again = await project.longshore('redeploy --skip-push');
  expect(again, again.output).toMatchObject({ status: 0 });
  expect(await runs(version)).toBe(1);
  expect(await project.longshore('plan --check')).toMatchObject({ status: 0 });
});

test('one that fails leaves everything as it is, and shows what it said', async () => {
  const current = await served(dal, host);
  const before = await running(dal, 'small');
  const version = commit('Fails to migrate', 'migrate:fail');
  const run = await project.longshore('deploy --approve-release');
  expect(run, run.output).toMatchObject({ status: 3 });
  expect(run.stderr).toContain('the release command migrate ended with status 7');
  expect(run.stderr).toContain('a column is missing');
  expect(await running(dal, 'small')).toEqual(before);
  expect(await Promise.all([dal, chi].map((machine) => served(machine, host)))).toEqual([current, current]);
  expect([await runs(version), await leftOver()]).toEqual([1, '']);
});

test('killed while it runs, the next deploy waits for it and it has run once; nothing of Kamal’s finds its container', async () => {
  const version = commit('Killed', 'migrate:sleep=9000');
  const killed: Ended = await project.longshore('deploy --approve-release --json', {
    onEvent(event, child) {
      if (event.type === 'output' && event.line.startsWith('migrating for')) child.kill('SIGKILL');
    },
  });
  expect(killed.status).toBe(137);
  expect(await leftOver()).toBe(`small-web-release-${version}`);
  const byKamal = `docker ps -a --filter label=service=small --format '{{.Names}}'`;
  expect(await on(dal, byKamal)).not.toContain('release');
  const again = await project.longshore('deploy --approve-release');
  expect(again, again.output).toMatchObject({ status: 0 });
  expect([await runs(version), await leftOver()]).toEqual([1, '']);
  expect(await served(chi, host)).toBe(version);
});

test('a smoke check that fails, a request or a command, is a failed deploy: the old version serves on', async () => {
  const current = await served(dal, host);
  for (const [behaviour, said] of [
    ['web:nologin', 'the answer was 500, not 200 to 299'],
    ['worker:wrong', 'the queue is not there'],
  ] as const) {
    commit(`Fails its smoke: ${behaviour}`, behaviour);
    const run = await project.longshore('deploy --approve-release');
    expect(run, run.output).toMatchObject({ status: 5 });
    expect(run.stderr).toContain(said);
    expect(await Promise.all([dal, chi].map((machine) => served(machine, host)))).toEqual([current, current]);
    expect(await running(dal, 'small')).toEqual([`small-web-${current}`, `small-worker-${current}`]);
  }
  expect(await lockIsHeld(dal, 'small')).toBe(false);
});

test('after a command that said on_failure=hold, a deploy that fails is held, and the next one finishes', async () => {
  commit('Cannot go back', 'migrate:hold worker:wrong');
  const run = await project.longshore('deploy --approve-release');
  expect(run, run.output).toMatchObject({ status: 6 });
  expect(run.stderr).toContain('the release command migrate said on_failure=hold');
  const version = commit('Mended');
  const next = await project.longshore('deploy --approve-release');
  expect(next, next.output).toMatchObject({ status: 0 });
  expect(await Promise.all([dal, chi].map((machine) => served(machine, host)))).toEqual([version, version]);
});
