import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Values } from '../../src/config/config.ts';
import { inVirtualTime } from '../fakes/virtual-time.ts';
import { makeWorld, twoMachines, type World } from './world.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const nasty = twoMachines.replace('GREETING: hello', 'GREETING: "a\\nb", HOME_OF: "${USER}", NOTHING: ""');

/** What a container of Kamal's is, as far as machines can tell. */
function asIfByKamal(world: World): void {
  for (const { containers } of world.machines.values()) {
    for (const { body } of containers.values()) delete body.Labels?.['longshore.values'];
  }
}

function decide(world: World, values: Values): void {
  Object.assign(world, { config: { ...world.config, values } });
}

async function deployedByKamal(): Promise<World> {
  const world = makeWorld(nasty);
  const config = world.config;
  decide(world, 'kamal');
  world.push('v1');
  world.push('v2');
  expect(await world.deploy('v1')).toMatchObject({ exitStatus: 0 });
  asIfByKamal(world);
  Object.assign(world, { config });
  return world;
}

const envOf = (world: World, name: string) =>
  [...(world.machines.get('two')?.containers.values() ?? [])].find((container) => container.name === name)?.body.Env;

test('over containers of Kamal’s a deploy stops before anything changes, until the file says how values arrive', () =>
  inVirtualTime(async () => {
    const world = await deployedByKamal();
    const journals = () =>
      [...world.machines.values()].map(({ journal }) => journal.filter((line) => !/lock/.test(line)));
    const before = structuredClone(journals());
    expect(await world.plan('v1')).toEqual([]);
    const { exitStatus, failure } = await world.deploy('v2');
    expect(exitStatus).toBe(3);
    expect(failure).toMatchObject({ code: 'values-undecided' });
    expect(failure?.details).toEqual(
      ['web', 'worker'].flatMap((role) => [
        `env GREETING of ${role}: with Kamal a line break is \\n`,
        `env HOME_OF of ${role}: with Kamal the machine’s shell fills in \${…}`,
        `env NOTHING of ${role}: with Kamal an empty value is none, or the machine’s own of that name`,
      ]),
    );
    expect(failure?.hint).toMatch(/`values: kamal`.*`values: exact`.*`x-longshore: {values: …}`/);
    expect(journals()).toEqual(before);
  }));

test('a deploy that makes no container over them goes on', () =>
  inVirtualTime(async () => {
    const world = await deployedByKamal();
    expect(await world.deploy('v1')).toMatchObject({ exitStatus: 0 });
  }));

test.each([
  ['kamal', ['GREETING=a\\nb', 'HOME_OF=deploy', 'NOTHING']],
  ['exact', ['GREETING=a\nb', 'HOME_OF=${USER}', 'NOTHING=']],
] as const)('with values: %s it goes on, and leaves nothing to plan', (values, env) =>
  inVirtualTime(async () => {
    const world = await deployedByKamal();
    decide(world, values);
    const planned = await world.plan('v1');
    if (values === 'kamal') expect(planned).toEqual([]);
    else expect(planned.join()).toContain('env GREETING arrives differently: with Kamal a line break is \\n');
    expect(await world.deploy('v2')).toMatchObject({ exitStatus: 0 });
    expect(envOf(world, 'shop-worker-v2')).toEqual(expect.arrayContaining([...env]));
    expect(await world.plan('v2')).toEqual([]);
  }),
);

test('the file’s word is a difference to be made true, either way', () =>
  inVirtualTime(async () => {
    const world = await deployedByKamal();
    for (const values of ['exact', 'kamal', 'exact'] as const) {
      decide(world, values);
      expect((await world.plan('v1')).length).toBeGreaterThan(0);
      expect(await world.deploy('v1')).toMatchObject({ exitStatus: 0 });
      expect(await world.plan('v1')).toEqual([]);
    }
  }));

test('on empty machines values arrive exactly, and a note says so', () =>
  inVirtualTime(async () => {
    const world = makeWorld(nasty);
    world.push('v1');
    world.push('v2');
    for (const version of ['v1', 'v2']) {
      const { exitStatus, events } = await world.deploy(version);
      expect(exitStatus).toBe(0);
      const notes = events.flatMap((event) => (event.type === 'note' ? [event.text] : []));
      expect(notes.at(-1)).toContain('these values arrive as they are written');
    }
    expect(envOf(world, 'shop-worker-v2')).toContain('GREETING=a\nb');
  }));

test('where both ways are the same nothing is said', () =>
  inVirtualTime(async () => {
    const world = makeWorld();
    world.push('v1');
    world.push('v2');
    await world.deploy('v1');
    asIfByKamal(world);
    const { exitStatus, events } = await world.deploy('v2');
    expect(exitStatus).toBe(0);
    expect(events.filter(({ type }) => type === 'note')).toEqual([]);
  }));
