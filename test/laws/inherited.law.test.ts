import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, expect, test, vi } from 'vitest';
import { inVirtualTime } from '../fakes/virtual-time.ts';
import type { FakeMachine } from '../fakes/machine.ts';
import type { RunOptions } from './session.ts';
import { type Ended, listen, makeWorld, stopListening, twoMachines, type World } from './world.ts';

/** What a hook calls acts under the lock of the hook's own run, for as long as that one has it. */

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());
const scripts = mkdtempSync(join(tmpdir(), 'longshore-hooks-'));
afterAll(() => rmSync(scripts, { recursive: true }));
writeFileSync(join(scripts, 'pre-deploy'), '#!/bin/sh\n');

const lock = '.kamal/lock-shop';
const token = 'aa11bb22';
const yaml = `${twoMachines}hooks_path: ${scripts}
hooks: {pre-deploy: {run_on: hosts, roles: [worker]}}
accessories:
  cache: {image: registry.test:5000/cache:1, hosts: [one, two], healthcheck: {start_period: 2, retries: 1, timeout: 1}}
`;

async function prepared(): Promise<World> {
  const world = makeWorld(yaml);
  world.registry.push('registry.test:5000/cache:1', {});
  for (const version of ['v1', 'v2']) world.push(version);
  await world.deploy('v1', { command: 'setup' });
  return world;
}

const one = (world: World) => world.machines.get('one') as FakeMachine;
const seconds = () => Math.floor(Date.now() / 1000);
const ownerOf = (world: World) => one(world).locks.get(lock)?.lease?.ownerToken;
const warnings = ({ events }: Ended) => events.flatMap((event) => (event.type === 'warning' ? [event.text] : []));
const reboot = (world: World, options: RunOptions) => world.accessory('reboot', ['cache'], options);

/** The lock of a run that is alive, until it is told otherwise. @returns what its hook is lent, and what ends its signs of life */
function caller(world: World): { variables: Record<string, string>; die: () => void } {
  const hold = (renewedAtSeconds: number) =>
    one(world).locks.set(lock, {
      details: 'Locked by: caller',
      lease: { ownerToken: token, seconds: 15, renewedAtSeconds },
    });
  hold(seconds());
  const renewing = setInterval(() => hold(seconds()), 3000);
  return {
    variables: { KAMAL_LOCK: 'true', LONGSHORE_LOCK: `${token}:${seconds() + 1000}:shop:one` },
    die: () => clearInterval(renewing),
  };
}

test('a hook on a machine is lent the lock, and what it calls waits for nobody and leaves the lock to its run', () =>
  inVirtualTime(async () => {
    const world = await prepared();
    const told: Record<string, string>[] = [];
    for (const machine of world.machines.values()) {
      machine.onScript = (_script, env) => {
        told.push(env);
        return 0;
      };
    }
    let child: Ended | undefined;
    const beforeCall = async (call: string) => {
      if (call !== 'runScript') return;
      const turn = one(world).rosters.get('.kamal/longshore/shop/roster')?.turn;
      child = await reboot(world, { variables: { LONGSHORE_LOCK: `${ownerOf(world)}:${turn}:shop:one` } });
      expect(ownerOf(world)).toBeDefined();
    };
    const parent = await world.deploy('v2', { hooks: ['pre-deploy'], beforeCall });
    expect([parent.exitStatus, child?.exitStatus]).toEqual([0, 0]);
    expect(child?.events.some((event) => event.type === 'step-ended' && event.step.kind === 'start-container')).toBe(
      true,
    );
    expect(told[0]).toMatchObject({
      KAMAL_LOCK: 'true',
      LONGSHORE_LOCK: expect.stringMatching(/^[0-9a-f]{32}:\d+:shop:one$/),
    });
    expect(one(world).locks.size).toBe(0);
  }));

