import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { FakeMachine } from '../fakes/machine.ts';
import { inVirtualTime } from '../fakes/virtual-time.ts';
import { makeWorld, shopOn, type World } from './world.ts';

/** A machine that is dead does not stop the living ones, and is known to have missed something until it has caught up. */

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const lock = '.kamal/lock-shop';
const record = '.kamal/longshore/shop/left-out.json';
const file = shopOn('{web: [one, two, three], worker: {hosts: [two], cmd: work}}');

async function atV2(): Promise<World> {
  const world = makeWorld(file);
  for (const version of ['v1', 'v2', 'v3', 'v4']) world.push(version);
  world.push('bad', { kind: 'never-healthy' });
  await world.deploy('v1', { command: 'setup' });
  expect((await world.deploy('v2')).exitStatus).toBe(0);
  return world;
}

function machine({ machines }: World, name: string): FakeMachine {
  return machines.get(name) as FakeMachine;
}

/** Who is known to be left out, by the machine that knows it. */
function known(world: World): Record<string, string[]> {
  return Object.fromEntries(
    [...world.machines.values()].map(({ name, files }) => [
      name,
      (JSON.parse(files.get(record)?.content ?? '[]') as { host: string; version: string }[]).map(
        ({ host, version }) => `${host} ${version}`,
      ),
    ]),
  );
}

const onThe = (name: string, version: string) => `${name} shop-web ${'shop-web-'}${version}`;

describe.each(['one', 'two', 'three'])('without %s', (dead) => {
  const living = ['one', 'two', 'three'].filter((name) => name !== dead);

  test('a deploy stops before anything is changed, and says what to type; with it the others are deployed to', () =>
    inVirtualTime(async () => {
      const world = await atV2();
      machine(world, dead).isDown = true;
      const refused = await world.deploy('v3');
      expect(refused).toMatchObject({ exitStatus: 3, failure: { code: 'host-unreachable' } });
      expect(refused.failure?.hint).toContain(`: longshore deploy --without ${dead}`);
      expect(world.remains('v3')).toEqual([]);
      expect(await world.deploy('v3', { without: [dead] })).toMatchObject({ exitStatus: 0 });
      expect(world.traffic()).toEqual(['one', 'three', 'two'].map((name) => onThe(name, name === dead ? 'v2' : 'v3')));
      expect([...world.machines.values()].flatMap(({ locks }) => [...locks.keys()])).toEqual([]);
      expect(await world.plan('v3', { without: [dead] })).toEqual([]);
    }));

  test('every machine that was reached knows it until a run has brought the machine up to date', () =>
    inVirtualTime(async () => {
      const world = await atV2();
      machine(world, dead).isDown = true;
      await world.deploy('v3', { without: [dead] });
      const all = Object.fromEntries([...living.map((name) => [name, [`${dead} v3`]]), [dead, []]]);
      expect(known(world)).toEqual(all);
      await world.deploy('v4', { without: [dead] });
      expect(known(world)).toEqual(all);
      machine(world, dead).isDown = false;
      const plan = await world.plan('v4');
      expect(plan.filter((line) => line.includes('no machine is left out any more'))).toHaveLength(2);
      const back = await world.deploy('v4');
      expect(back).toMatchObject({ exitStatus: 0 });
      expect(JSON.stringify(back.events)).toContain(`${dead} was left out since v3`);
      expect(known(world)).toEqual({ one: [], two: [], three: [] });
      expect(world.traffic()).toEqual(['one', 'three', 'two'].map((name) => onThe(name, 'v4')));
      expect(await world.plan('v4')).toEqual([]);
    }));

  test('a rollback goes back to what the others served before, not to what the machine missed', () =>
    inVirtualTime(async () => {
      const world = await atV2();
      machine(world, dead).isDown = true;
      await world.deploy('v3', { without: [dead] });
      machine(world, dead).isDown = false;
      expect(await world.rollback()).toMatchObject({ exitStatus: 0 });
      expect(world.traffic()).toEqual(['one', 'three', 'two'].map((name) => onThe(name, 'v2')));
      expect(known(world)).toEqual({ one: [], two: [], three: [] });
    }));

  test('a rollback goes on without it, too', () =>
    inVirtualTime(async () => {
      const world = await atV2();
      machine(world, dead).isDown = true;
      expect(await world.rollback()).toMatchObject({ exitStatus: 3 });
      expect(await world.rollback(undefined, { without: [dead] })).toMatchObject({ exitStatus: 0 });
      expect(world.traffic()).toEqual(['one', 'three', 'two'].map((name) => onThe(name, name === dead ? 'v2' : 'v1')));
      expect(known(world)[living[0] ?? '']).toEqual([`${dead} v1`]);
    }));

  test('a deploy without it that fails brings the others back, and nothing of them waits for it', () =>
    inVirtualTime(async () => {
      const world = await atV2();
      machine(world, dead).isDown = true;
      expect(await world.deploy('bad', { without: [dead] })).toMatchObject({ exitStatus: 5 });
      expect(world.traffic()).toEqual(['one', 'three', 'two'].map((name) => onThe(name, 'v2')));
      machine(world, dead).isDown = false;
      expect(await world.deploy('v3')).toMatchObject({ exitStatus: 0 });
      expect(known(world)).toEqual({ one: [], two: [], three: [] });
    }));
});

test('the lock lies on the next machine of the list only where the primary is left out', () =>
  inVirtualTime(async () => {
    const world = await atV2();
    const locked = new Map<string, string[]>();
    const watch = async (without: string[], version: string) => {
      const seen = new Set<string>();
      for (const one of world.machines.values())
        one.onCall = () => {
          for (const { name, locks } of world.machines.values()) if (locks.has(lock)) seen.add(name);
        };
      expect((await world.deploy(version, { without })).exitStatus).toBe(0);
      locked.set(without.join(), [...seen]);
    };
    await watch(['two'], 'v3');
    await watch(['one'], 'v4');
    await watch(['one', 'two'], 'v1');
    expect(Object.fromEntries(locked)).toEqual({ two: ['one'], one: ['two'], 'one,two': ['three'] });
  }));

test('what one machine was left out of is not forgotten when another one is', () =>
  inVirtualTime(async () => {
    const world = await atV2();
    await world.deploy('v3', { without: ['one'] });
    await world.deploy('v4', { without: ['three'] });
    expect(known(world)).toEqual({ one: ['three v4'], two: ['three v4'], three: ['one v3'] });
    await world.deploy('v3', { without: ['one'] });
    expect(known(world)).toEqual({ one: ['three v4'], two: ['one v3'], three: ['one v3'] });
  }));
