import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { inVirtualTime } from '../fakes/virtual-time.ts';
import { listen, makeWorld, stopListening, twoMachines, type World } from './world.ts';

/** `broken`: a deploy whose worker exits after the traffic was switched, so that going back is cut too; `held`: the same, and it is not brought back. */
type Way = 'deploy' | 'rollback' | 'setup' | 'broken' | 'held';
const fleets = {
  'two machines with a worker': twoMachines,
  'web only, one machine at a time': `${twoMachines.replace(/^servers: .*$/m, 'servers: {web: [one, two]}').replace('proxy: {', 'proxy: {ssl: {certificate_pem: CERT, private_key_pem: CERT_KEY}, ')}boot: {limit: 1}\nasset_path: /assets:ro\nerror_pages_path: public\n`,
};
type FleetName = keyof typeof fleets;

const moments = ['before', 'during', 'after'] as const;

/** v1 and v2 were deployed; what happens next is cut. */
async function prepared(way: Way, fleet: FleetName): Promise<World> {
  const world = makeWorld(fleets[fleet]);
  world.push('v1');
  world.push('v2');
  world.push('v3');
  world.push(
    'bad',
    fleet === 'two machines with a worker'
      ? { kind: 'exits', afterSeconds: 1, exitStatus: 9 }
      : { kind: 'never-healthy' },
  );
  if (way === 'setup') return world;
  await world.deploy('v1', { command: 'setup' });
  await world.deploy('v2');
  return world;
}

/** What is run again in the end, and has to come out right. */
const target = { deploy: 'v3', setup: 'v3', rollback: 'v1', broken: 'v3', held: 'v3' };

function go(world: World, way: Way, given: Parameters<World['deploy']>[1] = {}) {
  // Where there is a certificate, it was renewed since.
  const options = { ...given, certificate: 'two' };
  if (way === 'rollback') return world.rollback('v1', options);
  return world.deploy(target[way], { ...options, command: way === 'setup' ? 'setup' : 'deploy' });
}

function goFirst(world: World, way: Way, options: Parameters<World['deploy']>[1] = {}) {
  if (way === 'held') return world.deploy('bad', { ...options, certificate: 'two', onFailure: 'hold' });
  return way === 'broken' ? world.deploy('bad', { ...options, certificate: 'two' }) : go(world, way, options);
}

/** How many changing calls the undisturbed run makes on each machine. */
async function countCalls(way: Way, fleet: FleetName): Promise<{ host: string; calls: number }[]> {
  const world = await prepared(way, fleet);
  const counts = new Map([...world.machines.keys()].map((name) => [name, 0]));
  listen(world, ({ moment }, machine) => {
    if (moment === 'before') counts.set(machine.name, (counts.get(machine.name) ?? 0) + 1);
  });
  const { exitStatus } = await goFirst(world, way);
  // Where all crash, or none gets traffic, everything serves as before.
  expect(exitStatus).toBe(way === 'broken' || way === 'held' ? 5 : 0);
  return [...counts].map(([host, calls]) => ({ host, calls }));
}

interface Cut {
  readonly host: string;
  readonly call: number;
  readonly moment: (typeof moments)[number];
}

function hasAssets({ config }: World): boolean {
  return config.roles.some(({ assets }) => assets !== undefined);
}

