import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Failure } from '../../src/errors.ts';
import { stopContainer, type FakeContainer } from '../fakes/containers.ts';
import { inVirtualTime } from '../fakes/virtual-time.ts';
import { listen, makeWorld, stopListening, twoMachines, type Ended, type World } from './world.ts';

/** What is said after a command for accessories that failed is true. */

const soon = 'healthcheck: {start_period: 2, retries: 1, timeout: 1}';
const yaml = `${twoMachines}accessories:
  search: {image: registry.test:5000/search:1, host: two, proxy: {host: search.example.com}, ${soon}}
  cache: {image: registry.test:5000/cache:1, host: one, port: "127.0.0.1:6379:6379", ${soon}}
`;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

async function booted(): Promise<World> {
  const world = makeWorld(yaml);
  for (const name of ['search', 'cache']) world.registry.push(`registry.test:5000/${name}:1`, {});
  expect((await world.accessory('boot', ['all'])).failure).toBeUndefined();
  return world;
}

const named = (world: World, name: string): FakeContainer => {
  const all = [...world.machines.values()].flatMap(({ containers }) => [...containers.values()]);
  return all.find((one) => one.name === name) ?? expect.fail(`no container ${name}`);
};

/** The first such call is refused. */
async function refusedAt(call: string, world: World, work: () => Promise<Ended>): Promise<Failure> {
  let isOver = false;
  listen(world, ({ name, moment }) => {
    if (isOver || name !== call || moment !== 'before') return;
    isOver = true;
    throw new Failure('engine-refused', `two: no ${call} today.`);
  });
  const { failure } = await work();
  stopListening(world);
  return failure ?? expect.fail(`${call} was not refused`);
}

const traffic = ['two shop-search shop-search'];

describe('what is said, and true, after', () => {
  it('a stop that failed: it runs, and has its route', () =>
    inVirtualTime(async () => {
      const world = await booted();
      const failure = await refusedAt('docker.stopContainer', world, () => world.accessory('stop', ['search']));
      expect(failure).toMatchObject({ exitStatus: 5, message: expect.stringContaining('everything runs as before') });
      expect(world.running()).toEqual(['one shop-cache', 'two shop-search']);
      expect(world.traffic()).toEqual(traffic);
    }));

  it('a stop of several of which one failed: all run, with their routes', () =>
    inVirtualTime(async () => {
      const world = await booted();
      listen(world, ({ name, moment }, machine) => {
        if (name !== 'docker.stopContainer' || moment !== 'before' || machine.name !== 'one') return;
        throw new Failure('engine-refused', 'one: not today.');
      });
      const { failure } = await world.accessory('stop', ['all']);
      expect(failure).toMatchObject({ exitStatus: 5, message: expect.stringContaining('everything runs as before') });
      expect(world.running()).toEqual(['one shop-cache', 'two shop-search']);
      expect(world.traffic()).toEqual(traffic);
    }));

  it('a start of one that stays unhealthy: it runs on', () =>
    inVirtualTime(async () => {
      const world = await booted();
      const cache = named(world, 'shop-cache');
      stopContainer(world.machines.get('one') ?? expect.fail('no machine'), cache);
      Object.assign(cache, { image: { ...cache.image, behaviour: { kind: 'deaf' } } });
      const { failure } = await world.accessory('start', ['cache']);
      expect(failure).toMatchObject({ exitStatus: 5, message: expect.stringContaining('what it started runs on') });
      expect(failure?.details).toContain('one: cache was started, nobody saw it healthy, and it runs on');
      expect(cache.state).toBe('running');
    }));

  it('a new one whose route was refused, and an old one that does not come back: how long it has been down', () =>
    inVirtualTime(async () => {
      const world = await booted();
      let starts = 0;
      listen(world, ({ name, moment, args }) => {
        const isRoute = name === 'execInContainer' && args.flat().includes('deploy');
        if (moment === 'before' && (isRoute || (name === 'docker.startContainer' && (starts += 1) > 1)))
          throw new Failure('engine-refused', 'two: not today.');
      });
      const { failure } = await world.accessory('reboot', ['search']);
      stopListening(world);
      expect(failure).toMatchObject({ exitStatus: 6 });
      expect(failure?.details).toContainEqual(expect.stringMatching(/^two: search is down since \d/));
      expect(failure?.details.join('\n')).not.toContain('was down for');
    }));

  it('a remove that failed before its container was gone: it runs, and has its route', () =>
    inVirtualTime(async () => {
      const world = await booted();
      const failure = await refusedAt('docker.removeContainer', world, () => world.accessory('remove', ['search']));
      expect(failure).toMatchObject({ exitStatus: 5, message: expect.stringContaining('everything runs as before') });
      expect(world.running()).toEqual(['one shop-cache', 'two shop-search']);
      expect(world.traffic()).toEqual(traffic);
    }));

  it('a remove that failed after that: it is gone, and typed again the rest goes', () =>
    inVirtualTime(async () => {
      const world = await booted();
      const failure = await refusedAt('removeDirectories', world, () => world.accessory('remove', ['search']));
      expect(failure).toMatchObject({ exitStatus: 5, message: expect.stringContaining('what was removed stays so') });
      expect(failure.details).toContain('two: search was removed, and stays so');
      expect(failure.details.join('\n')).not.toMatch(/replaced|does not run/);
      expect(world.running()).toEqual(['one shop-cache']);
      expect(await world.accessory('remove', ['search'])).toMatchObject({ exitStatus: 0 });
    }));
});
