import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { inVirtualTime } from '../fakes/virtual-time.ts';
import type { Call, FakeMachine } from '../fakes/machine.ts';
import { type Ended, listen, makeWorld, stopListening, twoMachines, type World } from './world.ts';

/** A run is stopped for twice its lease at every single moment, and finds its lock to be another's when it goes on. */

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const lock = '.kamal/lock-shop';
const isOfLock = ({ name }: Call) => name.endsWith('Lock');

const ways: Record<string, (world: World) => Promise<Ended>> = {
  deploy: (world) => world.deploy('v3'),
  rollback: (world) => world.rollback(),
  'a deploy that goes back': (world) => world.deploy('bad'),
  'a deploy that is held': (world) => world.deploy('bad', { onFailure: 'hold' }),
};

async function prepared(): Promise<World> {
  const world = makeWorld(`${twoMachines}boot: {limit: 1}\n`);
  for (const version of ['v1', 'v2', 'v3']) world.push(version);
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
});
