import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { inVirtualTime } from '../fakes/virtual-time.ts';
import type { Call, FakeMachine } from '../fakes/machine.ts';
import type { RunOptions } from './session.ts';
import { type Ended, listen, makeWorld, stopListening, twoMachines, type World } from './world.ts';

/** A run is stopped for twice its lease at every single moment, and finds its lock to be another's when it goes on. */

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const lock = '.kamal/lock-shop';
const isOfLock = ({ name }: Pick<Call, 'name'>) => name.endsWith('Lock') || name === 'enlist';

const ways: Record<string, (world: World, options?: RunOptions) => Promise<Ended>> = {
  deploy: (world, options) => world.deploy('v3', options),
  rollback: (world, options) => world.rollback(undefined, options),
  'a deploy that goes back': (world, options) => world.deploy('bad', options),
  'a deploy that is held': (world, options) => world.deploy('bad', { ...options, onFailure: 'hold' }),
};

async function prepared(): Promise<World> {
  const world = makeWorld(`${twoMachines}boot: {limit: 1}\n`);
  for (const version of ['v1', 'v2', 'v3', 'v4']) world.push(version);
  world.push('bad', { kind: 'exits', afterSeconds: 1, exitStatus: 9 });
  await world.deploy('v1', { command: 'setup' });
  await world.deploy('v2');
  return world;
}

interface Stop {
  readonly call: number;
  readonly moment: 'before' | 'after';
}

/** What the run still did after it went on; undefined when it was over before the moment came. */
async function stoppedAt(way: string, stop: Stop): Promise<string[] | undefined> {
  const world = await prepared();
  let counted = 0;
  let stoppedIn = '';
  const later: string[] = [];
  listen(world, (call, { name }) => {
    if (isOfLock(call)) return;
    if (stoppedIn !== '' && call.moment === 'before') later.push(`${name}: ${call.name}`);
    if (call.moment === 'before') counted += 1;
    if (stoppedIn !== '' || counted < stop.call || call.moment !== stop.moment) return;
    stoppedIn = `${call.name} on ${name}`;
    vi.setSystemTime(Date.now() + 30_000);
    takeOver(world.machines.get('one') as FakeMachine);
  });
  const ended = await ways[way]?.(world);
  stopListening(world);
  if (stoppedIn === '') return undefined;
  const where = `${way} stopped ${stop.moment} call ${stop.call} (${stoppedIn})`;
  const wrong = later.map((line) => `${where}: did ${line}`);
  if (ended?.exitStatus !== 4) wrong.push(`${where}: ended with ${ended?.exitStatus} ${ended?.failure?.message}`);
  const { lease } = world.machines.get('one')?.locks.get(lock) ?? {};
  if (lease?.ownerToken !== 'another') wrong.push(`${where}: the other's lock is gone`);
  return wrong;
}

function takeOver(machine: FakeMachine): void {
  const renewedAtSeconds = Math.floor(Date.now() / 1000);
  machine.locks.set(lock, {
    details: 'Locked by: another',
    lease: { ownerToken: 'another', seconds: 15, renewedAtSeconds },
  });
}

/**
 * The run is stopped when it has found the fence open and was about to send its next call, or when that was on its way: it arrives when
 * another run has long finished. @returns what is wrong then; undefined when the run was over before that call
 */
async function arrivesLate(way: string, number: number): Promise<string[] | undefined> {
  const world = await prepared();
  let counted = 0;
  let stoppedIn = '';
  let asLeft = '';
  let other: Promise<Ended> | undefined;
  const looks = /^(read|inspect|list|describe|info|logs|wait|probe|close)/;
  const beforeCall = async (call: string, host: string) => {
    if (!looks.test(call)) counted += 1;
    if (counted < number) return;
    stoppedIn ||= `${call} on ${host}`;
    other ??= world.deploy('v4').then((ended) => {
      asLeft = stateOf(world);
      return ended;
    });
    await other;
  };
  const ended = await ways[way]?.(world, { beforeCall });
  if (other === undefined) return undefined;
  const where = `${way} stopped in call ${number} (${stoppedIn})`;
  const wrong = stateOf(world) === asLeft ? [] : [`${where}: ${stateOf(world)} is not ${asLeft}`];
  if ((await other).exitStatus !== 0) wrong.push(`${where}: the other ended with ${(await other).exitStatus}`);
  if (ended?.exitStatus !== 4) wrong.push(`${where}: ended with ${ended?.exitStatus} ${ended?.failure?.message}`);
  if ((await world.plan('v4')).length > 0) wrong.push(`${where}: v4 is not all there is`);
  return wrong;
}

/** All that a deploy changes, with every change that was ever made. */
function stateOf({ machines }: World): string {
  return JSON.stringify(
    [...machines.values()].map(({ name, journal, locks }) => ({ name, journal, locks: [...locks] })),
  );
}

describe.each(Object.keys(ways))('%s', (way) => {
  test.each(['before', 'after'] as const)(
    'stopped %s any single change, it changes nothing more, not even back, and exits 4',
    (moment) =>
      inVirtualTime(async () => {
        const wrong: string[] = [];
        let call = 1;
        for (; ; call += 1) {
          const found = await stoppedAt(way, { call, moment });
          if (found === undefined) break;
          wrong.push(...found);
        }
        expect(call).toBeGreaterThan(10);
        expect(wrong).toEqual([]);
      }),
    120_000,
  );

  test(
    'whatever it had sent by then, and arrives late, is not done any more',
    () =>
      inVirtualTime(async () => {
        const wrong: string[] = [];
        // The first is the lock itself.
        let number = 2;
        for (; ; number += 1) {
          const found = await arrivesLate(way, number);
          if (found === undefined) break;
          wrong.push(...found);
        }
        expect(number).toBeGreaterThan(10);
        expect(wrong).toEqual([]);
      }),
    120_000,
  );
});
