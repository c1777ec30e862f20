import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { inVirtualTime } from '../fakes/virtual-time.ts';
import { makeWorld, twoMachines, worldOn, type World } from './world.ts';

/** An accessory's `stop_timeout` is its container's, and a changed one is applied; none is missed in a container that has none. */

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const file = (more: string) =>
  `${twoMachines}accessories:\n  db: {image: registry.test:5000/db:1, host: one, ${more}healthcheck: {start_period: 2, retries: 1, timeout: 1}}\n`;
const idOf = ({ machines }: World) =>
  [...(machines.get('one')?.containers.values() ?? [])].find(({ name }) => name === 'shop-db')?.id;

test.each([
  { from: 'stop_timeout: 60, ', isNew: true },
  { from: '', isNew: false },
])('from $from to 300', ({ from, isNew }) =>
  inVirtualTime(async () => {
    const world = makeWorld(file(from));
    world.registry.push('registry.test:5000/db:1', {});
    expect((await world.accessory('boot', ['db'])).failure).toBeUndefined();
    const before = idOf(world);
    const changed = worldOn(world, file('stop_timeout: 300, '));
    expect((await changed.accessory('upgrade', ['db'])).failure).toBeUndefined();
    expect(idOf(world) !== before).toBe(isNew);
  }),
);
