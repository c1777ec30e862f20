import type { ChildProcess } from 'node:child_process';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { PlanResult } from '../../src/pipeline.ts';
import { type Ended, makeProject, type Project, type TimedEvent } from './harness.ts';
import { ask, chi, dal, emptyMachines, on, running, served } from './machines.ts';

/** A deploy that is stopped for twice its lease, and finds that another one has finished meanwhile. */

const machines = [dal, chi];
const leaseSeconds = 15;
const destinations = ['health', 'drain', 'between'] as const;
type Destination = (typeof destinations)[number];
let project: Project;
let [current, stopped, finished] = ['', '', ''];

beforeAll(async () => {
  await emptyMachines(...machines);
  const files = destinations.flatMap((name) => [
    [`config/deploy.${name}.yml`, `proxy: {host: ${name}.test}\ndrain_timeout: 20\n`],
    [`.kamal/secrets.${name}`, 'REGISTRY_PASSWORD=$REGISTRY_PASSWORD\nSECRET_KEY=key\n'],
  ]);
  project = makeProject('test/apps/small', Object.fromEntries(files));
  for (const _ of [1, 2, 3]) {
    [current, stopped, finished] = [project.commit('Another version'), current, stopped];
    expect(await project.longshore('build push')).toMatchObject({ status: 0 });
  }
  for (const name of destinations) {
    const setup = await project.longshore(`setup -d ${name} --skip-push --version ${current}`);
    expect(setup, setup.output).toMatchObject({ status: 0 });
  }
});

afterAll(() => project.remove());

interface Outlived {
  /** Of the run that was stopped. */
  readonly status: number;
  readonly code: string;
  /** What is otherwise on the machines than before it went on. */
  readonly changes: readonly string[];
  readonly serves: readonly string[];
  readonly runs: readonly string[];
  readonly nothingToDo: boolean;
}

/** Deploys `stopped`, stops it some time after an event, deploys `finished`, and lets the first one go on. */
async function outlived(
  destination: Destination,
  moment: { is(event: TimedEvent): boolean; afterMilliseconds: number },
): Promise<Outlived> {
  let child: ChildProcess | undefined;
  let told: () => void = () => undefined;
  const isStopped = new Promise<void>((resolve) => (told = resolve));
  const running = project.longshore(`deploy -d ${destination} --json --skip-push --version ${stopped}`, {
    onEvent(event, it) {
      if (child !== undefined || !moment.is(event)) return;
      child = it;
      setTimeout(() => {
        it.kill('SIGSTOP');
        told();
      }, moment.afterMilliseconds);
    },
  });
  await Promise.race([isStopped, running.then((ended) => Promise.reject(new Error(`never stopped: ${ended.output}`)))]);
  const since = Date.now();
  try {
    const second = await project.longshore(`deploy -d ${destination} --skip-push --version ${finished}`);
    expect(second, second.output).toMatchObject({ status: 0 });
    expect(second.output).toContain('Taking over the lock');
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, since + 2 * leaseSeconds * 1000 - Date.now())));
    const before = await Promise.all(machines.map((one) => everythingOf(destination, one)));
    child?.kill('SIGCONT');
    const first = await running;
    const after = await Promise.all(machines.map((one) => everythingOf(destination, one)));
    const changes = after.flatMap((lines, index) => lines.filter((line) => !before[index]?.includes(line)));
    return { status: first.status, code: codeOf(first), changes, ...(await left(destination)) };
  } finally {
    child?.kill('SIGCONT');
  }
}

/** Containers, when they began and ended, images, routes, and when files were written. */
async function everythingOf(destination: Destination, machine: typeof dal): Promise<string[]> {
  const script = `docker ps -aq --no-trunc --filter label=destination=${destination} | xargs -r docker inspect --format '{{.Name}} {{.Id}} {{.State.Status}} {{.State.StartedAt}} {{.State.FinishedAt}}'
docker images --no-trunc --format '{{.Repository}}:{{.Tag}} {{.ID}}' | grep /small:
docker exec kamal-proxy kamal-proxy list | grep ${destination}
cd /home/deploy/.kamal && find . -path '*${destination}*' -printf '%p %s %T@\\n'`;
  return (await on(machine, script)).split('\n');
}

async function left(destination: Destination): Promise<Pick<Outlived, 'serves' | 'runs' | 'nothingToDo'>> {
  const [serves, names, plan] = await Promise.all([
    Promise.all(machines.map((one) => served(one, `${destination}.test`))),
    Promise.all(machines.map((one) => running(one, 'small'))),
    project.longshore(`plan -d ${destination} --json --version ${finished}`),
  ]);
  const { nothingToDo } = JSON.parse(plan.stdout) as PlanResult;
  return { serves, runs: names.flat().filter((name) => name.includes(destination)), nothingToDo };
}

function codeOf({ stdout }: Ended): string {
  return (JSON.parse(stdout) as { error: { code: string } }).error.code;
}

/** As if the one that was stopped had never gone on. */
const outlivedBy = (destination: Destination): Outlived => ({
  status: 4,
  code: 'lock-held',
  changes: [],
  serves: [finished, finished],
  runs: ['web', 'worker', 'web'].map((role) => `small-${role}-${destination}-${finished}`),
  nothingToDo: true,
});

const begins = (kind: string) => (event: TimedEvent) =>
  event.type === 'step-started' && event.step.kind === kind && event.host === dal.address;

test.concurrent('stopped in the health wait: it changes nothing more, and exits 4', async () => {
  const moment = { is: begins('send-traffic'), afterMilliseconds: 0 };
  expect(await outlived('health', moment)).toEqual(outlivedBy('health'));
});

test.concurrent(
  'stopped in the drain: it changes nothing more, exits 4, and the slow request is answered',
  async () => {
    let slow: Promise<unknown> | undefined;
    const from = { address: dal.loopback, port: 80, host: 'drain.test' };
    const question = { ...from, method: 'GET', path: '/?sleep=12000', silenceSeconds: 20 };
    const is = (event: TimedEvent) => {
      // Well before the switch, so that it is the old version's.
      if (begins('create-container')(event)) slow ??= ask(question);
      return begins('send-traffic')(event);
    };
    expect(await outlived('drain', { is, afterMilliseconds: 2000 })).toEqual(outlivedBy('drain'));
    expect(await slow).toMatchObject({ status: 200 });
  },
);

test.concurrent('stopped between two steps: it changes nothing more, and exits 4', async () => {
  const is = (event: TimedEvent) =>
    event.type === 'step-ended' && event.step.kind === 'create-container' && event.host === dal.address;
  expect(await outlived('between', { is, afterMilliseconds: 0 })).toEqual(outlivedBy('between'));
});
