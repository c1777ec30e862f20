import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { DeployResult } from '../../src/report/results.ts';
import { inVirtualTime } from '../fakes/virtual-time.ts';
import { listen, makeWorld, stopListening, twoMachines, type World } from './world.ts';

/** What quiet workers come to beside the other phases of a run. */

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const worker =
  'worker: {hosts: [one, two], quiet: {signal: TSTP, drained: drained, timeout: 20}, smoke: [{cmd: check}]}';

/** With v1 and v2 deployed, v3 in the registry. `check` fails in what `fails` matches. */
async function atV2(fails = /nothing/): Promise<World> {
  const world = makeWorld(twoMachines.replace(/^servers: .*$/m, `servers: {web: [one], ${worker}}`));
  for (const version of ['v1', 'v2', 'v3']) world.push(version);
  for (const machine of world.machines.values())
    machine.onExec = (container, [word]) => (word === 'check' && fails.test(`${machine.name} ${container}`) ? 3 : 0);
  expect((await world.deploy('v1', { command: 'setup' })).failure).toBeUndefined();
  expect((await world.deploy('v2')).failure).toBeUndefined();
  return world;
}

/** Workers as they are afterwards, and what was done to them, `machine call container`. */
async function told(world: World, run: () => Promise<{ exitStatus: number }>) {
  const done: string[] = [];
  listen(world, ({ name, args, moment }, machine) => {
    if (moment === 'before') return;
    const [id, words] = args as [string, string[]];
    const { name: container = '' } = [...machine.containers.values()].find((one) => one.id === id) ?? {};
    const call = name === 'execInContainer' ? words[0] : name.replace('docker.', '');
    if (container.includes('worker')) done.push(`${machine.name} ${call} ${container.replace('shop-worker-', '')}`);
  });
  const { exitStatus } = await run();
  stopListening(world);
  const workers = [...world.machines.values()].flatMap(({ name: host, containers }) =>
    [...containers.values()]
      .filter(({ name, state }) => state === 'running' && name.includes('worker'))
      .map(({ name, quietSince }) => `${host} ${name.replace('shop-worker-', '')}${quietSince ? ', quiet' : ''}`),
  );
  const files = [...world.machines.values()].flatMap((machine) =>
    [...machine.files.keys()].filter((path) => path.includes('/watched/')),
  );
  return { exitStatus, done, workers, files };
}

test('a smoke check that fails after workers were quieted: they work again', () =>
  inVirtualTime(async () => {
    const world = await atV2(/two .*-v3/);
    const { done, ...rest } = await told(world, () => world.deploy('v3'));
    expect(done).toContain('one signalContainer v2');
    expect(done).toContain('two check v3');
    expect(rest).toEqual({ exitStatus: 5, workers: ['one v2', 'two v2'], files: [] });
  }));

test('held after workers were quieted: the old one works again where the new one failed, and is drained where it did not', () =>
  inVirtualTime(async () => {
    const world = await atV2(/two .*-v3/);
    const { done, ...rest } = await told(world, () => world.deploy('v3', { onFailure: 'hold' }));
    expect(rest).toEqual({ exitStatus: 6, workers: ['one v3', 'two v2'], files: [] });
    const last = done.filter((line) => /^one .* v2$/.test(line));
    expect(last).toEqual(['one signalContainer v2', 'one drained v2', 'one stopContainer v2']);
  }));

test('a rollback quiets what it replaces', () =>
  inVirtualTime(async () => {
    const world = await atV2();
    const { done, ...rest } = await told(world, () => world.rollback('v1'));
    for (const machine of ['one', 'two'])
      expect(done.filter((line) => line.startsWith(machine) && line.endsWith('v2'))).toEqual(
        ['signalContainer', 'drained', 'stopContainer'].map((call) => `${machine} ${call} v2`),
      );
    expect(rest).toEqual({ exitStatus: 0, workers: ['one v1', 'two v1'], files: [] });
  }));

test('the result says how long each phase took, which together is all of it', () =>
  inVirtualTime(async () => {
    const world = await atV2();
    const { result } = await world.deploy('v3');
    const { seconds, phases = {} } = result as DeployResult;
    expect(Object.keys(phases)).toEqual(['preflight', 'pull', 'quiet', 'swap', 'smoke', 'retire']);
    expect(Object.values(phases).reduce((sum, one) => sum + one, 0)).toBeCloseTo(seconds);
    expect(phases.swap).toBeGreaterThanOrEqual(2);
    expect((await world.deploy('v3')).result).not.toHaveProperty('phases');
  }));
