import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Failure } from '../../src/errors.ts';
import { inVirtualTime } from '../fakes/virtual-time.ts';
import { makeWorld, twoMachines } from './world.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('a before_replace that takes too long is run once, and nothing is replaced', () =>
  inVirtualTime(async () => {
    const world = makeWorld(
      `${twoMachines}accessories:\n  db: {image: registry.test:5000/db:1, host: one, before_replace: dump, healthcheck: {start_period: 2, retries: 1, timeout: 1}}\n`,
    );
    world.registry.push('registry.test:5000/db:1', {});
    expect((await world.accessory('boot', ['db'])).failure).toBeUndefined();
    const one = world.machines.get('one') ?? expect.fail('no machine');
    const before = [...one.containers.keys()];
    let runs = 0;
    one.onScript = () => {
      runs += 1;
      throw new Failure('timed-out', 'one: before_replace took longer than 600 seconds and was stopped.');
    };
    const { failure } = await world.accessory('reboot', ['db']);
    expect(failure).toBeDefined();
    expect(failure?.details.join('\n')).toContain('took longer than 600 seconds');
    expect(runs).toBe(1);
    expect([...one.containers.keys()]).toEqual(before);
    expect(world.running()).toEqual(['one shop-db']);
  }));
