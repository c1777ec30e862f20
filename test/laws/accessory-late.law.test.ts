import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Failure } from '../../src/errors.ts';
import { startContainer } from '../fakes/containers.ts';
import type { FakeMachine } from '../fakes/machine.ts';
import { inVirtualTime } from '../fakes/virtual-time.ts';
import { listen, makeWorld, stopListening, twoMachines, type World } from './world.ts';

const soon = 'start_period: 2, retries: 1, timeout: 1';
const crashing = { kind: 'exits', afterSeconds: 0.1, exitStatus: 3 } as const;
const yaml = (more: string, health: string) => `${twoMachines}accessories:
  db: {image: registry.test:5000/db:1, host: one, volumes: ["shop-db:/data"], ${more} healthcheck: {${health}}}
  queue: {image: registry.test:5000/queue:1, host: two, healthcheck: {${soon}}}
`;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

async function booted(more: string, health = soon): Promise<{ world: World; one: FakeMachine; old: string }> {
  const world = makeWorld(yaml(more, health));
  for (const name of ['db', 'queue']) world.registry.push(`registry.test:5000/${name}:1`, {});
  expect((await world.accessory('boot', ['all'])).exitStatus).toBe(0);
  const one = world.machines.get('one') ?? expect.fail('no machine');
  return { world, one, old: [...one.containers.keys()].at(-1) ?? expect.fail('no container') };
}

const runningOn = ({ containers }: FakeMachine) =>
  [...containers.values()].filter(({ state }) => state === 'running' || state === 'restarting');

/** The start of the new container is lost, refused when it is tried again, and comes before this call of the way back. */
async function lateAt(more: string, nth: number) {
  const { world, one, old } = await booted(more);
  world.registry.push('registry.test:5000/db:1', { labels: { moved: 'yes' } });
  let [next, wasRefused, calls, most, hasCome] = ['', false, 0, 0, false];
  listen(world, ({ name, moment, args }, machine) => {
    if (machine !== one) return undefined;
    most = Math.max(most, runningOn(one).length);
    if (moment !== 'before') return undefined;
    if (name === 'docker.startContainer' && args[0] !== old) {
      if (next === '') {
        next = String(args[0]);
        return 'cut';
      }
      wasRefused = true;
      throw new Failure('engine-refused', 'one: refused');
    }
    calls += wasRefused ? 1 : 0;
    const container = one.containers.get(next);
    if (wasRefused && calls === nth && container !== undefined) {
      hasCome = true;
      startContainer(one, container);
    }
    return undefined;
  });
  const { failure } = await world.accessory('upgrade', ['db']);
  stopListening(world);
  return { world, failure, one, old, calls, most, hasCome, wasRefused };
}

const policiesOn = ({ containers }: FakeMachine) =>
  [...containers.values()].map(({ id, name, body }) => {
    const { Name: policy } = body.HostConfig['RestartPolicy'] as { Name: string };
    return `${name.replace(/_replaced_.*/, '_replaced')} ${policy} ${id}`;
  });

