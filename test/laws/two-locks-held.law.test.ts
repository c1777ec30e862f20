import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Failure } from '../../src/errors.ts';
import { inVirtualTime } from '../fakes/virtual-time.ts';
import type { RunOptions } from './session.ts';
import { type Ended, makeWorld, shopOn, type World } from './world.ts';

/**
 * A deploy that has begun to change machines is not ended by one that only asks, wherever their locks lie; and one that fell silent is
 * ended by whoever comes after it.
 */

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const file = shopOn('{web: [one, two, three]}');
const all = ['one', 'three', 'two'];
const looks = /^(read|inspect|list|describe|info|logs|wait|probe|close)|Lock$|^enlist$/;
const lockWait = { timeoutSeconds: 300, intervalSeconds: 5 };

/** @param ahead how many runs went without the first machine, so that the turns of the others are ahead of its own */
async function atV2(ahead = 0): Promise<World> {
  const world = makeWorld(file);
  for (const version of ['v1', 'v2', 'v3', 'v4']) world.push(version);
  await world.deploy('v1', { command: 'setup' });
  await world.deploy('v2');
  for (let count = 0; count < ahead; count += 1)
    expect((await world.deploy(count % 2 === 0 ? 'v1' : 'v2', { without: ['one'] })).exitStatus).toBe(0);
  return world;
}

const sleep = (seconds: number) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));
const serving = (version: string) => (host: string) => `${host} shop-web shop-web-${version}`;

/**
 * The first is held for 40 s in its nth change, with all of its connections at work, and the second comes `after` so many seconds.
 * @returns undefined when there was no such change
 */
async function heldAt(
  number: number,
  { world, first, second, after }: { world: World; first: RunOptions; second: RunOptions; after: number },
): Promise<[Ended, Ended] | undefined> {
  let counted = 0;
  let other: Promise<Ended> | undefined;
  const beforeCall = async (call: string) => {
    if (looks.test(call)) return;
    counted += 1;
    if (counted !== number) return;
    other = sleep(after).then(() => world.deploy('v4', second));
    await sleep(40);
  };
  const ended = await world.deploy('v3', { ...first, beforeCall });
  return other === undefined ? undefined : [ended, await other];
}

describe.each<{ names: string; first: RunOptions; second: RunOptions; hosts: readonly string[] }>([
  {
    names: 'one without the primary, and an ordinary one',
    first: { without: ['one'] },
    second: {},
    hosts: all.slice(1),
  },
  { names: 'an ordinary one, and one without the primary', first: {}, second: { without: ['one'] }, hosts: all },
  {
    names: 'one of a single machine, and one without the primary',
    ...{ first: { hosts: ['three'] }, second: { without: ['one'] }, hosts: ['three'] },
  },
])('$names', ({ first, second, hosts }) => {
  test(
    'held in any change, for less than a lease or longer, the first is done and the second gives up',
    () =>
      inVirtualTime(async () => {
        const wrong: string[] = [];
        let number = 1;
        for (; ; number += 1) {
          const [world, after] = [await atV2(), number % 2 === 0 ? 5 : 20];
          const ended = await heldAt(number, { world, first, second, after });
          if (ended === undefined) break;
          const statuses = ended.map(({ exitStatus }) => exitStatus).join();
          const traffic = all.map((host) => serving(hosts.includes(host) ? 'v3' : 'v2')(host));
          if (statuses !== '0,4' || world.traffic().join() !== traffic.join())
            wrong.push(`change ${number}, after ${after} s: ${statuses} ${world.traffic().join()}`);
        }
        expect(number).toBeGreaterThan(5);
        expect(wrong).toEqual([]);
      }),
    120_000,
  );

  test.each([0, 1, 2])('the second waits for it, %i turns behind', (ahead) =>
    inVirtualTime(async () => {
      const world = await atV2(ahead);
      const ended = await heldAt(3, { world, first, second: { ...second, lockWait }, after: 5 });
      expect(ended?.map(({ exitStatus, failure }) => [exitStatus, failure?.message])).toEqual([
        [0, undefined],
        [0, undefined],
      ]);
      expect(world.traffic().filter((line) => !line.startsWith('one '))).toEqual(all.slice(1).map(serving('v4')));
    }),
  );
});

test('two that wait, and meet before either has begun, go one after the other', () =>
  inVirtualTime(async () => {
    const since = Date.now();
    for (let round = 0; round < 4; round += 1) {
      const world = await atV2();
      const ended = await Promise.all([
        world.deploy('v3', { lockWait }),
        world.deploy('v4', { without: ['one'], lockWait }),
      ]);
      expect(ended.map(({ exitStatus, failure }) => [exitStatus, failure?.message])).toEqual([
        [0, undefined],
        [0, undefined],
      ]);
      expect(Date.now() - since).toBeLessThan(lockWait.timeoutSeconds * 1000);
      const [two, three] = ['two', 'three'].map((host) => world.traffic().find((line) => line.startsWith(host)));
      expect(two?.split('-').at(-1)).toBe(three?.split('-').at(-1));
    }
  }));

test.each([2, 5, 8, 10, 12, 14, 16])('one that waits for a run that waits leaves on Ctrl-C after %i s', (seconds) =>
  inVirtualTime(async () => {
    const world = await atV2();
    const stop = new AbortController();
    setTimeout(() => stop.abort(), seconds * 1000);
    const beforeCall = () => (stop.signal.aborted ? Promise.resolve() : sleep(0.8));
    const ended = await Promise.all([
      world.deploy('v3', { lockWait, beforeCall }),
      world.deploy('v4', { without: ['one'], lockWait, signal: stop.signal, beforeCall }),
    ]);
    expect(ended.map(({ exitStatus }) => exitStatus)).toEqual([0, 130]);
    expect([...world.machines.values()].map(({ locks }) => locks.size)).toEqual([0, 0, 0]);
  }),
);

test.each([0, 2])('one that slept undoes nothing of a run that came meanwhile, %i turns behind', (ahead) =>
  inVirtualTime(async () => {
    const world = await atV2(ahead);
    const two = world.machines.get('two');
    let second: Promise<Ended> | undefined;
    const first = await world.deploy('v3', {
      without: ['one'],
      async beforeCall(call, host) {
        if (call === 'startContainer' && host === 'three')
          second ??= (async () => {
            if (two !== undefined) two.isDown = true;
            const ended = await world.deploy('v4', { without: ['two'], lockWait });
            if (two !== undefined) two.isDown = false;
            return ended;
          })();
        await second;
      },
    });
    expect([first.exitStatus, (await second)?.exitStatus]).toEqual([4, 0]);
    expect(world.traffic().filter((line) => !line.startsWith('two '))).toEqual(['one', 'three'].map(serving('v4')));
  }),
);

test('a machine that a run has no business on does not stop it when it cannot be written to', () =>
  inVirtualTime(async () => {
    const world = await atV2();
    const ended = await world.deploy('v3', {
      hosts: ['three'],
      async beforeCall(call, host) {
        if (call === 'enlist' && host === 'two')
          throw new Failure('host-command-failed', 'two: No space left on device.');
      },
    });
    expect(ended.failure).toBeUndefined();
    expect(world.traffic()).toEqual([serving('v2')('one'), serving('v3')('three'), serving('v2')('two')]);
    const text = 'two: No space left on device. Whether somebody else deploys from there is not known';
    expect(ended.events).toContainEqual({ type: 'warning', text });
  }));
