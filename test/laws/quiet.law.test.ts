import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { watchedDirectory } from '../../src/containers/names.ts';
import type { FakeContainer } from '../fakes/containers.ts';
import { inVirtualTime } from '../fakes/virtual-time.ts';
import { listen, makeWorld, stopListening, twoMachines, type World, worldOn } from './world.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const quiet = 'quiet: {signal: TSTP, drained: drained, timeout: 20}';
const withRoles = (roles: string) => twoMachines.replace(/^servers: .*$/m, `servers: {${roles}}`);

/** Of `alone` two never run, whichever machine they are on. */
const fleets = {
  'a worker that is quieted': { yaml: withRoles(`web: [one], worker: {hosts: [one, two], ${quiet}}`), alone: [] },
  'a worker that moves to another machine': {
    yaml: withRoles(`web: [one, two], worker: {hosts: [two], ${quiet}}`),
    from: withRoles(`web: [one, two], worker: {hosts: [one], ${quiet}}`),
    alone: [],
  },
  'two that never overlap': {
    yaml: withRoles(`web: [one], clock: {hosts: [one], overlap: none}, mail: {hosts: [one], ${quiet}, overlap: none}`),
    alone: ['clock', 'mail'],
  },
  'a singleton that comes from another machine': {
    yaml: withRoles(`web: [one, two], clock: {hosts: [one], singleton: true, ${quiet}}`),
    from: withRoles(`web: [one, two], clock: {hosts: [two], singleton: true, ${quiet}}`),
    alone: ['clock'],
  },
} as const;
type FleetName = keyof typeof fleets;
const fleetNames = Object.keys(fleets) as FleetName[];

/** v1 and v2 were deployed. */
async function prepared(fleet: FleetName): Promise<World> {
  const wanted = fleets[fleet];
  const first = makeWorld('from' in wanted ? wanted.from : wanted.yaml);
  first.push('v1');
  first.push('v2');
  first.push('v3');
  first.push('bad', { kind: 'exits', afterSeconds: 1, exitStatus: 9 });
  await first.deploy('v1', { command: 'setup' });
  await first.deploy('v2');
  if (!('from' in wanted)) return first;
  return worldOn(first, wanted.yaml);
}

function up(world: World): { host: string; container: FakeContainer }[] {
  return [...world.machines].flatMap(([host, { containers }]) =>
    [...containers.values()].filter(({ state }) => state === 'running').map((container) => ({ host, container })),
  );
}

function roleOf({ container }: { container: FakeContainer }): string {
  return container.body.Labels?.['role'] ?? '';
}

function tooMany(world: World, fleet: FleetName): string[] {
  return fleets[fleet].alone.flatMap((role) => {
    const running = up(world).filter((one) => roleOf(one) === role);
    return running.length > 1 ? [running.map(({ host, container }) => `${host} ${container.name}`).join(' and ')] : [];
  });
}

function asleep(world: World): string[] {
  return up(world)
    .filter(({ container }) => container.quietSince !== undefined)
    .map(({ host, container }) => `${host} ${container.name}`);
}

function watchFiles(world: World): string[] {
  return [...world.machines.values()].flatMap(({ name, files }) =>
    [...files.keys()].filter((path) => path.includes('/watched/')).map((path) => `${name} ${path}`),
  );
}

describe.each(fleetNames)('%s', (fleet) => {
  test('a deploy leaves nothing to plan, nothing quiet and nothing watched', () =>
    inVirtualTime(async () => {
      const world = await prepared(fleet);
      const seen: string[] = [];
      const crowds: string[] = [];
      listen(world, ({ name, moment }) => {
        if (moment === 'after') seen.push(name);
        crowds.push(...tooMany(world, fleet));
      });
      const { failure } = await world.deploy('v3');
      stopListening(world);
      expect(failure).toBeUndefined();
      expect(crowds).toEqual([]);
      expect(seen).toContain('watch.over');
      expect(await world.plan('v3')).toEqual([]);
      expect([asleep(world), watchFiles(world)]).toEqual([[], []]);
      expect(world.running().every((line) => line.endsWith('-v3'))).toBe(true);
      expect((await world.rollback('v2')).failure).toBeUndefined();
      expect([asleep(world), watchFiles(world)]).toEqual([[], []]);
      expect(world.running().every((line) => line.endsWith('-v2'))).toBe(true);
    }));

  test('after a failure what was quieted takes jobs again, and all is as before', () =>
    inVirtualTime(async () => {
      const world = await prepared(fleet);
      const before = world.running();
      const crowds: string[] = [];
      let wereQuiet = 0;
      listen(world, () => {
        crowds.push(...tooMany(world, fleet));
        wereQuiet = Math.max(wereQuiet, asleep(world).length);
      });
      expect((await world.deploy('bad')).exitStatus).toBe(5);
      stopListening(world);
      expect(crowds).toEqual([]);
      expect(wereQuiet).toBeGreaterThan(0);
      expect(world.running()).toEqual(before);
      expect([asleep(world), watchFiles(world), world.remains('bad')]).toEqual([[], [], []]);
    }));

  test.each(['deploy', 'broken'] as const)(
    '%s can be cut at every single step and run again to its right end',
    (way) =>
      inVirtualTime(async () => {
        const problems: string[] = [];
        const calls = await countCalls(fleet, way);
        for (const { host, first, count } of calls) {
          // What comes before is cut by the other laws.
          for (let call = Math.max(first - 1, 1); call <= count; call += 1) {
            for (const moment of ['before', 'after'] as const) {
              for (const kind of ['connection', 'network', 'kill'] as const) {
                problems.push(...(await cutAt({ fleet, way, host, call, moment, kind })));
              }
            }
          }
        }
        expect(calls.some(({ count }) => count > 8)).toBe(true);
        expect(problems).toEqual([]);
      }),
    120_000,
  );
});

