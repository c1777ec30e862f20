import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Failure } from '../../src/errors.ts';
import { inVirtualTime } from '../fakes/virtual-time.ts';
import { listen, makeWorld, stopListening, type World } from './world.ts';

/** The lock of a deploy that is complete, and whose reply to giving it back was lost. */

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

async function serving(): Promise<World> {
  const world = makeWorld();
  for (const version of ['v1', 'v2', 'v3']) world.push(version);
  expect((await world.deploy('v1', { command: 'setup' })).exitStatus).toBe(0);
  return world;
}

/** A version is deployed; its first attempt to give the lock back is cut, and `meanwhile` happens before anything else of it. */
async function cutWhenGiving(world: World, moment: 'before' | 'after', meanwhile: () => Promise<void>, version = 'v2') {
  let isCut = false;
  let waiting: Promise<void> | undefined;
  listen(world, (call, machine) => {
    if (call.name !== 'releaseLock' || call.moment !== moment || isCut || machine.name !== 'one') return undefined;
    isCut = true;
    machine.cutAll();
    throw new Failure('connection-lost', 'The reply was lost.');
  });
  const beforeCall = async () => {
    if (!isCut) return;
    stopListening(world);
    await (waiting ??= meanwhile());
  };
  const ended = await world.deploy(version, { beforeCall });
  expect(waiting).toBeDefined();
  return ended;
}

test('it ends with 0, whether nobody or somebody else had the lock since', () =>
  inVirtualTime(async () => {
    for (const moment of ['before', 'after'] as const) {
      const world = await serving();
      expect((await cutWhenGiving(world, moment, async () => undefined)).exitStatus).toBe(0);
      expect(world.machines.get('one')?.locks.size).toBe(0);
    }
    const world = await serving();
    const other = async () => expect((await world.deploy('v3')).exitStatus).toBe(0);
    expect((await cutWhenGiving(world, 'after', other)).exitStatus).toBe(0);
    expect(world.running()).toEqual(['one shop-web-v3', 'two shop-web-v3', 'two shop-worker-v3']);
  }));

test('it ends with 0 also where there was nothing to do', () =>
  inVirtualTime(async () => {
    for (const moment of ['before', 'after'] as const) {
      const world = await serving();
      const { exitStatus, failure } = await cutWhenGiving(world, moment, async () => undefined, 'v1');
      expect(exitStatus, failure?.message).toBe(0);
      expect(world.machines.get('one')?.locks.size).toBe(0);
    }
  }));

test('it ends with 4 where another run took it over before it was given back', () =>
  inVirtualTime(async () => {
    const world = await serving();
    const other = async () => {
      await new Promise((resolve) => setTimeout(resolve, 20_000));
      expect((await world.deploy('v3')).exitStatus).toBe(0);
    };
    const { exitStatus, failure } = await cutWhenGiving(world, 'before', other);
    expect(exitStatus).toBe(4);
    expect(failure?.details).toEqual(['Everything was done by then.']);
  }));
