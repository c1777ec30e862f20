import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Failure } from '../../src/errors.ts';
import { accessoryStatuses } from '../../src/pipeline/accessories/status.ts';
import { connectFleet } from '../../src/pipeline/connecting.ts';
import { restartEngine } from '../fakes/containers.ts';
import type { Behaviour } from '../fakes/images.ts';
import { inVirtualTime } from '../fakes/virtual-time.ts';
import { sessionOf } from './session.ts';
import { dyingAt, listen, makeWorld, stopListening, twoMachines, type World } from './world.ts';

/** What a replacement that was cut off left is told as that, and what runs after the next failure is what ran before the cut. */

const soon = 'healthcheck: {start_period: 2, retries: 1, timeout: 1}';
const yaml = `${twoMachines}accessories:
  queue: {image: registry.test:5000/queue:1, host: two, ${soon}}
`;
const crashing: Behaviour = { kind: 'exits', afterSeconds: 0.1, exitStatus: 3 };

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

async function booted(): Promise<World> {
  const world = makeWorld(yaml);
  world.registry.push('registry.test:5000/queue:1', {});
  expect((await world.accessory('boot', ['queue'])).failure).toBeUndefined();
  world.registry.push('registry.test:5000/queue:1', { behaviour: crashing });
  return world;
}

/** `accessory upgrade`, whose process dies at a call. @returns the call's name; empty when it never came */
async function upgradeKilledAt(world: World, call: number, moment: 'before' | 'after'): Promise<string> {
  return dyingAt(world, { number: call, moment }, (options) => world.accessory('upgrade', ['queue'], options));
}

async function killedAfter(world: World, name: string, nth: number): Promise<void> {
  let [isDead, seen] = [false, 0];
  listen(world, (heard) => {
    if (isDead) return 'cut';
    if (heard.name === name && heard.moment === 'after') seen += 1;
    isDead = seen === nth;
    return isDead ? 'cut' : undefined;
  });
  await world.accessory('upgrade', ['all'], { isDead: () => isDead });
  stopListening(world);
}

const containers = (world: World) =>
  [...world.machines.values()]
    .flatMap((machine) => [...machine.containers.values()])
    .filter(({ name }) => name.startsWith('shop-queue'));

describe('an upgrade that was cut off and is typed again, and whose new container crashes', () => {
  it('says that everything runs as before only when it does, at whatever call it was cut', () =>
    inVirtualTime(async () => {
      const problems: string[] = [];
      for (let call = 1, wasCut = ''; call === 1 || wasCut !== ''; call += 1) {
        for (const moment of ['before', 'after'] as const) {
          const world = await booted();
          const [old] = containers(world);
          wasCut = await upgradeKilledAt(world, call, moment);
          if (wasCut === '') break;
          const again = await world.accessory('upgrade', ['queue']);
          const isBack = old?.state === 'running' && old.name === 'shop-queue' && containers(world).length === 1;
          if (again.exitStatus !== 6 && !isBack)
            problems.push(`killed ${moment} call ${call} (${wasCut}): ${again.exitStatus} ${again.failure?.message}`);
        }
        expect(call).toBeLessThan(100);
      }
      expect(problems).toEqual([]);
    }));

  it.each(['docker.stopContainer', 'docker.renameContainer'])('brings back what ran before the cut after %s', (name) =>
    inVirtualTime(async () => {
      for (let nth = 1; nth <= (name === 'docker.renameContainer' ? 2 : 1); nth += 1) {
        const world = await booted();
        const [old] = containers(world);
        await killedAfter(world, name, nth);
        const { failure } = await world.accessory('upgrade', ['queue']);
        expect(failure).toMatchObject({ exitStatus: 5, message: expect.stringContaining('everything runs as before') });
        expect(containers(world)).toEqual([expect.objectContaining({ id: old?.id, state: 'running' })]);
      }
    }),
  );

  it('brings it back also where the command typed again fails before it comes to that one', () =>
    inVirtualTime(async () => {
      const world = await booted();
      const [old] = containers(world);
      await killedAfter(world, 'docker.renameContainer', 1);
      listen(world, ({ name, moment, args }) => {
        if (name === 'writeFile' && moment === 'before' && String(args[0]).endsWith('queue.env'))
          throw new Failure('host-command-failed', 'two: the disk is full.');
      });
      const { failure } = await world.accessory('upgrade', ['queue']);
      expect(failure?.message).toContain('everything runs as before');
      expect(containers(world).find(({ id }) => id === old?.id)).toMatchObject({
        name: 'shop-queue',
        state: 'running',
      });
    }));

  it.each(['', 'docker.createContainer'])('leaves what somebody had stopped as it is, after a cut at %j', (call) =>
    inVirtualTime(async () => {
      const world = await booted();
      if (call !== '') await killedAfter(world, call, 1);
      expect(world.running()).toEqual(['two shop-queue']);
      await world.accessory('stop', ['queue']);
      expect(await world.accessory('upgrade', ['queue'])).toMatchObject({ exitStatus: 5 });
      expect(world.running()).toEqual([]);
    }),
  );
});

