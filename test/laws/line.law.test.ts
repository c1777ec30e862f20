import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Event } from '../../src/execute/events.ts';
import { inVirtualTime } from '../fakes/virtual-time.ts';
import type { FakeMachine } from '../fakes/machine.ts';
import type { RunOptions } from './session.ts';
import { type Ended, makeWorld, twoMachines, type World } from './world.ts';

/** Who waits for the lock gets it in the order in which they came. */

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const lockWait = { timeoutSeconds: 900, intervalSeconds: 5 };
const names = ['b', 'c', 'd', 'e'];
const lock = '.kamal/lock-shop';
const line = '.kamal/longshore/shop/line';
const seconds = () => Math.floor(Date.now() / 1000);
const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const one = (world: World) => world.machines.get('one') as FakeMachine;
const tickets = (world: World) => one(world).lines.get(line) ?? [];
const notes = ({ events }: { events: readonly Event[] }) =>
  events.flatMap((event) => (event.type === 'note' ? [event.text] : []));

/** a, which serves, and further versions. */
async function serving(): Promise<World> {
  const world = makeWorld(twoMachines);
  for (const version of ['a', ...names]) world.push(version);
  await world.deploy('a', { command: 'setup' });
  return world;
}

/** Somebody deploys, and renews, until the answer is called. */
function deployInHand(world: World): () => void {
  const details = `Locked by: Ana at ${new Date().toISOString()}\nVersion: 4f2a9c1d4f2a9c1d4f2a9c1d4f2a9c1d4f2a9c1d\nMessage: Automatic deploy lock`;
  const hold = () =>
    one(world).locks.set(lock, { details, lease: { ownerToken: 'a', seconds: 15, renewedAtSeconds: seconds() } });
  hold();
  const renewing = setInterval(hold, 3000);
  return () => {
    clearInterval(renewing);
    one(world).locks.delete(lock);
  };
}

/** Comes a moment after the one before. */
async function come(
  world: World,
  version: string,
  options: RunOptions = { lockWait },
): Promise<{ ended: Promise<Ended> }> {
  const ended = world.deploy(version, options);
  await pause(1500);
  return { ended };
}

/** Who took the lock, in turn; each deploys its own version. */
function takers(world: World): string[] {
  const taken: string[] = [];
  one(world).onCall = ({ name, moment }) => {
    if (!/^(acquire|takeOver)Lock$/.test(name) || moment !== 'after') return;
    const [, version] = /Version: (\w)$/m.exec(one(world).locks.get(lock)?.details ?? '') ?? [];
    if (version !== undefined && taken.at(-1) !== version) taken.push(version);
  };
  return taken;
}

test('the lock goes to whoever waits longest, however often the others ask, and nobody is left in line', () =>
  inVirtualTime(async () => {
    const world = await serving();
    const free = deployInHand(world);
    const taken = takers(world);
    const waiting: Promise<Ended>[] = [];
    for (const [index, version] of names.entries()) {
      const intervalSeconds = names.length - index;
      waiting.push((await come(world, version, { lockWait: { ...lockWait, intervalSeconds } })).ended);
    }
    await pause(45_000);
    free();
    const ended = await Promise.all(waiting);
    expect(ended.map(({ exitStatus }) => exitStatus)).toEqual([0, 0, 0, 0]);
    expect(taken).toEqual(names);
    expect(tickets(world)).toEqual([]);
    const [first, second] = ended.map(notes);
    expect(first?.[0]).toBe('1st in line for the lock on one, behind Ana deploying 4f2a9c1 since 0 s');
    expect(second?.[0]).toBe(
      '2nd in line for the lock on one, behind Ana deploying 4f2a9c1 since 2 s; next is Dev with b',
    );
    // Now and then, and when its place is another one.
    expect(second?.filter((text) => text.startsWith('2nd in line')).length).toBe(2);
    expect(second?.some((text) => text.startsWith('1st in line'))).toBe(true);
  }));

test('a run that dies in line is passed over once its place has run out; one that is interrupted leaves at once', () =>
  inVirtualTime(async () => {
    const world = await serving();
    const free = deployInHand(world);
    const taken = takers(world);
    let isDead = false;
    const beforeCall = async () => (isDead ? new Promise(() => undefined) : undefined);
    await come(world, 'b', { lockWait, beforeCall });
    const interruption = new AbortController();
    const c = await come(world, 'c', { lockWait, signal: interruption.signal });
    const d = await come(world, 'd');
    expect(tickets(world)).toHaveLength(3);
    interruption.abort();
    expect((await c.ended).exitStatus).toBe(130);
    expect(tickets(world)).toHaveLength(2);
    isDead = true;
    const since = Date.now();
    free();
    expect((await d.ended).exitStatus).toBe(0);
    expect(Date.now() - since).toBeLessThan(60_000);
    expect(taken).toEqual(['d']);
  }));

test('without --lock-wait a run is refused while the lock is held, and goes behind those that wait while it is free', () =>
  inVirtualTime(async () => {
    const world = await serving();
    const free = deployInHand(world);
    const taken = takers(world);
    const b = await come(world, 'b');
    const refused = await world.deploy('c');
    expect(refused.exitStatus).toBe(4);
    expect(tickets(world)).toHaveLength(1);
    free();
    const c = await world.deploy('c');
    expect([c.exitStatus, (await b.ended).exitStatus]).toEqual([0, 0]);
    expect(taken).toEqual(['b', 'c']);
    expect(notes(c)[0]).toBe('2nd in line for the lock on one, which is free, behind Dev with b, who came before');
  }));
