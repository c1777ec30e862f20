import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { inVirtualTime } from '../fakes/virtual-time.ts';
import { listen, makeWorld, twoMachines, type World, worldOn } from '../laws/world.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const worker =
  'worker: {hosts: [two], cmd: work, stop_signal: INT, quiet: {signal: TSTP, drained: drained, timeout: 20}}';

function fileOf(roles: string): string {
  return `${twoMachines.replace(/^servers: .*$/m, `servers: {${roles}}`)}stop_timeout: 30\n`;
}

/** With v1 on the machines, and v2 in the registry. */
async function serving(roles: string): Promise<World> {
  const world = makeWorld(fileOf(roles));
  world.push('v1');
  world.push('v2');
  await world.deploy('v1', { command: 'setup' });
  return world;
}

async function stepsTo(world: World, ...names: string[]): Promise<string[]> {
  const lines = await world.plan('v2');
  return lines.filter((line) => names.some((name) => line.includes(`shop-${name}-`)) && !line.includes(' create '));
}

describe('what a deploy does about containers that it replaces', () => {
  test('no new jobs right before the swap; jobs are finished once the new one is ready, then the old one stops', () =>
    inVirtualTime(async () => {
      const world = await serving(`web: [one], ${worker}`);
      expect(await stepsTo(world, 'web', 'worker')).toEqual([
        'two: quiet shop-worker-v1 by TSTP (it is about to be replaced)',
        'one: start shop-web-v2 (v2 is not on this host)',
        'one: send shop-web to shop-web-v2 once healthy (traffic goes to shop-web-v1)',
        'two: start shop-worker-v2 (v2 is not on this host)',
        'two: wait until shop-worker-v2 is ready (the role has no traffic whose health check would tell)',
        'one: see that shop-web-v2 still runs (it was healthy a moment ago)',
        'one: stop shop-web-v1 (replaced by v2)',
        'two: wait until shop-worker-v1 is drained, 20 s at most (its jobs are finished first)',
        'two: stop shop-worker-v1 (replaced by v2)',
      ]);
    }));

  test('of a role that never overlaps the old one stops first, and the new one takes its place', () =>
    inVirtualTime(async () => {
      const world = await serving('web: [one], clock: {hosts: [two], overlap: none}');
      expect(await stepsTo(world, 'clock')).toEqual([
        'two: watch over shop-clock-v1 (it is started again should this deploy be cut off)',
        'two: stop shop-clock-v1 (two never run (overlap: none))',
        'two: start shop-clock-v2 (v2 is not on this host)',
        'two: wait until shop-clock-v2 is ready (the role has no traffic whose health check would tell)',
        'two: no longer watch over shop-clock-v1 (what runs in its place is ready)',
      ]);
    }));

  test('a singleton that moves stops on its old machine before it starts on the new one', () =>
    inVirtualTime(async () => {
      const before = await serving('web: [one, two], clock: {hosts: [one], singleton: true}');
      const world = worldOn(before, fileOf('web: [one, two], clock: {hosts: [two], singleton: true}'));
      expect(await stepsTo(world, 'clock')).toEqual([
        'one: watch over shop-clock-v1 (it is started again should this deploy be cut off)',
        'one: stop shop-clock-v1 (a singleton: its machine is two now)',
        'two: start shop-clock-v2 (v2 is not on this host)',
        'two: wait until shop-clock-v2 is ready (the role has no traffic whose health check would tell)',
        'one: remove shop-clock-v1 (clock is on two, not on one)',
      ]);
      expect((await world.deploy('v1')).failure).toBeUndefined();
      expect(world.running()).toEqual(['one shop-web-v1', 'two shop-clock-v1', 'two shop-web-v1']);
      expect(await world.plan('v1')).toEqual([]);
    }));

  test('a health check of its own, with traffic before the proxy’s', () =>
    inVirtualTime(async () => {
      const health = 'healthcheck: {cmd: ready, start_period: 1, retries: 1}';
      const world = await serving(`web: {hosts: [one], ${health}}, worker: {hosts: [two], ${health}}`);
      const waits = (await world.plan('v2')).filter((line) => /wait|send/.test(line));
      expect(waits.map((line) => line.replace(/ \(.*/, ''))).toEqual([
        'one: wait until shop-web-v2 is healthy',
        'one: send shop-web to shop-web-v2 once healthy',
        'two: wait until shop-worker-v2 is healthy',
      ]);
      world.push('v3', { kind: 'never-healthy' });
      const failed = await world.deploy('v3', { roles: ['worker'] });
      expect(failed.failure?.details.join()).toContain('was not healthy within 7 s: ready ended with status 1');
      world.push('v4', { kind: 'exits', afterSeconds: 0, exitStatus: 3 });
      const crashed = await world.deploy('v4', { roles: ['worker'] });
      expect(crashed.failure?.details.join()).toMatch(/shop-worker-v4 exited .*status 3/);
    }));

  test('what a dead run left quiet is put back to work first of all, whatever else there is to do', () =>
    inVirtualTime(async () => {
      const world = await serving(`web: [one], ${worker}`);
      const two = world.machines.get('two');
      const [old] = [...(two?.containers.values() ?? [])].filter(({ name }) => name === 'shop-worker-v1');
      two?.files.set(`.kamal/apps/shop/watched/${old?.id}.quiet.dead`, { content: '{"state":"quiet"}', mode: '644' });
      two?.directories.add('.kamal/apps/shop/watched');
      if (old !== undefined) old.quietSince = Date.now();
      const wake = 'two: put shop-worker-v1 back to work (a run that was cut off left it quiet)';
      expect(await world.plan('v1')).toEqual([wake]);
      expect((await world.plan('v2'))[0]).toBe(wake);
      expect((await world.deploy('v1')).failure).toBeUndefined();
      expect([old?.quietSince, old?.state]).toEqual([undefined, 'running']);
      expect(await world.plan('v1')).toEqual([]);
    }));

  test('what a dead run had watched of a container is put away once its successor runs', () =>
    inVirtualTime(async () => {
      const world = await serving('web: [one], clock: {hosts: [two], overlap: none}');
      await world.deploy('v2');
      const two = world.machines.get('two');
      const old = [...(two?.containers.values() ?? [])].find(({ name }) => name === 'shop-clock-v1');
      const file = `.kamal/apps/shop/watched/${old?.id}.working.dead`;
      two?.files.set(file, { content: '{"state":"working"}', mode: '644' });
      expect((await world.deploy('v2')).failure).toBeUndefined();
      expect(two?.files.has(file)).toBe(false);
      expect([old?.state, world.running()]).toEqual(['exited', ['one shop-web-v2', 'two shop-clock-v2']]);
    }));
});

describe('jobs that are cut off', () => {
  test('are told with what the role’s own command says of them, when the time is over or it had to be killed', () =>
    inVirtualTime(async () => {
      const world = await serving(`web: [one], ${worker}`);
      const two = world.machines.get('two');
      if (two !== undefined) Object.assign(two, { jobSeconds: 1000, stopStatus: 137 });
      const { events, failure, result } = await world.deploy('v2');
      expect(failure).toBeUndefined();
      expect(events.flatMap((event) => (event.type === 'warning' ? [event.text] : []))).toEqual([
        'two worker: shop-worker-v1 was not drained within 20 s (2 jobs in flight): it is stopped now',
        'two worker: shop-worker-v1 had to be killed after 30 s: jobs in flight were cut off',
      ]);
      expect(result).toMatchObject({
        cutOff: [
          {
            host: 'two',
            role: 'worker',
            container: 'shop-worker-v1',
            because: 'was not drained within 20 s, had to be killed after 30 s',
            said: '2 jobs in flight',
          },
        ],
      });
    }));

  test('no time is lost on jobs that are done', () =>
    inVirtualTime(async () => {
      const world = await serving(`web: [one], ${worker}`);
      const two = world.machines.get('two');
      if (two !== undefined) two.jobSeconds = 5;
      const asked: string[] = [];
      listen(world, ({ name, args, moment }) => {
        if (name === 'execInContainer' && moment === 'after') asked.push(String((args[1] as string[])[0]));
      });
      const { events, result } = await world.deploy('v2');
      expect(events.filter(({ type }) => type === 'warning')).toEqual([]);
      expect(result).not.toHaveProperty('cutOff');
      expect(asked.filter((word) => word === 'drained').length).toBeGreaterThan(1);
    }));
});
