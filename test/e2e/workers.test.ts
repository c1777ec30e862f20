import type { ChildProcess } from 'node:child_process';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { DeployResult } from '../../src/report/results.ts';
import { type Ended, makeProject, type Project, type TimedEvent } from './harness.ts';
import { chi, dal, emptyMachines, type Machine, on, running } from './machines.ts';
import { done, emptyQueue, enqueue, queue, rolesOn, secondsUntilDone, withRoles } from './queue.ts';

/**
 * A worker that takes jobs from a directory, and a clock of which two must never run, beside web on two machines; on the other one two
 * whose health is asked for at a port.
 */

let project: Project;
let [current, next, unwell, wrong] = ['', '', '', ''];

beforeAll(async () => {
  await emptyMachines(dal, chi);
  await emptyQueue();
  project = makeProject('test/apps/small', {
    'config/deploy.yml': withRoles(rolesOn(dal, 'overlap: none')),
  });
  const build = async (message: string, behaviour: string) => {
    const version = project.commit(message, { behaviour });
    expect(await project.longshore('build push')).toMatchObject({ status: 0 });
    return version;
  };
  unwell = await build('No worker is healthy', 'worker:wrong side:silent');
  wrong = await build('Web is healthy, but wrong', 'web:nologin');
  next = await build('Two', '');
  current = await build('One', '');
  const setup = await project.longshore(`setup --skip-push --version ${current}`);
  expect(setup, setup.output).toMatchObject({ status: 0 });
});
afterEach(async () => {
  expect(await on(dal, `cat ${queue}/overlaps 2>/dev/null || true`)).toBe('');
});
afterAll(async () => {
  await on(dal, `rm -rf ${queue}`);
  project.remove();
});

/** Lets the lease of a dead run end, and the next deploy finish what it left. */
async function deployFinishes(version: string): Promise<void> {
  await on(dal, `cd /home/deploy/.kamal/lock-small 2>/dev/null && sed -i '3s/.*/1/' longshore-lease || true`);
  const deploy = await project.longshore(`deploy --skip-push --version ${version}`);
  expect(deploy, deploy.output).toMatchObject({ status: 0 });
  await onlyRuns(version);
  const plan = await project.longshore(`plan --json --version ${version}`);
  expect(JSON.parse(plan.stdout), plan.stdout).toMatchObject({ nothingToDo: true });
}

async function onlyRuns(version: string): Promise<void> {
  expect(await running(dal, 'small')).toEqual(['clock', 'jobs', 'web'].map((role) => `small-${role}-${version}`));
  expect(await on(dal, 'ls /home/deploy/.kamal/apps/small/watched')).toBe('');
}

/** Deploys `next`, and does something when a moment has come. */
async function deployed(
  version: string,
  is: (event: TimedEvent) => boolean,
  act: (child: ChildProcess) => void,
): Promise<Ended> {
  let isDone = false;
  const ended = await project.longshore(`deploy --json --skip-push --version ${version}`, {
    onEvent(event, child) {
      if (isDone || !is(event)) return;
      isDone = true;
      act(child);
    },
  });
  expect(isDone, ended.output).toBe(true);
  return ended;
}

const step = (type: 'step-started' | 'step-ended', kind: string, role: string) => (event: TimedEvent) =>
  event.type === type && event.step.kind === kind && event.role === role;

test('a deploy under jobs: each is done once, none is begun by a worker that is quiet, and two clocks never run', async () => {
  const names = [await enqueue(2500)];
  let isOver = false;
  const flow = (async () => {
    while (!isOver) names.push(await enqueue(20));
  })();
  const deploy = await project.longshore(`deploy --json --skip-push --version ${next}`);
  isOver = true;
  await flow;
  expect(deploy, deploy.output).toMatchObject({ status: 0 });
  await secondsUntilDone(names.at(-1) ?? '');
  expect((await done()).toSorted()).toEqual(names.toSorted());
  const order = deploy.events.flatMap((event) =>
    event.type === 'step-ended' && ['jobs', 'clock'].includes(event.role ?? '')
      ? [`${event.role} ${event.step.kind}`]
      : [],
  );
  const of = (role: string) => order.filter((line) => line.startsWith(role)).map((line) => line.slice(role.length + 1));
  expect(of('jobs').slice(1)).toEqual([
    ...[
      'create-container',
      'quiet-container',
      'start-container',
      'wait-until-healthy',
      'wait-until-drained',
      'stop-container',
    ],
  ]);
  expect(of('clock').slice(1)).toEqual([
    ...['create-container', 'watch-container', 'stop-container', 'start-container', 'wait-until-ready', 'end-watch'],
  ]);
  expect(deploy.events.filter(({ type }) => type === 'warning')).toEqual([]);
  await onlyRuns(next);
  [current, next] = [next, current];
});

const sawQuiet = (ended: Ended) => ended.events.some(step('step-ended', 'quiet-container', 'jobs'));

test('a worker whose health check fails (a command, a request, a port) takes no place: the old one works again', async () => {
  const failed = await project.longshore(`deploy --json --skip-push --version ${unwell}`);
  expect(failed, failed.output).toMatchObject({ status: 5 });
  expect(sawQuiet(failed)).toBe(true);
  for (const role of ['jobs', 'pages', 'socket'])
    expect(failed.stderr).toMatch(new RegExp(`${role}.* was not healthy within`));
  expect(await secondsUntilDone(await enqueue(10))).toBeLessThan(10);
  await onlyRuns(current);
});

