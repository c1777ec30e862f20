import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { AccessoryCommand } from '../../src/pipeline/accessories/stories.ts';
import type { Behaviour } from '../fakes/images.ts';
import { inVirtualTime } from '../fakes/virtual-time.ts';
import { listen, makeWorld, stopListening, twoMachines, type World } from './world.ts';

const yaml = `${twoMachines}accessories:
  db: {image: registry.test:5000/db:1, host: one, port: "127.0.0.1:5432:5432", volumes: ["/srv/db:/data"], healthcheck: {start_period: 2, retries: 1, timeout: 1}}
  replica: {image: registry.test:5000/db:1, host: two, volumes: ["db-replica:/data"], depends_on: [db], healthcheck: {start_period: 2, retries: 1, timeout: 1}}
  cache: {image: registry.test:5000/cache:1, hosts: [one, two], healthcheck: {start_period: 2, retries: 1, timeout: 1}}
  search: {image: registry.test:5000/cache:1, host: two, depends_on: [cache], proxy: {host: search.example.com, ssl: {certificate_pem: CERT, private_key_pem: CERT_KEY}}, healthcheck: {start_period: 2, retries: 1, timeout: 1}}
`;

function fleet(): World {
  const world = makeWorld(yaml);
  world.registry.push('registry.test:5000/db:1', {});
  world.registry.push('registry.test:5000/cache:1', {});
  for (const machine of world.machines.values()) machine.directories.add('/srv/db');
  return world;
}

/** The tag points to another image from now on. */
function move(world: World, tag: string, behaviour: Behaviour): void {
  world.registry.push(`registry.test:5000/${tag}`, { behaviour });
}

const all = ['all'];
const everything = ['one shop-cache', 'one shop-db', 'two shop-cache', 'two shop-replica', 'two shop-search'];
const traffic = ['two shop-search shop-search'];
const names = (world: World) =>
  [...world.machines.values()].flatMap((machine) =>
    [...machine.containers.values()].map(({ name, state }) => `${machine.name} ${name} ${state}`),
  );
const idOf = (world: World, host: string, name: string) =>
  [...(world.machines.get(host)?.containers.values() ?? [])].find((container) => container.name === name)?.id;

describe('accessories', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('boot makes everything, each after what it depends on, and nothing a second time', () =>
    inVirtualTime(async () => {
      const world = fleet();
      expect((await world.accessory('boot', all)).failure).toBeUndefined();
      expect(world.running()).toEqual(everything);
      const before = names(world);
      const again = await world.accessory('boot', all);
      expect(again.exitStatus).toBe(0);
      expect(names(world)).toEqual(before);
      expect(again.events.some(({ type }) => type === 'plan-started')).toBe(false);
    }));

  it('reboot replaces one, and leaves nothing of the old one', () =>
    inVirtualTime(async () => {
      const world = fleet();
      await world.accessory('boot', all);
      const old = idOf(world, 'one', 'shop-db');
      expect((await world.accessory('reboot', ['db'])).failure).toBeUndefined();
      expect(idOf(world, 'one', 'shop-db')).not.toBe(old);
      expect(names(world).filter((line) => line.includes('shop-db'))).toEqual(['one shop-db running']);
    }));

  it('reboot never has two members of an accessory down', () =>
    inVirtualTime(async () => {
      const world = fleet();
      await world.accessory('boot', all);
      const journal: string[] = [];
      for (const machine of world.machines.values()) {
        machine.onCall = () => {
          journal.push(String(world.running().filter((line) => line.endsWith('shop-cache')).length));
        };
      }
      await world.accessory('reboot', ['cache']);
      expect(new Set(journal)).toEqual(new Set(['1', '2']));
    }));

  it('boot of several of which one fails leaves those running that got healthy, and with a mended image the rest comes', () =>
    inVirtualTime(async () => {
      for (const command of ['boot', 'upgrade', 'reboot'] as const) {
        const world = fleet();
        move(world, 'cache:1', { kind: 'exits', afterSeconds: 0.1, exitStatus: 3 });
        const { failure } = await world.accessory(command, all, { isParallel: true });
        expect(failure).toMatchObject({ exitStatus: 5, message: expect.stringContaining('what got healthy stays') });
        expect(failure?.details).toContain('one: db is new and healthy, and stays');
        expect(failure?.details.join('\n')).not.toMatch(/cache is new|search is new/);
        expect(world.running()).toContain('one shop-db');
        expect(world.running().join()).not.toMatch(/cache|search/);
        const id = idOf(world, 'one', 'shop-db');
        move(world, 'cache:1', { kind: 'healthy' });
        expect(await world.accessory('upgrade', all)).toMatchObject({ exitStatus: 0 });
        expect(await world.accessory('boot', all)).toMatchObject({ exitStatus: 0 });
        expect(world.running()).toEqual(everything);
        expect(idOf(world, 'one', 'shop-db')).toBe(id);
      }
    }));

  it('a new image that ran on a writable mount is stopped and kept beside the old one', () =>
    inVirtualTime(async () => {
      const world = fleet();
      await world.accessory('boot', all);
      const old = idOf(world, 'one', 'shop-db');
      move(world, 'db:1', { kind: 'deaf' });
      const { failure } = await world.accessory('upgrade', ['db']);
      expect(failure?.exitStatus).toBe(6);
      expect(failure?.details.join('\n')).toMatch(
        /docker rename \S+ shop-db && docker update --restart unless-stopped shop-db && docker start shop-db/,
      );
      const kept = [...(world.machines.get('one')?.containers.values() ?? [])].filter(({ name }) =>
        name.startsWith('shop-db'),
      );
      expect(kept.map(({ state }) => state)).toEqual(['exited', 'exited']);
      expect(kept.some(({ id }) => id === old)).toBe(true);
      for (const command of ['start', 'boot', 'upgrade', 'reboot', 'restart', 'apply'] as const) {
        const again = await world.accessory(command, ['db']);
        expect(again.failure?.exitStatus).toBe(3);
        expect(again.failure?.message).toMatch(
          /a person has to decide.*docker rename \S+ shop-db && docker update --restart unless-stopped shop-db && docker start shop-db/,
        );
      }
      expect(kept.map(({ state }) => state)).toEqual(['exited', 'exited']);
    }));

  it('the same image that does not get healthy makes room for the old one', () =>
    inVirtualTime(async () => {
      const world = fleet();
      await world.accessory('boot', all);
      const old = idOf(world, 'one', 'shop-cache');
      move(world, 'cache:1', { kind: 'exits', afterSeconds: 0.1, exitStatus: 3 });
      const { failure } = await world.accessory('upgrade', ['cache'], { isParallel: true });
      expect(failure?.exitStatus).toBe(5);
      expect(idOf(world, 'one', 'shop-cache')).toBe(old);
      expect(world.running()).toEqual(everything);
    }));

  it('one that crashes again and again is given up long before its time is over', () =>
    inVirtualTime(async () => {
      const world = fleet();
      await world.accessory('boot', all);
      move(world, 'cache:1', { kind: 'exits', afterSeconds: 0.1, exitStatus: 3 });
      const { failure, events } = await world.accessory('upgrade', ['cache']);
      expect(failure?.details.join('\n')).toMatch(/shop-cache exited [3-9] times/);
      const waited = events.flatMap((event) =>
        event.type === 'step-ended' && event.step.kind === 'wait-until-healthy' ? [event.seconds] : [],
      );
      expect(waited[0]).toBeLessThan(3);
    }));

  const moments = ['before', 'after'] as const;
  const commands: readonly AccessoryCommand[] = ['boot', 'reboot', 'upgrade'];

  it.each(
    commands.flatMap((command) => (['connection', 'network', 'kill'] as const).map((kind) => ({ command, kind }))),
  )(
    '$command can be cut ($kind) at every single step, and repeated to its right end',
    ({ command, kind }) =>
      inVirtualTime(async () => {
        const calls = await countCalls(command);
        const problems: string[] = [];
        for (const [host, count] of calls) {
          for (let call = 1; call <= count; call += 1) {
            for (const moment of moments) problems.push(...(await cutAt(command, kind, { host, call, moment })));
          }
        }
        expect([...calls.values()].every((count) => count > 4)).toBe(true);
        expect(problems).toEqual([]);
      }),
    120_000,
  );
});