/** How many changing calls each machine gets, and how many it had got when the first container of all was watched over. */
async function countCalls(fleet: FleetName, way: 'deploy' | 'broken') {
  const world = await prepared(fleet);
  const calls = [...world.machines.keys()].map((host) => ({ host, first: 0, count: 0 }));
  let isWatching = false;
  listen(world, ({ name, moment }, machine) => {
    isWatching ||= name === 'watch.over';
    for (const one of calls) {
      if (one.host === machine.name && moment === 'before') one.count += 1;
      if (!isWatching) one.first = one.count;
    }
  });
  await world.deploy(way === 'broken' ? 'bad' : 'v3');
  return calls;
}

interface Cut {
  readonly fleet: FleetName;
  readonly way: 'deploy' | 'broken';
  readonly host: string;
  readonly call: number;
  readonly moment: 'before' | 'after';
  readonly kind: 'connection' | 'network' | 'kill';
}

async function cutAt({ fleet, way, host, call, moment, kind }: Cut): Promise<string[]> {
  const world = await prepared(fleet);
  const before = JSON.stringify([world.running(), world.traffic()]);
  const problems: string[] = [];
  let counted = 0;
  let isDead = false;
  let wasCut = '';
  listen(world, (heard, machine) => {
    problems.push(...tooMany(world, fleet).map((line) => `two at ${heard.moment} ${heard.name}: ${line}`));
    if (isDead) return 'cut';
    if (machine.name !== host) return undefined;
    if (heard.moment === 'before') counted += 1;
    if (counted !== call || heard.moment !== moment || wasCut !== '') return undefined;
    wasCut = heard.name;
    if (kind === 'kill') isDead = true;
    if (kind !== 'connection') for (const other of world.machines.values()) other.cutAll();
    return 'cut';
  });
  const first = await world.deploy(way === 'broken' ? 'bad' : 'v3', { isDead: () => isDead });
  // What the machines do by themselves does not take longer.
  await new Promise((resolve) => void setTimeout(resolve, 10_000));
  problems.push(...tooMany(world, fleet).map((line) => `two afterwards: ${line}`));
  problems.push(...asleep(world).map((line) => `left quiet: ${line}`));
  if (kind === 'kill') problems.push(...idleRoles(world, fleet).map((role) => `nobody does the work of ${role}`));
  else {
    const isBack = JSON.stringify([world.running(), world.traffic()]) === before;
    if (first.exitStatus !== 0 && !isBack) problems.push(`not as before: ${world.running().join(', ')}`);
    if (![0, 3, 5].includes(first.exitStatus)) problems.push(`ended with ${first.exitStatus}`);
    if (first.exitStatus === 0 && way === 'broken') problems.push('what exits was called done');
  }
  isDead = false;
  wasCut ||= 'never';
  const again = await world.deploy('v3');
  stopListening(world);
  if (again.failure !== undefined) problems.push(`again: ${again.failure.message} ${again.failure.details.join('; ')}`);
  problems.push(...(await world.plan('v3')).map((line) => `left to do: ${line}`));
  problems.push(...[...asleep(world), ...watchFiles(world)].map((line) => `left: ${line}`));
  problems.push(
    ...world
      .running()
      .filter((line) => !line.endsWith('-v3'))
      .map((line) => `also runs: ${line}`),
  );
  const where = `${way} cut ${kind} ${moment} call ${call} (${wasCut}) on ${host}, which ended with ${first.exitStatus}`;
  return problems.map((problem) => `${where}: ${problem}`);
}

/** Roles of which nothing runs. A singleton on its way between two machines may be at neither. */
function idleRoles(world: World, fleet: FleetName): string[] {
  const running = new Set(up(world).map(roleOf));
  return world.config.roles
    .map(({ name }) => name)
    .filter((role) => !running.has(role) && !(fleet.startsWith('a singleton') && role === 'clock'));
}

test('a machine that restarted while it put a worker back to work keeps nobody waiting', () =>
  inVirtualTime(async () => {
    const world = await prepared('a worker that is quieted');
    const old = up(world).find((one) => roleOf(one) === 'worker' && one.host === 'two')?.container;
    const marker = { directory: watchedDirectory(world.config), container: old?.id, state: 'quiet', token: 'gone' };
    const file = { content: JSON.stringify(marker), mode: '644' };
    world.machines.get('two')?.files.set(`${marker.directory}/${old?.id}.waking`, file);
    const started = Date.now();
    expect((await world.deploy('v3')).exitStatus).toBe(0);
    expect((Date.now() - started) / 1000).toBeLessThan(30);
    expect([watchFiles(world), asleep(world)]).toEqual([[], []]);
  }));
