import { expect } from 'vitest';
import type { FakeImage } from '../fakes/images.ts';
import { dyingIn, makeWorld, twoMachines, type World } from './world.ts';

export const yaml = `${twoMachines}release: {cmd: bin/migrate, timeout: 60}\n`;
type Release = NonNullable<FakeImage['release']>;

/** v1 serves; v2's command does what is said. */
export async function serving(text = yaml, release?: Release): Promise<World> {
  const world = makeWorld(text);
  world.push('v1');
  world.push('v2', { kind: 'healthy' }, release);
  world.push('v3');
  expect((await world.deploy('v1', { command: 'setup' })).failure).toBeUndefined();
  return world;
}

export const journal = (world: World) => [...world.machines.values()].flatMap((machine) => machine.journal);
/** How often the command of a version was begun, on all machines. */
export const runs = (world: World, version: string) =>
  journal(world).filter((line) => line === `start container shop-web-release-${version}`).length;
export const left = (world: World) =>
  [...world.machines.values()].flatMap(({ containers }) =>
    [...containers.values()].map(({ name }) => name).filter((name) => name.includes('-release-')),
  );
export const records = (world: World, host: string) =>
  (world.machines.get(host)?.files.get('.kamal/shop-releases.jsonl')?.content ?? '')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Record<string, unknown>);

/** The process dies while v2's command is at work. */
export async function killedInRelease(world: World): Promise<void> {
  await dyingIn(
    world,
    'v2',
    ({ name, moment }) =>
      name === 'docker.startContainer' &&
      moment === 'after' &&
      world.running().some((line) => line.includes('-release-')),
  );
}
