import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { Failure } from '../../src/errors.ts';
import { listen, makeWorld, stopListening, twoMachines, type World } from './world.ts';

/** An accessory with one file, which has changed here since it was booted. */

const place = mkdtempSync(join(tmpdir(), 'longshore-files-'));
export const local = join(place, 'proxy.cfg');
export const there = 'shop-proxy/etc/proxy.cfg';
const yaml = `${twoMachines}accessories:
  proxy: {image: registry.test:5000/proxy:1, host: one, files: ["${local}:/etc/proxy.cfg"], healthcheck: {start_period: 2, retries: 1, timeout: 1}}
`;

export async function booted(): Promise<World> {
  const world = makeWorld(yaml);
  world.registry.push('registry.test:5000/proxy:1', {});
  writeFileSync(local, 'old');
  expect((await world.accessory('boot', ['proxy'])).failure).toBeUndefined();
  writeFileSync(local, 'new');
  return world;
}

export const machineOf = (world: World) => {
  const machine = world.machines.get('one');
  if (machine === undefined) throw new Error('no machine one');
  return machine;
};
export const contentOf = (world: World) => machineOf(world).files.get(there)?.content;
export const filesBeside = (world: World) =>
  [...machineOf(world).files.keys()].filter((path) => path.includes('longshore-'));

/** A container that reads the new file crashes, and what runs reads the file as it was when it started. */
export function hear(world: World, onStart: (content: string) => void): void {
  listen(world, ({ name, moment, args }) => {
    if (name !== 'docker.startContainer' || moment !== 'before') return;
    const content = contentOf(world) ?? 'nothing';
    onStart(content);
    const container = machineOf(world).containers.get(String(args[0]));
    if (container !== undefined && content === 'new')
      Object.assign(container, {
        image: { ...container.image, behaviour: { kind: 'exits', afterSeconds: 0.1, exitStatus: 1 } },
      });
  });
}

/** An upgrade whose process dies once that was done. */
export async function killedAfter(world: World, call: string): Promise<void> {
  let isDead = false;
  listen(world, ({ name, moment }) => {
    if (isDead) return 'cut';
    isDead = name === call && moment === 'after';
    return isDead ? 'cut' : undefined;
  });
  await world.accessory('upgrade', ['proxy'], { isDead: () => isDead });
  stopListening(world);
}

/** The engine refuses the next start. */
export function failsOnce(world: World, onStart: (content: string) => void): void {
  let isRefused = false;
  listen(world, ({ name, moment }) => {
    if (name !== 'docker.startContainer' || moment !== 'before') return;
    onStart(contentOf(world) ?? 'nothing');
    if (isRefused) return;
    isRefused = true;
    throw new Failure('engine-refused', 'one: the port is taken');
  });
}