describe('the way back of an accessory', () => {
  it.each(['revert: true,', ''])('never runs two containers on its data, whenever a lost start comes: %s', (more) =>
    inVirtualTime(async () => {
      let [came, nth, calls] = [0, 1, 1];
      for (; nth <= calls; nth += 1) {
        const ended = await lateAt(more, nth);
        const { failure, one, old, most } = ended;
        ({ calls } = ended);
        expect(ended.wasRefused).toBe(true);
        const where = `call ${nth}: ${failure?.details.join('\n')}`;
        came += ended.hasCome ? 1 : 0;
        expect(most, where).toBe(1);
        const isHeld = ended.hasCome && more === '';
        expect(failure?.exitStatus, where).toBe(isHeld ? 6 : 5);
        expect(
          runningOn(one).map(({ id, name }) => [id, name]),
          where,
        ).toEqual(isHeld ? [] : [[old, 'shop-db']]);
        expect(one.containers.size, where).toBe(isHeld ? 2 : 1);
        if (!isHeld) continue;
        expect(policiesOn(one), where).toEqual([`shop-db_replaced no ${old}`, expect.stringMatching(/^shop-db no /)]);
        for (const command of ['start', 'upgrade'] as const)
          expect((await ended.world.accessory(command, ['db'])).failure, where).toMatchObject({ exitStatus: 3 });
        expect(runningOn(one), where).toEqual([]);
      }
      expect(came).toBeGreaterThan(1);
    }),
  );

  it.each([1, 4])('comes to its end when the engine refuses the start of the old one %i times', (times) =>
    inVirtualTime(async () => {
      const { world, one, old } = await booted('revert: true,');
      world.registry.push('registry.test:5000/db:1', { behaviour: crashing });
      let refused = 0;
      listen(world, ({ name, moment, args }) => {
        if (name !== 'docker.startContainer' || moment !== 'before' || args[0] !== old || refused === times) return;
        refused += 1;
        throw new Failure('engine-refused', 'one: the engine is starting');
      });
      const { failure } = await world.accessory('upgrade', ['db']);
      expect(refused).toBe(times);
      expect(failure?.exitStatus, failure?.details.join('\n')).toBe(5);
      expect([...one.containers.values()].map(({ id, name, state }) => [id, name, state])).toEqual([
        [old, 'shop-db', 'running'],
      ]);
    }),
  );

  const refused = ['docker.setRestartPolicy', 'docker.renameContainer', 'docker.startContainer'];
  it.each(refused)('is walked to its end by the others when one engine refuses each %s', (call) =>
    inVirtualTime(async () => {
      const { world, one, old } = await booted('revert: true,');
      const two = world.machines.get('two') ?? expect.fail('no machine');
      const queue = [...two.containers.keys()];
      for (const name of ['db', 'queue']) world.registry.push(`registry.test:5000/${name}:1`, { behaviour: crashing });
      const started = Date.now();
      let isBroken = false;
      listen(world, ({ name, moment, args }, machine) => {
        if (machine !== one || !name.startsWith('docker.')) return;
        if (name === 'docker.startContainer' && args[0] !== old) isBroken = true;
        else if (isBroken && name === call && moment === 'before')
          throw new Failure('engine-refused', 'one: no such device');
      });
      const { failure } = await world.accessory('upgrade', ['all'], { isParallel: true });
      expect(failure?.exitStatus).toBe(6);
      expect(failure?.details.join('\n')).toContain('one db: no such device');
      expect(Date.now() - started).toBeLessThan(60_000);
      expect([...two.containers.keys()]).toEqual(queue);
      expect(runningOn(two)).toHaveLength(1);
      expect(runningOn(one).some(({ id }) => id === old)).toBe(false);
      expect(one.containers.size).toBe(2);
    }),
  );

  it('waits once for an old one that does not get healthy', () =>
    inVirtualTime(async () => {
      const { world, one, old } = await booted(
        'revert: true, port: "127.0.0.1:5432:5432",',
        'start_period: 300, retries: 1',
      );
      world.registry.push('registry.test:5000/db:1', { behaviour: { kind: 'deaf' } });
      let began = 0;
      listen(world, ({ name, moment, args }) => {
        const container = one.containers.get(old);
        if (name !== 'docker.startContainer' || moment !== 'before' || args[0] !== old || container === undefined)
          return;
        began = Date.now();
        Object.assign(container, { image: { ...container.image, behaviour: { kind: 'deaf' } } });
      });
      const { failure } = await world.accessory('upgrade', ['db']);
      expect(failure?.exitStatus).toBe(6);
      expect(Date.now() - began).toBeGreaterThan(300_000);
      expect(Date.now() - began).toBeLessThan(320_000);
    }));

  it('says how to stop what is held where its machine went away before that', () =>
    inVirtualTime(async () => {
      const { world, one, old } = await booted('');
      for (const name of ['db', 'queue']) world.registry.push(`registry.test:5000/${name}:1`, { behaviour: crashing });
      let wasStarted = false;
      listen(world, ({ name, moment, args }, machine) => {
        if (machine !== one) return undefined;
        wasStarted ||= name === 'docker.startContainer' && args[0] !== old;
        if (!wasStarted || name !== 'docker.setRestartPolicy' || moment !== 'before') return undefined;
        machine.isDown = true;
        machine.cutAll();
        return 'cut';
      });
      const { failure } = await world.accessory('upgrade', ['all'], { isParallel: true });
      expect(failure?.exitStatus).toBe(6);
      expect(failure?.message).toContain('a person has to decide about db, which may still run');
      const said = failure?.details.join('\n');
      expect(said).toContain('one: it does not answer, and nobody knows what runs there');
      expect(said).toMatch(/docker update --restart no (\w+) && docker stop \1 && docker rename \1 shop-db_failed_\1/);
    }));

  it('keeps what it holds stopped when it is looked at again, while another one is tried', () =>
    inVirtualTime(async () => {
      const { world, one, old } = await booted('');
      const two = world.machines.get('two') ?? expect.fail('no machine');
      const [queue] = two.containers.keys();
      for (const name of ['db', 'queue']) world.registry.push(`registry.test:5000/${name}:1`, { behaviour: crashing });
      let refused = 0;
      listen(world, ({ name, moment, args }) => {
        if (name !== 'docker.startContainer' || moment !== 'before' || args[0] !== queue || refused === 2) return;
        refused += 1;
        throw new Failure('engine-refused', 'two: the engine is starting');
      });
      const { failure } = await world.accessory('upgrade', ['all'], { isParallel: true });
      expect(refused).toBe(2);
      expect(failure?.exitStatus).toBe(6);
      expect(failure?.message).toContain('db is stopped: a person has to decide');
      expect(runningOn(one)).toEqual([]);
      expect(one.containers.get(old)?.name).toMatch(/^shop-db_replaced_/);
      expect(runningOn(two).map(({ id }) => id)).toEqual([queue]);
    }));
});
