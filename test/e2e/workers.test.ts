import type { ChildProcess } from 'node:child_process';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { DeployResult } from '../../src/report/results.ts';
import { type Ended, makeProject, type Project, type TimedEvent } from './harness.ts';
import { chi, dal, emptyMachines, on, running } from './machines.ts';

/** A worker that takes jobs from a directory, and a clock of which two must never run, beside web on two machines. */

const queue = '/srv/small-jobs';
let project: Project;
let [current, next, broken] = ['', '', ''];
let count = 0;

const roles = `servers:
  web: [${dal.address}, ${chi.address}]
  jobs:
    hosts: [${dal.address}]
    cmd: jobs
  clock:
    hosts: [${dal.address}]
    cmd: clock
volumes: ["${queue}:/jobs"]
x-longshore:
  servers:
    jobs:
      quiet: {signal: TSTP, drained: /small drained, timeout: 4}
      stop_timeout: 2
      stop_signal: TERM
    clock:
      overlap: none
      stop_timeout: 2
`;

beforeAll(async () => {
  await emptyMachines(dal, chi);
  await emptyQueue();
  project = makeProject('test/apps/small', {
    'config/deploy.yml': (text) => text.replace(/^servers:[^]*?(?=^registry:)/m, roles),
  });
  const build = async (message: string, behaviour: string) => {
    const version = project.commit(message, { behaviour });
    expect(await project.longshore('build push')).toMatchObject({ status: 0 });
    return version;
  };
  broken = await build('Web is not healthy', 'web:unhealthy');
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

async function emptyQueue(): Promise<void> {
  await on(dal, `rm -rf ${queue}; mkdir -p ${queue}/new ${queue}/taken`);
}

/** @returns its name */
async function enqueue(milliseconds: number): Promise<string> {
  const name = `job${(count += 1)}`;
  await on(dal, `echo ${milliseconds} >${queue}/.${name}; mv ${queue}/.${name} ${queue}/new/${name}`);
  return name;
}

/** Seconds from now until a job is done. */
async function secondsUntilDone(name: string): Promise<number> {
  const started = Date.now();
  await on(
    dal,
    `for turn in $(seq 600); do grep -q '^${name} ' ${queue}/done 2>/dev/null && exit; sleep 0.1; done; exit 1`,
  );
  return (Date.now() - started) / 1000;
}

/** The names of the jobs that were done, each as often as it was. */
async function done(): Promise<string[]> {
  return (await on(dal, `cut -d ' ' -f 1 ${queue}/done`)).split('\n');
}

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
      'wait-until-ready',
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

test('a deploy that fails after the worker was quieted puts it back to work', async () => {
  let quietSince = '';
  const failed = await deployed(broken, step('step-ended', 'quiet-container', 'jobs'), () => (quietSince = 'seen'));
  expect(failed, failed.output).toMatchObject({ status: 5 });
  expect(quietSince).toBe('seen');
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
  let frozen: ChildProcess | undefined;
  const long = await enqueue(500);
  const run = deployed(next, step('step-ended', 'quiet-container', 'jobs'), (child) => {
    frozen = child;
    child.kill('SIGSTOP');
  });
  while (frozen === undefined) await new Promise((resolve) => void setTimeout(resolve, 50));
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