/** Cuts one moment of a run: `connection` that one, `network` all of them at once, `kill` the whole process with them. */
async function cutAt(way: Way, fleet: FleetName, cut: Cut, kind: 'connection' | 'network' | 'kill'): Promise<string[]> {
  const world = await prepared(way, fleet);
  const before = JSON.stringify([world.running(), world.traffic(), world.routeFiles()]);
  const problems: string[] = [];
  let counted = 0;
  let isDead = false;
  let wasCut = '';
  listen(world, (call, machine) => {
    if (isDead) return 'cut';
    // A bad version that exits by itself while traffic goes to it is no doing of ours.
    const broken = machine.brokenRoutes().filter((line) => !line.includes('shop-web-bad'));
    const lost = hasAssets(world) && way !== 'setup' ? world.missingAssets(['v1', 'v2']) : [];
    if (call.moment === 'after') {
      problems.push(...[...broken, ...lost].map((line) => `after ${call.name}: ${line}`));
    }
    if (machine.name !== cut.host) return undefined;
    if (call.moment === 'before') counted += 1;
    if (counted !== cut.call || call.moment !== cut.moment || wasCut !== '') return undefined;
    wasCut = call.name;
    if (kind === 'kill') isDead = true;
    if (kind !== 'connection') for (const other of world.machines.values()) other.cutAll();
    return 'cut';
  });
  const first = await goFirst(world, way, { isDead: () => isDead });
  stopListening(world);
  if (wasCut === '') return [];
  const where = `${way} cut ${kind} ${cut.moment} call ${cut.call} (${wasCut}) on ${cut.host}, which ended with ${first.exitStatus}`;
  if (kind !== 'kill') {
    if (!(way === 'held' ? [3, 5, 6] : [0, 3, 5]).includes(first.exitStatus))
      problems.push(`ended with ${first.exitStatus}: ${first.failure?.details.join('; ')}`);
    // Whatever says that what served before still serves has to be right.
    const isBack = JSON.stringify([world.running(), world.traffic(), world.routeFiles()]) === before;
    if (![0, 6].includes(first.exitStatus) && way !== 'held' && !isBack)
      problems.push(`not as before: ${world.running().join(', ')}; ${world.traffic().join(', ')}`);
    if (first.exitStatus === 0 && way === 'broken') problems.push('a version whose worker exits was called done');
  }

  const second = await go(world, way);
  const wanted = target[way];
  if (second.exitStatus !== 0)
    problems.push(
      `again ended with ${second.exitStatus}: ${second.failure?.message} ${second.failure?.details.join('; ')}`,
    );
  if (way !== 'rollback')
    problems.push(...(await world.plan(wanted, { certificate: 'two' })).map((line) => `left to do: ${line}`));
  problems.push(
    ...world
      .running()
      .filter((line) => !line.endsWith(`-${wanted}`))
      .map((line) => `also runs: ${line}`),
  );
  const expected = fleet === 'two machines with a worker' ? 3 : 2;
  if (world.running().length !== expected) problems.push(`${world.running().length} containers run`);
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
  if (hasAssets(world)) {
    const named = ['one', 'two'].flatMap((host) => [
      `${host} shop-web error_pages/${wanted}`,
      `${host} shop-web tls/web/two/cert.pem`,
    ]);
    if (world.routeFiles().join() !== named.join()) problems.push(`routes name ${world.routeFiles().join(', ')}`);
    const versions = way === 'setup' ? ['v3'] : ['v1', 'v2', wanted];
    problems.push(...world.missingAssets(versions).map((line) => `not found: ${line}`));
  }
  // The record survives every cut, so that the next rollback knows the way.
  world.push('v9');
  await world.deploy('v9', { certificate: 'two' });
  await world.rollback(undefined, { certificate: 'two' });
  problems.push(
    ...world
      .traffic()
      .filter((line) => !line.endsWith(`shop-web-${wanted}`))
      .map((line) => `rolled back: ${line}`),
  );
  return problems.map((problem) => `${where}: ${problem}`);
}

/** The law, for these ways on every fleet. In several files, so that they are tested side by side. */
export function canBeCutAtEveryStep(...ways: readonly Way[]): void {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());
  const cases = (Object.keys(fleets) as FleetName[]).flatMap((fleet) => ways.map((way) => ({ fleet, way })));
  describe.each(cases)('$way, $fleet', ({ fleet, way }) => {
    test.each(['connection', 'network', 'kill'] as const)(
      'can be cut at every single step (%s) and run again to its right end',
      (kind) =>
        inVirtualTime(async () => {
          const problems: string[] = [];
          let cuts = 0;
          for (const { host, calls } of await countCalls(way, fleet)) {
            expect(calls).toBeGreaterThan(5);
            for (let call = 1; call <= calls; call += 1) {
              for (const moment of moments) {
                problems.push(...(await cutAt(way, fleet, { host, call, moment }, kind)));
                cuts += 1;
              }
            }
          }
          expect(cuts).toBeGreaterThan(25);
          expect(problems).toEqual([]);
        }),
      120_000,
    );
  });
}
