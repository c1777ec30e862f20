import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { inVirtualTime } from '../fakes/virtual-time.ts';
import { makeWorld, twoMachines, type World } from './world.ts';

const conf = join(mkdtempSync(join(tmpdir(), 'longshore-gone-')), 'a.conf');
writeFileSync(conf, 'a file');
const soon = 'healthcheck: {start_period: 2, retries: 1, timeout: 1}';
const yaml = `${twoMachines}accessories:
  db: {image: registry.test:5000/db:1, host: one, volumes: ["/tank/db:/data"], ${soon}}
  queue: {image: registry.test:5000/db:1, host: one, directories: ["data:/data"], ${soon}}
  conf: {image: registry.test:5000/db:1, host: one, files: ["${conf}:/etc/a.conf"], ${soon}}
`;
const paths = { db: '/tank/db', queue: '/home/deploy/shop-queue/data' };
type Name = keyof typeof paths;

async function booted(): Promise<World> {
  const world = makeWorld(yaml);
  world.registry.push('registry.test:5000/db:1', {});
  expect((await world.accessory('boot', ['all'])).failure).toBeUndefined();
  return world;
}

/** As when the disk it lies on was not mounted. */
function unmount(world: World, name: Name): void {
  const { directories } = machine(world);
  expect(directories.delete(name === 'db' ? '/tank/db' : 'shop-queue/data')).toBe(true);
}

const machine = (world: World) => world.machines.get('one') ?? expect.fail('no machine');
const states = (world: World) => [...machine(world).containers.values()].map(({ name, state }) => `${name} ${state}`);

describe('an accessory whose data is not where it was', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it.each(['db', 'queue'] as const)('is not started on an empty directory: %s', (name) =>
    inVirtualTime(async () => {
      const world = await booted();
      await world.accessory('stop', [name]);
      unmount(world, name);
      const before = states(world);
      const calls = machine(world).journal.length;
      for (const command of ['boot', 'start', 'restart', 'reboot', 'upgrade', 'apply'] as const) {
        const { failure } = await world.accessory(command, [name]);
        expect(failure, command).toMatchObject({ code: 'usage', message: expect.stringContaining(paths[name]) });
        expect(failure?.message).toContain(`accessory upgrade ${name} --new-data ${paths[name]}`);
      }
      expect(states(world)).toEqual(before);
      expect(
        machine(world)
          .journal.slice(calls)
          .filter((line) => /start|create|remove con/.test(line)),
      ).toEqual([]);
      const meant = await world.accessory('upgrade', [name], { newData: [paths[name]] });
      expect(meant.failure).toBeUndefined();
      expect(states(world)).toContain(`shop-${name} running`);
    }),
  );

  it('is not started as it is where a file of it is gone, of which Docker would make a directory', () =>
    inVirtualTime(async () => {
      const world = await booted();
      await world.accessory('stop', ['conf']);
      expect(machine(world).files.delete('shop-conf/etc/a.conf')).toBe(true);
      for (const command of ['start', 'restart'] as const) {
        const { failure } = await world.accessory(command, ['conf']);
        const message = expect.stringContaining('/home/deploy/shop-conf/etc/a.conf, which is not there');
        expect(failure, command).toMatchObject({ code: 'usage', message });
      }
      expect(states(world)).toContain('shop-conf exited');
      expect((await world.accessory('boot', ['conf'])).failure).toBeUndefined();
      expect(states(world)).toContain('shop-conf running');
    }));

  it('is not restarted or made anew either while it runs, and what runs is left alone', () =>
    inVirtualTime(async () => {
      const world = await booted();
      unmount(world, 'db');
      for (const command of ['restart', 'reboot', 'upgrade'] as const)
        expect((await world.accessory(command, ['db'])).failure, command).toMatchObject({ code: 'usage' });
      for (const command of ['boot', 'start'] as const)
        expect((await world.accessory(command, ['all'])).failure, command).toBeUndefined();
      expect(states(world)).toContain('shop-db running');
    }));

  it('is not brought back by a boot either when its successor never came', () =>
    inVirtualTime(async () => {
      const world = await booted();
      const [container] = [...machine(world).containers.values()].filter(({ name }) => name === 'shop-db');
      await machine(world)
        .connect()
        .docker.stopContainer(container?.id ?? '');
      await machine(world)
        .connect()
        .docker.renameContainer(container?.id ?? '', 'shop-db_replaced_1');
      unmount(world, 'db');
      expect((await world.accessory('boot', ['db'])).failure).toMatchObject({ code: 'usage' });
      machine(world).directories.add('/tank/db');
      expect((await world.accessory('boot', ['db'])).failure).toBeUndefined();
    }));
});
