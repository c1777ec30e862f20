import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { StatusResult } from '../../src/pipeline.ts';
import { type Ended, makeProject, type Project, type TimedEvent } from './harness.ts';
import { chi, dal, emptyMachines, lockIsHeld, type Machine, on, running, served } from './machines.ts';
import { type Relay, startRelays, throughRelays } from './relay.ts';

const host = 'small.test';
const machines = [dal, chi];

interface Moment {
  readonly when: string;
  is(event: TimedEvent): boolean;
  readonly isLast?: boolean;
}

/** Ten moments of a real deploy, in the order in which they come: where a step on one of the machines begins or has ended. */
const moments: readonly Moment[] = [
  { when: 'the plan is made', is: ({ type }) => type === 'plan-started' },
  stepMoment('the env file is written', 'step-started', 'write-env-file', dal),
  stepMoment('the second machine pulls', 'step-started', 'pull-image', chi),
  stepMoment('a container is created', 'step-started', 'create-container', dal),
  stepMoment('the new one is started', 'step-started', 'start-container', dal),
  stepMoment('traffic is switched', 'step-started', 'send-traffic', dal),
  stepMoment('the second machine has switched', 'step-ended', 'send-traffic', chi),
  stepMoment('the worker was started', 'step-ended', 'start-container', dal, 'worker'),
  { ...stepMoment('the old one is stopped', 'step-started', 'stop-container', dal), isLast: true },
  { ...stepMoment('the release is written down', 'step-started', 'record-release', dal), isLast: true },
];

function stepMoment(
  when: string,
  type: 'step-started' | 'step-ended',
  kind: string,
  where: Machine,
  role?: string,
): Moment {
  return {
    when,
    is: (event) =>
      event.type === type &&
      event.step.kind === kind &&
      event.host === where.address &&
      (role === undefined || event.role === role),
  };
}

let project: Project;
let relays: Relay[];
/** Two versions whose images are in the registry: what serves, and what is deployed next. */
let current: string;
let next: string;

beforeAll(async () => {
  await emptyMachines(...machines);
  relays = await startRelays(...machines);
  project = makeProject('test/apps/small', throughRelays(relays));
  next = project.commit('One');
  expect(await project.longshore('build push')).toMatchObject({ status: 0 });
  current = project.commit('Two');
  const setup = await project.longshore('setup');
  expect(setup, setup.output).toMatchObject({ status: 0 });
});

/** Set while the machines are as a finished deploy left them; a test that fails leaves them otherwise. */
let settled = true;

beforeEach(async () => {
  if (!settled) {
    await emptyMachines(...machines);
    expect(await project.longshore(`setup --skip-push --version ${current}`)).toMatchObject({ status: 0 });
  }
  settled = false;
});

afterAll(() => {
  for (const relay of relays) relay.stop();
  project.remove();
});

describe.each(moments)('cut off when $when', (moment) => {
  test('by kill -9: what serves goes on, and the next deploy finishes what was left', async () => {
    const dead = await interrupted(moment, (kill) => kill('SIGKILL'));
    expect(dead.status).toBe(137);
    await servesSomething();
    await letLeaseRunOut();
    await deployFinishes();
  });

  test('by Ctrl-C: exit 130, everything serves what it served, and the lock is given back', async () => {
    const stopped = await interrupted(moment, (kill) => kill('SIGINT'));
    // When the last steps of all had begun there was nothing left to interrupt.
    const isOver = stopped.status === 0 && moment.isLast === true;
    if (!isOver) expect(stopped, stopped.output).toMatchObject({ status: 130 });
    const serves = isOver ? next : current;
    if (isOver)
      for (const machine of machines)
        expect(await lastRelease(machine)).toMatchObject({ version: next, outcome: 'live' });
    expect(await Promise.all(machines.map((one) => served(one, host)))).toEqual([serves, serves]);
    expect(await everythingThatRuns()).toEqual(whatRunsAt(serves));
    expect(await lockIsHeld(dal, 'small')).toBe(false);
    await deployFinishes();
  });

  test('by a lost connection: the run goes on or says so, and the next deploy ends in the right state', async () => {
    const cut = await interrupted(moment, () => relays[0]?.cut());
    expect([0, 5, 6], cut.output).toContain(cut.status);
    await servesSomething();
    await deployFinishes();
  });
});

test('a machine that stays away: the others are brought back, exit 6, and a deploy mends it when the machine is there again', async () => {
  const lost = await interrupted(moments[5]!, () => relays[1]?.refuse());
  expect(lost, lost.output).toMatchObject({ status: 6 });
  expect(lost.stdout).toContain(chi.address);
  expect(await served(dal, host)).toBe(current);
  expect(await lockIsHeld(dal, 'small')).toBe(false);
  relays[1]?.allow();
  await deployFinishes();
});

/** Deploys `next` as onto machines that never had it, and does something at the given moment. */
async function interrupted(
  moment: Moment,
  act: (kill: (signal: 'SIGKILL' | 'SIGINT') => void) => unknown,
): Promise<Ended> {
  await forget(next);
  let done = false;
  const ended = await project.longshore(`deploy --json --skip-push --version ${next}`, {
    onEvent(event, child) {
      if (done || !moment.is(event)) return;
      done = true;
      act((signal) => child.kill(signal));
    },
  });
  expect(done, `${moment.when} never came:\n${ended.output}`).toBe(true);
  return ended;
}

async function deployFinishes(): Promise<void> {
  const deploy = await project.longshore(`deploy --skip-push --version ${next}`);
  expect(deploy, deploy.output).toMatchObject({ status: 0 });
  expect(await Promise.all(machines.map((one) => served(one, host)))).toEqual([next, next]);
  expect(await everythingThatRuns()).toEqual(whatRunsAt(next));
  const [plan, status] = await Promise.all([
    project.longshore(`plan --json --version ${next}`),
    project.longshore('status --json'),
  ]);
  expect(JSON.parse(plan.stdout)).toMatchObject({ nothingToDo: true });
  expect((JSON.parse(status.stdout) as StatusResult).lock).toBeUndefined();
  [current, next] = [next, current];
  settled = true;
}

async function servesSomething(): Promise<void> {
  const answers = await Promise.all(machines.map((one) => served(one, host)));
  for (const answer of answers) expect([current, next]).toContain(answer);
}

async function everythingThatRuns(): Promise<string[]> {
  return (await Promise.all(machines.map((one) => running(one, 'small')))).flat();
}

function whatRunsAt(version: string): string[] {
  return [`small-web-${version}`, `small-worker-${version}`, `small-web-${version}`];
}

async function lastRelease(machine: Machine): Promise<unknown> {
  return JSON.parse(await on(machine, 'tail -n 1 /home/deploy/.kamal/small-releases.jsonl'));
}

/** The story waits for a dead run's lease; here it is made old, if the run had taken the lock at all. */
async function letLeaseRunOut(): Promise<void> {
  await on(dal, `cd /home/deploy/.kamal/lock-small 2>/dev/null && sed -i '3s/.*/1/' longshore-lease || true`);
}

/** Every container and image of a version that does not serve. */
async function forget(version: string): Promise<void> {
  const script = `docker ps -aq --filter name=-${version} | xargs -r docker rm -fv >/dev/null; docker rmi registry.test:5000/small:${version} 2>/dev/null || true`;
  await Promise.all(machines.map((one) => on(one, script)));
}
