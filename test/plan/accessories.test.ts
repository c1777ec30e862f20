import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { describeWithReason } from '../../src/plan/describe.ts';
import { inVirtualTime } from '../fakes/virtual-time.ts';
import { makeWorld, twoMachines, worldOn, type World } from '../laws/world.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const soon = 'healthcheck: {start_period: 2, retries: 1, timeout: 1}';
const yaml = `${twoMachines}accessories:
  queue: {image: registry.test:5000/queue:1, host: one, directories: ["data:/data"], ${soon}}
  pool: {image: registry.test:5000/pool:1, host: two, depends_on: [queue], ${soon}}
`;

async function booted(): Promise<World> {
  const world = makeWorld(yaml);
  world.registry.push('registry.test:5000/queue:1', {});
  world.registry.push('registry.test:5000/pool:1', {});
  expect((await world.accessory('boot', ['all'])).failure).toBeUndefined();
  return world;
}

async function said(world: World, ...[command, names]: Parameters<World['accessory']>): Promise<string[]> {
  const { events, failure } = await world.accessory(command, names);
  expect(failure).toBeUndefined();
  return events.flatMap((event) =>
    event.type === 'note'
      ? [event.text]
      : event.type === 'step-ended'
        ? [describeWithReason(event.step).replaceAll(/_(next|replaced)_[0-9a-f]+/g, '_$1_…')]
        : [],
  );
}

test('a reboot says what it costs, and each of its steps why it is taken', () =>
  inVirtualTime(async () => {
    expect(await said(await booted(), 'reboot', ['queue'])).toEqual([
      'one: queue keeps /home/deploy/shop-queue/data',
      'pool depends on queue, which is away meanwhile',
      'write .kamal/apps/shop/env/accessories/queue.env (a new container gets its secrets)',
      'create shop-queue_next_… (you asked for it)',
      'stop shop-queue (you asked for it)',
      'rename shop-queue to shop-queue_replaced_… (it makes room)',
      'set the restart policy of shop-queue_replaced_… to no (its successor gets its data)',
      'rename shop-queue_next_… to shop-queue (its name from now on)',
      'start shop-queue (the one before it has stopped)',
      'wait until shop-queue is healthy (the one before it has stopped)',
      'remove shop-queue_replaced_… (its successor is healthy)',
      'write 1 audit line (who did what is kept on the host)',
    ]);
  }));

test('what is not there yet is made in the order in which it may start, before anything is replaced', () =>
  inVirtualTime(async () => {
    const world = await booted();
    const more = yaml.replace('queue:1, host', 'queue:1, cmd: serve --more, host');
    const grown = worldOn(
      world,
      `${more}  store: {image: registry.test:5000/queue:1, host: two, ${soon}}\n  front: {image: registry.test:5000/pool:1, host: one, depends_on: [store], ${soon}}\n`,
    );
    const lines = await said(grown, 'upgrade', ['all']);
    expect(lines.filter((line) => line.startsWith('start ')).map((line) => line.split(' ')[1])).toEqual([
      'shop-store',
      'shop-front',
      'shop-queue',
    ]);
  }));

test('a reboot that applies something of the file says so', () =>
  inVirtualTime(async () => {
    const world = await booted();
    const changed = makeWorld(yaml.replace('queue:1, host', 'queue:1, cmd: serve --more, host'));
    const machines = changed.machines as Map<string, unknown>;
    for (const [name, machine] of world.machines) machines.set(name, machine);
    expect(await said(changed, 'reboot', ['queue'])).toContain(
      'create shop-queue_next_… (you asked for it, cmd differs)',
    );
  }));
