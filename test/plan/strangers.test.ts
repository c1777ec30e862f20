import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { inVirtualTime } from '../fakes/virtual-time.ts';
import { makeWorld, twoMachines, worldOn, type Ended, type World } from '../laws/world.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const yaml = `${twoMachines}asset_path: /assets
accessories:
  db: {image: registry.test:5000/db:1, host: one, directories: ["data:/data"], healthcheck: {start_period: 2, retries: 1, timeout: 1}}
`;

/** Set up by root, and from then on logged in to by deploy. */
async function setUpByRoot(file: string): Promise<World> {
  const world = makeWorld(file);
  world.registry.push('registry.test:5000/db:1', {});
  for (const version of ['v1', 'v2']) world.push(version);
  for (const machine of world.machines.values()) machine.homeDirectory = '/root';
  for (const version of ['v1', 'v2'])
    expect(await world.deploy(version, { command: 'setup' })).toMatchObject({ exitStatus: 0 });
  for (const machine of world.machines.values()) {
    machine.homeDirectory = '/home/deploy';
    machine.directories.add('/root/shop-db/data');
  }
  return world;
}

describe('containers that mount from another login’s directory', () => {
  test('stop every command that would change something, with both paths', () =>
    inVirtualTime(async () => {
      const world = await setUpByRoot(yaml);
      world.push('v3');
      const before = world.running();
      const commands: Record<string, () => Promise<Ended>> = {
        deploy: () => world.deploy('v3'),
        setup: () => world.deploy('v3', { command: 'setup' }),
        redeploy: () => world.deploy('v2', { command: 'redeploy' }),
        accessories: () => world.deploy('v3', { accessories: true }),
        rollback: () => world.rollback(),
        reboot: () => world.accessory('reboot', ['db']),
        upgrade: () => world.accessory('upgrade', ['db']),
        stop: () => world.accessory('stop', ['db']),
        restart: () => world.accessory('restart', ['db']),
        remove: () => world.accessory('remove', ['db']),
      };
      for (const [name, command] of Object.entries(commands)) {
        const { failure } = await command();
        expect(failure, name).toMatchObject({ code: 'hosts-not-ready', exitStatus: 3 });
        expect(failure?.details, name).toEqual(
          expect.arrayContaining([
            'one: shop-db mounts /root/shop-db/data, and this login’s directory is /home/deploy',
            'one: shop-web-v2 mounts /root/.kamal/apps/shop/assets/volumes/web-v2, and this login’s directory is /home/deploy',
          ]),
        );
      }
      expect(world.running()).toEqual(before);
      for (const machine of world.machines.values()) machine.homeDirectory = '/root';
      expect(await world.deploy('v3')).toMatchObject({ exitStatus: 0 });
    }));

  test('stop them also for what a role keeps there, which the new one would find empty', () =>
    inVirtualTime(async () => {
      const plain = `${twoMachines}volumes: ["$PWD/storage:/rails/storage", "shop-cache:/cache", "/srv/files:/files"]\n`;
      const world = await setUpByRoot(plain);
      world.push('v3');
      const { failure } = await world.deploy('v3');
      expect(failure).toMatchObject({ code: 'hosts-not-ready', exitStatus: 3 });
      const said = [failure?.message, ...(failure?.details ?? [])].join('\n');
      expect(said).toContain('one: shop-web-v2 mounts /root/storage, and this login’s directory is /home/deploy');
      expect(said).not.toMatch(/mounts \/srv|cache/);
      const meant = worldOn(world, plain.replace('$PWD/storage', '/root/storage'));
      expect((await meant.deploy('v3')).failure).toBeUndefined();
    }));

  test('are let be when the file says that path, or they are another service’s or destination’s', () =>
    inVirtualTime(async () => {
      const plain = yaml.replace('asset_path: /assets\n', '');
      const world = await setUpByRoot(plain);
      world.machines.get('one')?.directories.add('/root/shop-db/data');
      const meant = worldOn(world, plain.replace('"data:/data"', '"/root/shop-db/data:/data"'));
      expect((await meant.accessory('restart', ['db'])).failure).toBeUndefined();
      expect((await world.accessory('restart', ['db'])).failure?.message).toContain('/root/shop-db/data');
      const other = worldOn(world, twoMachines.replace('service: shop', 'service: shop-web'));
      other.push('v3');
      expect((await other.deploy('v3')).failure?.code).toBe('would-collide');
    }));
});
