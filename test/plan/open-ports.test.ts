import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { ContainerSpec } from '../../src/containers/spec.ts';
import type { ObservedPort } from '../../src/observe/observed.ts';
import { whyOpened } from '../../src/plan/ports.ts';
import { inVirtualTime } from '../fakes/virtual-time.ts';
import { makeWorld, twoMachines, worldOn } from '../laws/world.ts';

const worker = (options: string) =>
  twoMachines.replace('cmd: work', `cmd: work, options: {${options}}`).replace('[one, two]', '[one]');

describe('a port of a role that is published without an address', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  test.each([
    ['publish: "3000:3000"', '127.0.0.1:3000:3000 for the machine alone'],
    ['publish: ["127.0.0.1:1:1", "9"]', '0.0.0.0:9:9 to mean it'],
    ['publish-all: true', 'Write `publish` for each that is meant'],
  ])('%s: a warning in the file, and refused before a container is made with it', (options, meant) =>
    inVirtualTime(async () => {
      const world = makeWorld(worker(options));
      expect(world.config.warnings.join()).toMatch(/publishe[sd] .*on every address of the machine/);
      world.push('v1');
      const { failure } = await world.deploy('v1', { command: 'setup' });
      expect(failure).toMatchObject({ code: 'usage' });
      expect(failure?.message).toContain('two: worker would publish');
      expect(failure?.message).toContain(meant);
      expect(world.running()).toEqual([]);
    }),
  );

  test('is let be while it is open already', () =>
    inVirtualTime(async () => {
      const open = makeWorld(worker('publish: "0.0.0.0:3000:3000"'));
      open.push('v1');
      open.push('v2');
      expect(await open.deploy('v1', { command: 'setup' })).toMatchObject({ exitStatus: 0 });
      const world = worldOn(open, worker('publish: "3000:3000"'));
      // Two of them cannot have one port, which is another matter.
      expect((await world.deploy('v2')).failure).toMatchObject({ code: 'would-collide' });
      const more = worldOn(open, worker('publish: ["3000:3000", "4000:4000"]'));
      more.push('v3');
      expect((await more.deploy('v3')).failure?.message).toMatch(/^two: worker would publish 4000:4000 on every/);
    }));
});

describe('what a container would open', () => {
  const spec = (publish: string[], options: ContainerSpec['options'] = [], network = 'kamal') =>
    ({ publish, options, network }) as unknown as ContainerSpec;
  const port = (address: string, number: number): ObservedPort => ({
    address,
    port: number,
    target: 80,
    protocol: 'tcp',
  });
  const all = [{ name: 'publish-all', value: true }] as const;

  test.each<[string, ContainerSpec, ObservedPort[], number]>([
    ['nothing with an address', spec(['127.0.0.1:80:80', '0.0.0.0:81:80', '[::1]:82:80']), [], 0],
    ['each without one', spec(['80:80', '81']), [], 2],
    ['none that is open', spec(['80:80']), [port('0.0.0.0', 80)], 0],
    ['one that is open on one address only', spec(['80:80']), [port('127.0.0.1', 80)], 1],
    ['one of which another port is open', spec(['80:80']), [port('::', 8080)], 1],
    ['all that the image exposes', spec([], all), [], 1],
    ['all, beside one that is open by itself', spec(['0.0.0.0:80:80'], all), [port('0.0.0.0', 80)], 1],
    ['all, when all are open', spec([], all), [port('0.0.0.0', 49_153)], 0],
    ['nothing when it is not all', spec([], [{ name: 'publish-all', value: 'false' }]), [], 0],
    ['nothing without a network of its own', spec(['80:80'], all, 'host'), [], 0],
  ])('%s', (_, wanted, now, count) => {
    expect(whyOpened(wanted, now, 'one: db')).toHaveLength(count);
  });
});
