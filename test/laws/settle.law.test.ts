import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { watchedDirectory } from '../../src/containers/names.ts';
import { inVirtualTime } from '../fakes/virtual-time.ts';
import { both, failing, killed, notes, type Told, yaml } from './hooked.ts';
import { listen, stopListening, worldOn, type World } from './world.ts';

/** What a dead run left is mended first, whatever the command is that takes its lock over. */

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** By the first call that changes something there, the dead run's hooks have run on both machines. */
async function isFirst(what: (world: World) => Promise<{ exitStatus: number }>, world: World, told: Told[]) {
  const early: string[] = [];
  listen(world, ({ name, moment }, machine) => {
    const isHook = name === 'runScript' || name === 'writeFile';
    if (moment === 'before' && failing(told).length < 2 && !isHook && !/Lock$|^enlist$/.test(name))
      early.push(`${machine.name}: ${name}`);
  });
  const ended = await what(world);
  stopListening(world);
  expect(early).toEqual([]);
  expect(failing(told).map(({ host, isLocked }) => [host, isLocked])).toEqual([
    ['one', true],
    ['two', true],
  ]);
  expect(told[0]?.hook).toBe('deploy-failed');
  expect(notes(world)).toEqual([]);
  return ended;
}

test('setup, and a command about accessories on one of the machines, run the deploy-failed of a run that was killed first, too', () =>
  inVirtualTime(async () => {
    for (const way of ['setup', 'accessory'] as const) {
      const { world: before, told } = await killed();
      const world = worldOn(before, `${yaml}accessories: {db: {image: registry.test:5000/db:1, host: two}}\n`);
      before.registry.push('registry.test:5000/db:1');
      const work = () =>
        way === 'setup'
          ? world.deploy('v2', { command: 'setup', hooks: both })
          : world.accessory('boot', ['db'], { hooks: both });
      expect((await isFirst(work, world, told)).exitStatus).toBe(0);
    }
  }));

test('what a run that was killed left is mended also by a command that is then refused, or has nothing to do', () =>
  inVirtualTime(async () => {
    for (const way of ['full disk', 'full disk at setup', 'already there'] as const) {
      const { world, told } = await killed();
      const [, two] = [...world.machines.values()];
      if (way !== 'already there' && two !== undefined) two.freeBytes = 1;
      const command = way === 'full disk at setup' ? 'setup' : 'deploy';
      const work = () => world.deploy(way === 'already there' ? 'v1' : 'bad', { hooks: both, command });
      expect((await isFirst(work, world, told)).exitStatus).toBe(way === 'already there' ? 0 : 3);
      expect(world.machines.get('one')?.locks.size).toBe(0);
    }
  }));

test.each([
  { how: 'goes on', calls: ['two: watch.wake', 'secrets', 'one: docker.pullImage'], exitStatus: 0 },
  { how: 'is interrupted meanwhile', calls: ['two: watch.wake'], exitStatus: 130 },
])(
  'a worker that nobody woke, as its machine restarted, works again before a command about accessories $how',
  (wanted) =>
    inVirtualTime(async () => {
      const { world: before } = await killed();
      const world = worldOn(before, `${yaml}accessories: {db: {image: registry.test:5000/db:1, host: one}}\n`);
      before.registry.push('registry.test:5000/db:1');
      const two = world.machines.get('two');
      const worker = [...(two?.containers.values() ?? [])].find(({ name }) => name === 'shop-worker-v1');
      const marker = {
        directory: watchedDirectory(world.config),
        container: worker?.id,
        state: 'quiet',
        token: 'gone',
      };
      const file = { content: JSON.stringify(marker), mode: '644' };
      two?.directories.add(marker.directory);
      two?.files.set(`${marker.directory}/${worker?.id}.quiet.gone`, file);
      const calls: string[] = [];
      const stop = new AbortController();
      listen(world, ({ name, moment }, machine) => {
        if (moment === 'before' && /^(watch|docker)\./.test(name)) calls.push(`${machine.name}: ${name}`);
        if (moment === 'before' && name === 'watch.wake' && wanted.exitStatus !== 0) stop.abort();
      });
      // Without hooks, so that only the worker is to be mended.
      const onSecretsForDeadRun = () => void calls.push('secrets');
      const ended = await world.accessory('boot', ['db'], { onSecretsForDeadRun, signal: stop.signal });
      expect(ended.exitStatus).toBe(wanted.exitStatus);
      stopListening(world);
      expect(calls.slice(0, 3)).toEqual(wanted.calls);
      expect([...(two?.files.keys() ?? [])].filter((path) => path.includes('/watched/'))).toEqual([]);
    }),
);