test('a smoke check that fails after the worker was quieted: held, the old one works again', async () => {
  const held = await project.longshore(`deploy --json --skip-push --on-failure hold --version ${wrong}`);
  expect(held, held.output).toMatchObject({ status: 5 });
  expect(held.stdout).toContain('is held (--on-failure hold): everything serves as before');
  expect(sawQuiet(held)).toBe(true);
  expect(held.stderr).toContain('the answer was 500, not 200 to 299');
  expect(await secondsUntilDone(await enqueue(10))).toBeLessThan(10);
  await onlyRuns(current);
});

const deaths = [
  { when: 'the worker was quieted', is: step('step-ended', 'quiet-container', 'jobs') },
  { when: 'its jobs are waited for', is: step('step-started', 'wait-until-drained', 'jobs') },
  { when: 'the old clock has stopped', is: step('step-ended', 'stop-container', 'clock') },
];
test.each(deaths)('kill -9 when $when: a job that comes then is done within 10 s, and a clock runs', async ({ is }) => {
  const long = await enqueue(1500);
  const dead = await deployed(next, is, (child) => child.kill('SIGKILL'));
  expect(dead.status).toBe(137);
  expect(await secondsUntilDone(await enqueue(10))).toBeLessThan(10);
  expect((await done()).filter((name) => name === long)).toHaveLength(1);
  await on(
    dal,
    `for turn in $(seq 100); do docker ps --format '{{.Names}}' | grep -q small-clock && exit; sleep 0.1; done; exit 1`,
  );
  await deployFinishes(next);
  [current, next] = [next, current];
});

test('a run that is stopped leaves the worker quiet no longer than a lease, and gives up when it goes on', async () => {
  const long = await enqueue(500);
  const { run, frozen } = await new Promise<{ run: Promise<Ended>; frozen: ChildProcess }>((resolve, reject) => {
    const run = deployed(next, step('step-ended', 'quiet-container', 'jobs'), (child) => {
      child.kill('SIGSTOP');
      resolve({ run, frozen: child });
    });
    run.catch(reject);
  });
  try {
    await secondsUntilDone(long);
    expect(await secondsUntilDone(await enqueue(10))).toBeLessThan(15 + 10);
  } finally {
    frozen.kill('SIGCONT');
  }
  const ended = await run;
  expect([4, 5], ended.output).toContain(ended.status);
  await onlyRuns(current);
  expect(await secondsUntilDone(await enqueue(10))).toBeLessThan(10);
});

test('jobs that are cut off are told, in the result too', async () => {
  const job = await enqueue(60_000);
  await on(dal, `until ls ${queue}/taken/${job}.* >/dev/null 2>&1; do sleep 0.1; done`);
  const deploy = await project.longshore(`deploy --json --skip-push --version ${next}`);
  expect(deploy, deploy.output).toMatchObject({ status: 0 });
  expect(deploy.events.flatMap((event) => (event.type === 'warning' ? [event.text] : []))).toEqual([
    expect.stringContaining('was not drained within 4 s (1 in flight)'),
    expect.stringContaining('had to be killed after 2 s'),
  ]);
  expect((JSON.parse(deploy.stdout) as DeployResult).cutOff).toEqual([
    expect.objectContaining({ host: dal.address, role: 'jobs', said: '1 in flight' }),
  ]);
  expect(await on(dal, `ps -eo args | grep -c '[t]imeout 15 sh -c read' || true`)).toBe('0');
  [current, next] = [next, current];
});

test('a rollback quiets what it replaces', async () => {
  const long = await enqueue(1500);
  const back = await project.longshore(`rollback --json ${next}`);
  expect(back, back.output).toMatchObject({ status: 0 });
  expect(sawQuiet(back)).toBe(true);
  await onlyRuns(next);
  expect((await done()).filter((name) => name === long)).toHaveLength(1);
  [current, next] = [next, current];
});

test('a worker and a singleton move to another machine: the one is drained, the other stops before it starts there', async () => {
  project.commit('Move', { 'config/deploy.yml': withRoles(rolesOn(chi, 'singleton: true')) });
  const long = await enqueue(1500);
  const move = await project.longshore(`deploy --json --skip-push --version ${next}`);
  expect(move, move.output).toMatchObject({ status: 0 });
  const at = (machine: Machine, kind: string, role: string, type: 'step-started' | 'step-ended') =>
    move.events.findIndex(
      (event) => step(type, kind, role)(event) && 'host' in event && event.host === machine.address,
    );
  const orders = [
    [at(dal, 'quiet-container', 'jobs', 'step-ended'), at(chi, 'start-container', 'jobs', 'step-started')],
    [at(dal, 'wait-until-drained', 'jobs', 'step-ended'), at(dal, 'stop-container', 'jobs', 'step-started')],
    [at(dal, 'stop-container', 'clock', 'step-ended'), at(chi, 'start-container', 'clock', 'step-started')],
  ] as const;
  for (const [before, after] of orders) {
    expect(before).toBeGreaterThan(0);
    expect(after).toBeGreaterThan(before);
  }
  expect(await running(dal, 'small')).toEqual([`small-web-${next}`]);
  expect(await running(chi, 'small')).toEqual(
    ['clock', 'jobs', 'pages', 'socket', 'web'].map((role) => `small-${role}-${next}`),
  );
  expect((await done()).filter((name) => name === long)).toHaveLength(1);
});
