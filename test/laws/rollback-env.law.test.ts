import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { inVirtualTime } from '../fakes/virtual-time.ts';
import { makeWorld, twoMachines, type World } from './world.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** v1 was deployed with one greeting, v2 with another and with one variable more. */
async function changed(): Promise<World> {
  const world = makeWorld();
  world.push('v1');
  await world.deploy('v1', { command: 'setup', run: 'first' });
  const later = twoMachines.replace('GREETING: hello', 'GREETING: good day, NEW: thing');
  Object.assign(world, { config: makeWorld(later).config });
  world.push('v2');
  expect((await world.deploy('v2', { run: 'second' })).exitStatus).toBe(0);
  return world;
}

const greetings = ({ machines }: World) =>
  [...machines.values()]
    .flatMap(({ containers }) => [...containers.values()])
    .filter(({ name, state }) => state === 'running' && name.startsWith('shop-web'))
    .flatMap(({ body }) => (body.Env ?? []).filter((line) => line.startsWith('GREETING=')));

test('variables that changed since stop a rollback before anything is done, by name', () =>
  inVirtualTime(async () => {
    const world = await changed();
    const before = [world.running(), world.traffic()];
    const { exitStatus, failure } = await world.rollback('v1', { run: 'third' });
    expect(exitStatus).toBe(3);
    expect(failure?.details).toEqual(
      ['one web', 'two web', 'two worker'].flatMap((where) => [
        `${where}: env GREETING differs`,
        `${where}: env NEW is missing`,
      ]),
    );
    expect(failure?.hint).toContain('`longshore rollback v1 --env release`');
    expect([world.running(), world.traffic()]).toEqual(before);
  }));

test('--env release starts the containers as they were', () =>
  inVirtualTime(async () => {
    const world = await changed();
    const { exitStatus, events } = await world.rollback('v1', { run: 'third', env: 'release' });
    expect(exitStatus).toBe(0);
    expect(greetings(world)).toEqual(['GREETING=hello', 'GREETING=hello']);
    expect(events).toContainEqual({
      type: 'note',
      text: 'one web: env GREETING differs, and stays as it was in that release',
    });
  }));

test('--env current makes them again from the image that release had, by its digest', () =>
  inVirtualTime(async () => {
    const world = await changed();
    const { exitStatus } = await world.rollback('v1', { run: 'third', env: 'current' });
    expect(exitStatus).toBe(0);
    expect(greetings(world)).toEqual(['GREETING=good day', 'GREETING=good day']);
    expect(world.running().every((line) => line.endsWith('-v1'))).toBe(true);
    expect(await world.plan('v1')).toEqual([]);
  }));

test('a tag that holds another build by now is no way back with the variables of today', () =>
  inVirtualTime(async () => {
    const world = await changed();
    for (const machine of world.machines.values()) {
      for (const [id, image] of machine.images) {
        if (image.tags.has('registry.test:5000/shop:v1')) machine.images.delete(id);
      }
    }
    world.push('v1', { kind: 'healthy', afterSeconds: 1 });
    const before = [world.running(), world.traffic()];
    const { failure } = await world.rollback('v1', { run: 'third', env: 'current' });
    expect(failure?.code).toBe('deploy-reverted');
    expect(failure?.exitStatus).toBeLessThanOrEqual(3);
    expect([world.running(), world.traffic()]).toEqual(before);
  }));

test('nothing is asked when only other settings changed, or nothing', () =>
  inVirtualTime(async () => {
    const world = makeWorld();
    for (const version of ['v1', 'v2']) {
      world.push(version);
      await world.deploy(version, { command: version === 'v1' ? 'setup' : 'deploy', run: version });
    }
    Object.assign(world, { config: makeWorld(`${twoMachines}labels: {team: one}\n`).config });
    expect((await world.rollback('v1', { run: 'third' })).exitStatus).toBe(0);
  }));