test.each(['another took it', 'it gave no sign of life'] as const)(
  'once its run has lost the lock at any single moment, as %s, it changes nothing more',
  (how) =>
    inVirtualTime(async () => {
      const wrong: string[] = [];
      let call = 1;
      for (; ; call += 1) {
        const found = await lostAt(call, how);
        if (found === undefined) break;
        wrong.push(...found);
      }
      expect(call).toBeGreaterThan(10);
      expect(wrong).toEqual([]);
    }),
  60_000,
);

async function lostAt(number: number, how: string): Promise<string[] | undefined> {
  const world = await prepared();
  const { variables, die } = caller(world);
  let [counted, lostIn] = [0, ''];
  const later: string[] = [];
  listen(world, ({ name, moment }, machine) => {
    if (name === 'enlist' || moment !== 'before') return;
    if (lostIn !== '') later.push(`${machine.name}: ${name}`);
    if ((counted += 1) < number || lostIn !== '') return;
    lostIn = `${name} on ${machine.name}`;
    die();
    vi.setSystemTime(Date.now() + 30_000);
    if (how !== 'another took it') return;
    const lease = { ownerToken: 'another', seconds: 15, renewedAtSeconds: seconds() };
    one(world).locks.set(lock, { details: 'Locked by: another', lease });
  });
  const ended = await reboot(world, { variables });
  stopListening(world);
  die();
  const where = `lost in call ${number} (${lostIn})`;
  const wrong = later.map((line) => `${where}: did ${line}`);
  const owner = lostIn !== '' && how === 'another took it' ? 'another' : token;
  if (ownerOf(world) !== owner) wrong.push(`${where}: the lock is ${ownerOf(world)}'s`);
  if (ended.exitStatus !== (lostIn === '' ? 0 : 4)) wrong.push(`${where}: ended with ${ended.exitStatus}`);
  return lostIn === '' && wrong.length === 0 ? undefined : wrong;
}

test('what is called after its run is over changes nothing, and says what is set', () =>
  inVirtualTime(async () => {
    const world = await prepared();
    const { variables, die } = caller(world);
    die();
    one(world).locks.delete(lock);
    const { failure } = await reboot(world, { variables });
    expect(failure).toMatchObject({ exitStatus: 4, hint: expect.stringContaining('unset LONGSHORE_LOCK') });
    // Neither of another file.
    const { LONGSHORE_LOCK } = variables;
    const other = { LONGSHORE_LOCK: LONGSHORE_LOCK?.replace(':shop:', ':mail:') };
    expect((await reboot(world, { variables: other })).exitStatus).toBe(0);
  }));

test('KAMAL_LOCK is believed where a lock of Kamal’s is held, on whichever machine, and nowhere else', () =>
  inVirtualTime(async () => {
    const world = await prepared();
    const variables = { KAMAL_LOCK: 'true' };
    const alone = await reboot(world, { variables });
    expect(alone.exitStatus).toBe(0);
    expect(warnings(alone)).toEqual([expect.stringContaining('KAMAL_LOCK=true is set here')]);
    expect(one(world).locks.size).toBe(0);

    caller(world).die();
    const beside = await reboot(world, { variables });
    expect([beside.exitStatus, ownerOf(world)]).toEqual([0, undefined]);
    expect(warnings(beside)).toEqual([expect.stringContaining('it is not believed')]);

    let deployed = 2;
    for (const version of ['v3', 'v4', 'v5', 'v6']) world.push(version);
    for (const machine of world.machines.values()) {
      machine.locks.set(lock, { details: 'Locked by: kamal' });
      const under = await reboot(world, { variables });
      expect([under.exitStatus, warnings(under)]).toEqual([0, []]);
      for (const hosts of [['one'], ['two']]) {
        const filtered = await world.deploy(`v${(deployed += 1)}`, { variables, hosts });
        expect([hosts, filtered.failure?.message, warnings(filtered)]).toEqual([hosts, undefined, []]);
      }
      expect(machine.locks.delete(lock)).toBe(true);
    }
  }));
