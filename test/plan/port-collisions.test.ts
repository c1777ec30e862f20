import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { inVirtualTime } from '../fakes/virtual-time.ts';
import { makeWorld, twoMachines, worldOn } from '../laws/world.ts';
import { boot, image, refusal, strange, worldWith, type Stranger } from './stranger.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('a port that is taken', () => {
  const owners = { name: 'stranger', labels: { service: 'other', destination: 'demo' } };
  test.each([
    ['127.0.0.1:5432:5432', { port: '127.0.0.1:5432' }, 'the same'],
    ['127.0.0.1:5432:5432', { port: '0.0.0.0:5432' }, 'wide'],
    ['0.0.0.0:5432:5432', { port: '127.0.0.1:5432' }, 'wide'],
    ['127.0.0.1:5432:5432', { port: ':::5432' }, '[::] is every address'],
    ['"[::]:5432:5432"', { port: '127.0.0.1:5432' }, '[::] is every address'],
    ['"[0:0::1]:5432:5432"', { port: '::1:5432' }, 'in another spelling'],
    ['127.0.0.1:5430-5433:5430-5433', { port: '127.0.0.1:5432' }, 'in a range'],
    ['127.0.0.1:5432:5432/udp', { port: '127.0.0.1:5432', protocol: 'udp' }, 'of UDP'],
  ])('%s is refused beside %j (%s), with both owners', (port, taken: Stranger, _why) =>
    inVirtualTime(async () => {
      const world = worldWith({ db: `port: ${port}` });
      await strange(world, { ...owners, ...taken });
      expect(await boot(world)).toEqual([
        `one: db of config/deploy.yml wants the port ${port.replaceAll('"', '')}, which stranger (service other in demo) has`,
      ]);
    }),
  );

  test.each([
    ['127.0.0.1:5432:5432', { port: '127.0.0.2:5432' }, 'another address'],
    ['127.0.0.1:5432:5432', { port: '127.0.0.1:5433' }, 'another port'],
    ['127.0.0.1:5432:5432', { port: '0.0.0.0:5432', protocol: 'udp' }, 'another protocol'],
    ['0.0.0.0:5432:5432', { port: '2001:db8::7:5432' }, 'an address of IPv6'],
    ['127.0.0.1:5430-5433:80', { port: '0.0.0.0:5430' }, 'Docker takes the next of the range'],
    ['127.0.0.1:5432:5432', { port: '0.0.0.0:5432', isStopped: true }, 'of what was tried once'],
    ['127.0.0.1:5432:5432', {}, 'of nobody'],
  ])('%s is let be beside %j (%s)', (port, taken: Stranger, _why) =>
    inVirtualTime(async () => {
      const world = worldWith({ db: `port: ${port}` });
      await strange(world, { ...owners, ...taken });
      expect(await boot(world)).toEqual([]);
      expect(world.running()).toContain('one shop-db');
    }),
  );

  test('by what is stopped and comes back is refused, unless it was replaced', () =>
    inVirtualTime(async () => {
      const world = worldWith({ db: 'port: 127.0.0.1:5432:5432' });
      const labels = { service: 'other', role: 'web', destination: '' };
      await strange(world, { name: 'old', labels, port: '127.0.0.1:5432', restart: 'unless-stopped', isStopped: true });
      expect(await boot(world)).toEqual([
        'one: db of config/deploy.yml wants the port 127.0.0.1:5432:5432, which old (service other) takes when it is started again',
      ]);
      await strange(world, { name: 'new', labels, port: '127.0.0.1:5440', restart: 'unless-stopped' });
      expect(await boot(world)).toEqual([]);
    }));

  test('by a program of the machine is refused', () =>
    inVirtualTime(async () => {
      const world = worldWith({ db: 'port: 127.0.0.1:5432:5432', cache: 'port: 127.0.0.1:6379:6379' });
      const line = (address: string, state: string) => `   0: ${address} 00000000:0000 ${state} 00000000:00000000`;
      const content = ['  sl  local_address', line('0100007F:1538', '0A'), line('0100007F:18EB', '01')].join('\n');
      world.machines.get('one')?.files.set('/proc/net/tcp', { content, mode: '444' });
      expect(await boot(world)).toEqual([
        'one: db of config/deploy.yml wants the port 127.0.0.1:5432:5432, which a program that is no container listens on',
      ]);
    }));

  test('by another new accessory of the same file is refused before either is there', () =>
    inVirtualTime(async () => {
      const world = worldWith({ db: 'port: 127.0.0.1:5432:5432', pooler: 'port: 127.0.0.1:5432:6432' });
      expect(await boot(world)).toEqual([
        'one: pooler of config/deploy.yml wants the port 127.0.0.1:5432:6432, which db of config/deploy.yml has',
      ]);
    }));

  test('by the one that is replaced is in nobody’s way, not even all at once', () =>
    inVirtualTime(async () => {
      const world = worldWith({ db: 'port: 127.0.0.1:5432:5432', cache: 'port: 127.0.0.1:6379:6379' });
      expect(await boot(world)).toEqual([]);
      for (const isParallel of [false, true])
        expect(await refusal(world, () => world.accessory('reboot', ['all'], { isParallel }))).toEqual([]);
      await world.accessory('stop', ['db']);
      await strange(world, { port: '0.0.0.0:5432' });
      expect(await refusal(world, () => world.accessory('start', ['db']))).toEqual([
        'one: db of config/deploy.yml wants the port 127.0.0.1:5432/tcp, which the container stranger has',
      ]);
    }));

  test('by the proxy, or for it, is refused by setup and deploy before anything is there', () =>
    inVirtualTime(async () => {
      const world = worldWith({ site: 'port: 0.0.0.0:80:80' });
      expect(await refusal(world, () => world.deploy('v1', { command: 'setup' }))).toEqual([
        'one: the proxy of config/deploy.yml wants the port 80:80, which site of config/deploy.yml has',
      ]);
      expect(world.machines.get('one')?.containers.size).toBe(0);
      const other = makeWorld(twoMachines);
      other.push('v1');
      other.registry.push(image, {});
      await strange(other, { port: '0.0.0.0:443' });
      expect(await refusal(other, () => other.deploy('v1'))).toEqual([
        'one: the proxy of config/deploy.yml wants the port 443:443, which the container stranger has',
      ]);
    }));

  test('of a role is refused, also when the release before has it', () =>
    inVirtualTime(async () => {
      const published = (port: string) =>
        twoMachines.replace('cmd: work', `cmd: work, options: {publish: "${port}"}`).replaceAll('[two]', '[one]');
      const world = makeWorld(published('127.0.0.1:9394:9394'));
      world.registry.push(image, {});
      for (const version of ['v1', 'v2']) world.push(version);
      await strange(world, { port: '127.0.0.1:9394' });
      expect(await refusal(world, () => world.deploy('v1'))).toEqual([
        'one: worker of config/deploy.yml wants the port 127.0.0.1:9394:9394, which the container stranger has',
      ]);
      await world.machines.get('one')?.connect().docker.removeContainer('stranger', { force: true });
      expect(await refusal(world, () => world.deploy('v1'))).toEqual([]);
      expect(await refusal(world, () => world.deploy('v1'))).toEqual([]);
      expect(await refusal(world, () => world.deploy('v2'))).toEqual([
        'one: worker of config/deploy.yml wants the port 127.0.0.1:9394:9394, which shop-worker-v1 of config/deploy.yml has, and both run until the new one is ready; a range lets Docker choose',
      ]);
      const range = worldOn(world, published('127.0.0.1:9394-9395:9394'));
      expect(await refusal(range, () => range.deploy('v2'))).toEqual([]);
    }));
});
