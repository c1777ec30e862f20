import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { inVirtualTime } from '../fakes/virtual-time.ts';
import { listen, makeWorld, stopListening, twoMachines, type World } from './world.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** `broken`: a deploy whose worker exits after the traffic was switched, so that going back is cut too. */
type Way = 'deploy' | 'rollback' | 'setup' | 'broken';
const moments = ['before', 'during', 'after'] as const;

/** v1 and v2 were deployed; what happens next is cut. */
async function prepared(way: Way): Promise<World> {
  const world = makeWorld(twoMachines);
  world.push('v1');
  world.push('v2');
  world.push('v3');
  world.push('bad', { kind: 'exits', afterSeconds: 1, exitStatus: 9 });
  if (way === 'setup') return world;
  await world.deploy('v1', { command: 'setup' });
  await world.deploy('v2');
  return world;
}

/** What is run again in the end, and has to come out right. */
const target = { deploy: 'v3', setup: 'v3', rollback: 'v1', broken: 'v3' };

function go(world: World, way: Way, options: Parameters<World['deploy']>[1] = {}) {
  if (way === 'rollback') return world.rollback('v1', options);
  return world.deploy(target[way], { ...options, command: way === 'setup' ? 'setup' : 'deploy' });
}

function goFirst(world: World, way: Way, options: Parameters<World['deploy']>[1] = {}) {
  return way === 'broken' ? world.deploy('bad', options) : go(world, way, options);
}

/** How many changing calls the undisturbed run makes on each machine. */
async function countCalls(way: Way): Promise<{ host: string; calls: number }[]> {
  const world = await prepared(way);
  const counts = new Map([...world.machines.keys()].map((name) => [name, 0]));
  listen(world, ({ moment }, machine) => {
    if (moment === 'before') counts.set(machine.name, (counts.get(machine.name) ?? 0) + 1);
  });
  expect((await goFirst(world, way)).exitStatus).toBe(way === 'broken' ? 5 : 0);
  return [...counts].map(([host, calls]) => ({ host, calls }));
}

interface Cut {
  readonly host: string;
  readonly call: number;
  readonly moment: (typeof moments)[number];
}

/** Cuts one moment of a run; `kill` ends the whole process with it, else only that connection. */
async function cutAt(way: Way, cut: Cut, kind: 'connection' | 'kill'): Promise<string[]> {
  const world = await prepared(way);
  const problems: string[] = [];
  let counted = 0;
  let isDead = false;
  let wasCut = '';
  listen(world, (call, machine) => {
    if (isDead) return 'cut';
    if (call.moment === 'after') problems.push(...machine.brokenRoutes().map((line) => `after ${call.name}: ${line}`));
    if (machine.name !== cut.host) return undefined;
    if (call.moment === 'before') counted += 1;
    if (counted !== cut.call || call.moment !== cut.moment || wasCut !== '') return undefined;
    wasCut = call.name;
    if (kind === 'kill') {
      isDead = true;
      for (const other of world.machines.values()) other.cutAll();
    }
    return 'cut';
  });
  const first = await goFirst(world, way, { isDead: () => isDead });
  stopListening(world);
  if (wasCut === '') return [];
  const where = `${way} cut ${kind} ${cut.moment} call ${cut.call} (${wasCut}) on ${cut.host}, which ended with ${first.exitStatus}`;
  if (kind === 'connection' && !(way === 'broken' ? [3, 5] : [0, 3, 5]).includes(first.exitStatus))
    problems.push(`ended with ${first.exitStatus}: ${first.failure?.details.join('; ')}`);

  const second = await go(world, way);
  const wanted = target[way];
  if (second.exitStatus !== 0)
    problems.push(
      `again ended with ${second.exitStatus}: ${second.failure?.message} ${second.failure?.details.join('; ')}`,
    );
  if (way !== 'rollback') problems.push(...(await world.plan(wanted)).map((line) => `left to do: ${line}`));
  problems.push(
    ...world
      .running()
      .filter((line) => !line.endsWith(`-${wanted}`))
      .map((line) => `also runs: ${line}`),
  );
  if (world.running().length !== 3) problems.push(`${world.running().length} containers run`);
  problems.push(
    ...world
      .traffic()
      .filter((line) => !line.endsWith(`shop-web-${wanted}`))
      .map((line) => `traffic: ${line}`),
  );
  for (const machine of world.machines.values()) {
    problems.push(
      ...[...machine.locks.keys()].map((lock) => `lock left: ${machine.name} ${lock}`),
      ...machine.brokenRoutes(),
    );
  }
  return problems.map((problem) => `${where}: ${problem}`);
}

describe.each(['deploy', 'rollback', 'setup', 'broken'] as const)('%s, on two machines', (way) => {
  test.each(['connection', 'kill'] as const)(
    'can be cut at every single step (%s) and run again to its right end',
    (kind) =>
      inVirtualTime(async () => {
        const problems: string[] = [];
        let cuts = 0;
        for (const { host, calls } of await countCalls(way)) {
          expect(calls).toBeGreaterThan(5);
          for (let call = 1; call <= calls; call += 1) {
            for (const moment of moments) {
              problems.push(...(await cutAt(way, { host, call, moment }, kind)));
              cuts += 1;
            }
          }
        }
        expect(cuts).toBeGreaterThan(30);
        expect(problems).toEqual([]);
      }),
    120_000,
  );
});