describe('an upgrade with data that was cut off while it waited, whose new container has been well ever since', () => {
  const db = 'registry.test:5000/db:1';
  const withData = `${twoMachines}accessories:
  db: {image: "${db}", host: one, port: "127.0.0.1:5432:5432", volumes: ["shop-db:/data"], options: {restart: always}, healthcheck: {start_period: 30, retries: 1, timeout: 1}}
`;

  async function cutOff(next: Behaviour, [call, nth]: [string, number]): Promise<World> {
    const world = makeWorld(withData);
    world.push('v1');
    world.registry.push(db, {});
    expect((await world.accessory('boot', ['db'])).failure).toBeUndefined();
    world.registry.push(db, { behaviour: next });
    await killedAfter(world, call, nth);
    await new Promise((resolve) => setTimeout(resolve, 3_600_000));
    return world;
  }

  it('is told by a deploy and by status with the command that finishes it, and is not held when it was stopped since', () =>
    inVirtualTime(async () => {
      const world = await cutOff({ kind: 'healthy', afterSeconds: 10 }, ['docker.startContainer', 1]);
      const { events } = await world.deploy('v1');
      const notes = events.flatMap((event) => (event.type === 'note' ? [event.text] : [])).join('\n');
      expect(notes).toMatch(/one: db .*cut off.*`longshore accessory upgrade db` finishes it/);

      const session = sessionOf(world, {}, []);
      const fleet = await connectFleet(session, ['one']);
      const [observed] = (await fleet.observe({})).hosts;
      await fleet.close();
      const told = observed && accessoryStatuses(session, observed, []);
      expect(told).toMatchObject([{ name: 'db', unfinished: 'longshore accessory upgrade db' }]);

      for (const command of ['stop', 'start'] as const)
        expect((await world.accessory(command, ['db'])).failure, command).toBeUndefined();
      expect((await world.accessory('upgrade', ['db'])).failure).toBeUndefined();
      expect(named(world)).toEqual(['shop-db running']);
    }));

  it.each(['docker.setRestartPolicy', 'docker.stopContainer'])(
    'is held once a run has given it up, also when that one was cut off in turn, by its second %s',
    (call) =>
      inVirtualTime(async () => {
        const world = await cutOff({ kind: 'deaf' }, [call, 2]);
        const machine = world.machines.get('one') ?? expect.fail('no machine one');
        for (const isRestarted of [false, true]) {
          if (isRestarted) restartEngine(machine);
          for (const command of ['start', 'upgrade'] as const)
            expect(await world.accessory(command, ['db']), command).toMatchObject({ exitStatus: 3 });
        }
      }),
  );

  const named = (world: World) =>
    [...(world.machines.get('one')?.containers.values() ?? [])]
      .filter(({ name }) => name.startsWith('shop-db'))
      .map(({ name, state }) => `${name} ${state}`);
});
