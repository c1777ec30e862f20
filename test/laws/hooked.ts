import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect } from 'vitest';
import type { HookName } from '../../src/config/hooks.ts';
import { dyingIn, makeWorld, twoMachines, type World } from './world.ts';

/** A service with hooks on two machines, in which v1 serves. */

export const scripts = mkdtempSync(join(tmpdir(), 'longshore-hooks-'));
afterAll(() => rmSync(scripts, { recursive: true }));
for (const name of ['pre-deploy', 'deploy-failed']) writeFileSync(join(scripts, name), '#!/bin/sh\n');

export const yaml = `${twoMachines}hooks_path: ${scripts}
hooks: {pre-deploy: {run_on: hosts}, deploy-failed: {run_on: hosts}}
`;
export const both: readonly HookName[] = ['pre-deploy', 'deploy-failed'];

export interface Told {
  readonly host: string;
  readonly hook: string;
  readonly env: Readonly<Record<string, string>>;
  readonly isLocked: boolean;
}

/** v1 serves. `told` hears of every hook on a machine, which does what `status` answers. */
export async function serving(status: (told: Told) => number = () => 0): Promise<{ world: World; told: Told[] }> {
  const world = makeWorld(yaml);
  world.push('v1');
  world.push('v2');
  world.push('bad', { kind: 'never-healthy' });
  expect((await world.deploy('v1', { command: 'setup' })).exitStatus).toBe(0);
  const told: Told[] = [];
  for (const machine of world.machines.values()) {
    machine.onScript = (_script, env) => {
      const isLocked = (world.machines.get('one')?.locks.size ?? 0) > 0;
      const hook = machine.journal.at(-1)?.replace('run ', '') ?? '';
      const one = { host: machine.name, hook, env, isLocked };
      told.push(one);
      return status(one);
    };
  }
  return { world, told };
}

/** Machines run a hook side by side, so their order is nobody's. */
export const failing = (told: readonly Told[]) =>
  told.filter(({ hook }) => hook === 'deploy-failed').toSorted((a, b) => (a.host < b.host ? -1 : 1));
export const notes = (world: World) =>
  [...world.machines.values()].flatMap(({ name, files }) => (files.has('.kamal/shop-unfinished.json') ? [name] : []));

/** A run that dies at its first start of a container. */
export async function killed(): Promise<{ world: World; told: Told[] }> {
  const { world, told } = await serving();
  await dyingIn(world, 'v2', ({ name }) => name === 'docker.startContainer', { hooks: both });
  expect(notes(world)).toEqual(['one', 'two']);
  told.length = 0;
  return { world, told };
}
