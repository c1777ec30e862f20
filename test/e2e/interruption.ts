import { afterAll, beforeAll, beforeEach, expect } from 'vitest';
import type { StatusResult } from '../../src/pipeline.ts';
import { type Ended, makeProject, type Project } from './harness.ts';
import { chi, dal, emptyMachines, on, running, served } from './machines.ts';
import { type Moment as RunMoment, step } from './moments.ts';
import { type Relay, startRelays, throughRelays } from './relay.ts';

/** Deploys that are cut off at ten moments, in three ways: a file for each, killed, stopped and disconnected. */

export const host = 'small.test';
export const machines = [dal, chi];

export interface Moment extends RunMoment {
  /** What comes after it is over at once: on a busy box before a signal arrives. */
  readonly isLast?: boolean;
}

/** Ten moments of a real deploy, in the order in which they come: where a step on one of the machines begins or has ended. */
export const moments: readonly Moment[] = [
  { when: 'the plan is made', is: ({ type }) => type === 'plan-started' },
  step('the env file is written', 'step-started', 'write-env-file', dal),
  step('the second machine pulls', 'step-started', 'pull-image', chi),
  step('a container is created', 'step-started', 'create-container', dal),
  step('the new one is started', 'step-started', 'start-container', dal),
  step('traffic is switched', 'step-started', 'send-traffic', dal),
  step('the second machine has switched', 'step-ended', 'send-traffic', chi),
  { ...step('the worker was started', 'step-ended', 'start-container', dal, 'worker'), isLast: true },
  { ...step('the old one is stopped', 'step-started', 'stop-container', dal), isLast: true },
  { ...step('the release is written down', 'step-started', 'record-release', dal), isLast: true },
];

/** Two machines on which a version serves, and another one that is deployed and cut off, again and again. */
export interface Victim {
  readonly relays: readonly Relay[];
  /** Both have their images in the registry: what serves, and what is deployed next. */
  readonly current: string;
  readonly next: string;
  /** Deploys `next` as onto machines that never had it, and does something at the given moment. */
  interrupted(moment: Moment, act: (kill: (signal: 'SIGKILL' | 'SIGINT') => void) => unknown): Promise<Ended>;
  /** Each machine answers with one version or the other. */
  servesSomething(): Promise<void>;
  /** A deploy of `next` ends in the right state, and is `current` from then on. */
  deployFinishes(): Promise<void>;
}

/** Made before the first test of a file, and put right before each. */
export function makeVictim(): Victim {
  let project: Project;
  let relays: Relay[];
  let current: string;
  let next: string;
  /** Set while the machines are as a finished deploy left them; a test that fails leaves them otherwise. */
  let settled = true;

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

  return {
    get relays() {
      return relays;
    },
    get current() {
      return current;
    },
    get next() {
      return next;
    },
    async interrupted(moment, act) {
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
    },
    async servesSomething() {
      const answers = await Promise.all(machines.map((one) => served(one, host)));
      for (const answer of answers) expect([current, next]).toContain(answer);
    },
    async deployFinishes() {
      const deploy = await project.longshore(`deploy --skip-push --version ${next}`);
      expect(deploy, deploy.output).toMatchObject({ status: 0 });
      await onlyServes(next);
      const [plan, status] = await Promise.all([
        project.longshore(`plan --json --version ${next}`),
        project.longshore('status --json'),
      ]);
      expect(JSON.parse(plan.stdout)).toMatchObject({ nothingToDo: true });
      expect((JSON.parse(status.stdout) as StatusResult).lock).toBeUndefined();
      [current, next] = [next, current];
      settled = true;
    },
  };
}

/** Every machine serves this version, and nothing else of the service runs. */
export async function onlyServes(version: string): Promise<void> {
  expect(await Promise.all(machines.map((one) => served(one, host)))).toEqual([version, version]);
  expect((await Promise.all(machines.map((one) => running(one, 'small')))).flat()).toEqual([
    `small-web-${version}`,
    `small-worker-${version}`,
    `small-web-${version}`,
  ]);
}

/** Every container and image of a version that does not serve. */
async function forget(version: string): Promise<void> {
  const script = `docker ps -aq --filter name=-${version} | xargs -r docker rm -fv >/dev/null; docker rmi registry.test:5000/small:${version} 2>/dev/null || true`;
  await Promise.all(machines.map((one) => on(one, script)));
}
