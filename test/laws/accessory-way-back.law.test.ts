import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { FakeContainer } from '../fakes/containers.ts';
import type { Behaviour } from '../fakes/images.ts';
import { inVirtualTime } from '../fakes/virtual-time.ts';
import { listen, makeWorld, twoMachines, type World } from './world.ts';

const soon = 'healthcheck: {start_period: 2, retries: 1, timeout: 1}';
const yaml = `${twoMachines}accessories:
  queue: {image: registry.test:5000/queue:1, host: two, ${soon}}
  cache: {image: registry.test:5000/cache:1, host: one, port: "127.0.0.1:6379:6379", ${soon}}
  db: {image: registry.test:5000/db:1, host: one, volumes: ["/srv/db:/data"], ${soon}}
`;
const deaf: Behaviour = { kind: 'deaf' };
const crashing: Behaviour = { kind: 'exits', afterSeconds: 0.1, exitStatus: 3 };

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

async function booted(): Promise<World> {
  const world = makeWorld(yaml);
  for (const name of ['queue', 'cache', 'db']) world.registry.push(`registry.test:5000/${name}:1`, {});
  for (const machine of world.machines.values()) machine.directories.add('/srv/db');
  expect((await world.accessory('boot', ['all'])).exitStatus).toBe(0);
  return world;
}

const move = (world: World, ...names: string[]) => {
  for (const name of names)
    world.registry.push(`registry.test:5000/${name}:1`, { behaviour: name === 'cache' ? deaf : crashing });
};
const containers = (world: World) => [...world.machines.values()].flatMap(({ containers }) => [...containers.values()]);
const named = (world: World, name: string) => containers(world).filter((one) => one.name.startsWith(`shop-${name}`));

/** From its stop on, what runs in this container is another behaviour's. */
function breaks(world: World, container: FakeContainer | undefined, behaviour: Behaviour): void {
  if (container === undefined) throw new Error('there is no such container');
  listen(world, ({ name, moment, args }) => {
    if (name === 'docker.stopContainer' && moment === 'after' && args[0] === container.id)
      Object.assign(container, { image: { ...container.image, behaviour } });
  });
}

describe('the way back of an accessory', () => {
  it.each([
    ['queue', crashing],
    ['cache', deaf],
  ] as const)(
    'is a matter for a person when the old container of %s does not get healthy, and both are kept',
    (name, behaviour) =>
      inVirtualTime(async () => {
        const world = await booted();
        const [old] = named(world, name);
        move(world, name);
        breaks(world, old, behaviour);
        const { failure } = await world.accessory('upgrade', [name]);
        expect(failure).toMatchObject({ exitStatus: 6 });
        expect(failure?.details.join('\n')).toMatch(new RegExp(`(one|two): ${name} is down since \\d+\\.\\d s`));
        expect(named(world, name)).toHaveLength(2);
        expect(named(world, name).find((one) => one.name === `shop-${name}`)).toBe(old);
      }),
  );

  it('says how long it was down', () =>
    inVirtualTime(async () => {
      const world = await booted();
      move(world, 'queue');
      const { failure } = await world.accessory('upgrade', ['queue']);
      expect(failure).toMatchObject({ exitStatus: 5 });
      expect(failure?.details.join('\n')).toMatch(/two: queue was down for \d+\.\d s/);
    }));

  it('is one too when a restart leaves a container that runs and is not healthy', () =>
    inVirtualTime(async () => {
      const world = await booted();
      breaks(world, named(world, 'cache')[0], deaf);
      expect((await world.accessory('restart', ['cache'])).failure).toMatchObject({ exitStatus: 6 });
    }));

  it('is walked to its end by the others when one does not come back', () =>
    inVirtualTime(async () => {
      const world = await booted();
      const before = named(world, 'queue').map(({ id }) => id);
      move(world, 'cache', 'queue');
      breaks(world, named(world, 'cache')[0], deaf);
      const { failure } = await world.accessory('upgrade', ['all'], { isParallel: true });
      expect(failure).toMatchObject({ exitStatus: 6 });
      expect(named(world, 'queue').map(({ id }) => id)).toEqual(before);
      expect(world.running()).toContain('two shop-queue');
    }));

  it('starts nothing that somebody had stopped', () =>
    inVirtualTime(async () => {
      for (const isParallel of [true, false]) {
        const world = await booted();
        expect((await world.accessory('stop', ['db', 'cache'])).exitStatus).toBe(0);
        move(world, 'cache', 'queue');
        const { failure } = await world.accessory('upgrade', ['all'], { isParallel });
        expect(failure).toMatchObject({ exitStatus: 5 });
        expect(world.running()).toEqual(['two shop-queue']);
        expect(containers(world).map(({ name }) => name)).toEqual(
          expect.arrayContaining(['shop-queue', 'shop-cache', 'shop-db']),
        );
      }
    }));
});