/** For a reboot and an upgrade everything runs already; what is upgraded has another image in the registry. */
async function prepared(command: AccessoryCommand): Promise<World> {
  const world = fleet();
  if (command !== 'boot') expect((await world.accessory('boot', all)).exitStatus).toBe(0);
  if (command === 'upgrade') move(world, 'db:1', { kind: 'healthy' });
  return world;
}

async function countCalls(command: AccessoryCommand): Promise<Map<string, number>> {
  const world = await prepared(command);
  const calls = new Map<string, number>();
  listen(world, ({ moment }, { name }) => {
    if (moment === 'before') calls.set(name, (calls.get(name) ?? 0) + 1);
  });
  expect((await world.accessory(command, all)).failure).toBeUndefined();
  return calls;
}

async function cutAt(
  command: AccessoryCommand,
  kind: 'connection' | 'network' | 'kill',
  cut: { host: string; call: number; moment: 'before' | 'after' },
): Promise<string[]> {
  const world = await prepared(command);
  let [counted, isDead, wasCut] = [0, false, ''];
  const problems: string[] = [];
  listen(world, (call, machine) => {
    if (isDead) return 'cut';
    // Data that two processes write at once is lost.
    const twice = [...machine.containers.values()].filter(
      ({ state, body }) => state === 'running' && JSON.stringify(body.HostConfig['Binds']).includes('/data'),
    );
    if (twice.length > 1) problems.push(`two run on the same data: ${twice.map(({ name }) => name).join(', ')}`);
    if (machine.name !== cut.host) return undefined;
    if (call.moment === 'before') counted += 1;
    if (counted !== cut.call || call.moment !== cut.moment || wasCut !== '') return undefined;
    wasCut = call.name;
    if (kind === 'kill') isDead = true;
    if (kind !== 'connection') for (const other of world.machines.values()) other.cutAll();
    return 'cut';
  });
  const first = await world.accessory(command, all, { isDead: () => isDead });
  stopListening(world);
  if (wasCut === '') return [];
  if (kind !== 'kill' && ![0, 3, 5].includes(first.exitStatus))
    problems.push(`ended with ${first.exitStatus}: ${first.failure?.message} ${first.failure?.details.join('; ')}`);
  const second = await world.accessory(command, all);
  if (second.exitStatus !== 0)
    problems.push(
      `again ended with ${second.exitStatus}: ${second.failure?.message} ${second.failure?.details.join('; ')}`,
    );
  const left = names(world)
    .filter((line) => line.includes('shop-'))
    .toSorted();
  if (world.traffic().join() !== traffic.join()) problems.push(`traffic: ${world.traffic().join(', ')}`);
  if (left.join() !== everything.map((line) => `${line} running`).join()) problems.push(`there is: ${left.join(', ')}`);
  for (const machine of world.machines.values())
    problems.push(...[...machine.locks.keys()].map((lock) => `lock left: ${lock}`));
  return problems.map(
    (problem) =>
      `${kind} cut ${cut.moment} call ${cut.call} (${wasCut}) on ${cut.host}, which ended with ${first.exitStatus}: ${problem}`,
  );
}
