import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Behaviour } from '../fakes/images.ts';
import type { FakeMachine } from '../fakes/machine.ts';
import { inVirtualTime } from '../fakes/virtual-time.ts';
import { dyingIn, listen, makeWorld, planLines, stopListening, twoMachines, type World } from './world.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const configs = {
  'two machines with a worker': twoMachines,
  'boot groups of one': `${twoMachines}boot: {limit: 1}\n`,
  'two proxied roles on one machine': twoMachines.replace(
    'servers: {web: [one, two], worker: {hosts: [two], cmd: work}}',
    'servers: {web: [one], api: {hosts: [one], proxy: {host: api.example.com}}}',
  ),
  'a destination-less fleet without proxy': twoMachines
    .replace(
      'servers: {web: [one, two], worker: {hosts: [two], cmd: work}}',
      'servers: {web: {hosts: [one, two], proxy: false}}',
    )
    .replace(/^proxy: .*\n/m, ''),
};

async function atVersion(yaml: string, ...versions: string[]): Promise<World> {
  const world = makeWorld(yaml);
  for (const [index, version] of versions.entries()) {
    world.push(version);
    const { failure } = await world.deploy(version, { command: index === 0 ? 'setup' : 'deploy' });
    expect(failure).toBeUndefined();
  }
  return world;
}

describe.each(Object.entries(configs))('%s', (_name, yaml) => {
  test('a deploy leaves nothing to plan, from nothing and from another version', () =>
    inVirtualTime(async () => {
      const world = await atVersion(yaml, 'v1');
      expect(await world.plan('v1')).toEqual([]);
      world.push('v2');
      expect((await world.deploy('v2')).exitStatus).toBe(0);
      expect(await world.plan('v2')).toEqual([]);
      expect(world.running().every((line) => line.endsWith('-v2'))).toBe(true);
    }));

  test('a redeploy of the same version makes every container anew and leaves nothing to plan', () =>
    inVirtualTime(async () => {
      const world = await atVersion(yaml, 'v1');
      const before = world.running();
      expect((await world.deploy('v1', { command: 'redeploy' })).exitStatus).toBe(0);
      expect(world.running()).toEqual(before);
      expect(await world.plan('v1')).toEqual([]);
    }));

  test('traffic never goes to a container that does not run, after any single change', () =>
    inVirtualTime(async () => {
      const world = await atVersion(yaml, 'v1');
      const broken: string[] = [];
      listen(world, ({ moment, name, number }, machine) => {
        if (moment === 'after')
          broken.push(...machine.brokenRoutes().map((line) => `after ${number} ${name}: ${line}`));
      });
      world.push('v2');
      await world.deploy('v2');
      await world.rollback();
      await world.deploy('v2', { command: 'redeploy' });
      expect(broken).toEqual([]);
    }));

  test('many deploys keep as many old containers as the file says, and the images they need', () =>
    inVirtualTime(async () => {
      const versions = ['v1', 'v2', 'v3', 'v4', 'v5', 'v6', 'v7', 'v8'];
      const world = await atVersion(yaml, ...versions);
      expect(world.remains('v2')).toEqual([]);
      expect(world.remains('v3')).not.toEqual([]);
      const machine = world.machines.get('one');
      const tags = [...(machine?.images.values() ?? [])].flatMap((image) => [...image.tags]);
      expect(tags).not.toContain('registry.test:5000/shop:v2');
      expect(tags).toContain('registry.test:5000/shop:v3');
      expect(await world.plan('v8')).toEqual([]);
    }));

  const broken: Record<string, Behaviour> = {
    'never gets healthy': { kind: 'never-healthy' },
    'exits at once': { kind: 'exits', afterSeconds: 0, exitStatus: 1 },
  };
  test.each(Object.entries(broken))(
    'a version that %s leaves nothing of itself, and what served still serves',
    (name, behaviour) =>
      inVirtualTime(async () => {
        const world = await atVersion(yaml, 'v1');
        const [running, traffic] = [world.running(), world.traffic()];
        world.push('v2', behaviour);
        const { exitStatus } = await world.deploy('v2');
        // A role without traffic has no health to be seen, so there only an exit is a failure.
        if (traffic.length === 0 && name === 'never gets healthy') return expect(exitStatus).toBe(0);
        // Nothing takes time where all roles have traffic, so in virtual time such a deploy is over before anything exits.
        if (!world.config.roles.some(({ proxy }) => proxy === undefined) && name === 'exits at once')
          return expect(exitStatus).toBe(0);
        expect(exitStatus).toBe(5);
        expect(world.running()).toEqual(running);
        expect(world.traffic()).toEqual(traffic);
        expect(world.remains('v2')).toEqual([]);
      }),
  );

  test('the same machines and the same file give the same plan', () =>
    inVirtualTime(async () => {
      const world = await atVersion(yaml, 'v1');
      world.push('v2');
      expect(await world.plan('v2')).toEqual(await world.plan('v2'));
    }));
});

describe('two machines with a worker', () => {
  test('with boot groups, a bad version stops at the first group', () =>
    inVirtualTime(async () => {
      const world = await atVersion(`${twoMachines}boot: {limit: 1}\n`, 'v1');
      world.push('v2', { kind: 'never-healthy' });
      await world.deploy('v2');
      const two = world.machines.get('two') as FakeMachine;
      expect(two.journal.filter((line) => line.startsWith('start container') && line.includes('v2'))).toEqual([]);
    }));

  test('a crash is told with its status, also where the container was started again before anybody looked', () =>
    inVirtualTime(async () => {
      const world = await atVersion(twoMachines, 'v1');
      world.push('v2', { kind: 'exits', afterSeconds: 1, exitStatus: 9 });
      const { exitStatus, events } = await world.deploy('v2');
      expect(exitStatus).toBe(5);
      const told = events.flatMap((event) => (event.type === 'diagnosis' ? [event.diagnosis] : []));
      const cause = 'it crashed with status 9: its log says more';
      expect(told).toMatchObject([{ role: 'worker', what: 'shop-worker-v2 exited with status 9', likelyCause: cause }]);
    }));

  test('after a deploy of one role only, a rollback goes back to what served before, not on to the new version', () =>
    inVirtualTime(async () => {
      const world = await atVersion(twoMachines, 'v1', 'v2');
      world.push('v3');
      expect((await world.deploy('v3', { roles: ['worker'] })).exitStatus).toBe(0);
      expect(world.running()).toEqual(['one shop-web-v2', 'two shop-web-v2', 'two shop-worker-v3']);
      expect((await world.rollback()).exitStatus).toBe(0);
      expect(world.running()).toEqual(['one shop-web-v1', 'two shop-web-v1', 'two shop-worker-v1']);
    }));

  test('a bug in the middle of a swap goes back like a failure, and is then told as the bug it is', () =>
    inVirtualTime(async () => {
      const world = await atVersion(twoMachines, 'v1');
      const [running, traffic] = [world.running(), world.traffic()];
      world.push('v2');
      listen(world, ({ name, moment }, { name: host }) => {
        if (name === 'docker.startContainer' && moment === 'after' && host === 'two') throw new TypeError('a bug');
      });
      await expect(world.deploy('v2')).rejects.toThrow('a bug');
      stopListening(world);
      expect(world.running()).toEqual(running);
      expect(world.traffic()).toEqual(traffic);
      expect([...(world.machines.get('one')?.locks.keys() ?? [])]).toEqual([]);
    }));

  test('an interrupted deploy goes back, gives the lock back and exits 130', () =>
    inVirtualTime(async () => {
      const world = await atVersion(twoMachines, 'v1');
      const [running, traffic] = [world.running(), world.traffic()];
      world.push('v2');
      const controller = new AbortController();
      listen(world, ({ name, moment }) => {
        if (name === 'execInContainer' && moment === 'before') controller.abort();
      });
      const { exitStatus } = await world.deploy('v2', { signal: controller.signal });
      stopListening(world);
      expect(exitStatus).toBe(130);
      expect(world.running()).toEqual(running);
      expect(world.traffic()).toEqual(traffic);
      expect([...(world.machines.get('one')?.locks.keys() ?? [])]).toEqual([]);
    }));

  test('somebody else’s lock without a lease stops a deploy before anything changes', () =>
    inVirtualTime(async () => {
      const world = await atVersion(twoMachines, 'v1');
      world.push('v2');
      const one = world.machines.get('one') as FakeMachine;
      one.locks.set('.kamal/lock-shop', { details: 'Locked by: Kamal' });
      const changes = one.journal.length;
      expect((await world.deploy('v2')).exitStatus).toBe(4);
      expect(one.journal.slice(changes)).toEqual([]);
    }));
});

test('a deploy that failed leaves no image of itself and no container beyond those that are kept', () =>
  inVirtualTime(async () => {
    const world = await atVersion(`${twoMachines}retain_containers: 1\n`, 'v1', 'v2');
    world.push('v3', { kind: 'never-healthy' });
    expect((await world.deploy('v3', { run: 'third' })).exitStatus).toBe(5);
    const tags = [...world.machines.values()].flatMap(({ images }) =>
      [...images.values()].flatMap((one) => [...one.tags]),
    );
    expect(tags.filter((tag) => tag.endsWith('/shop:v3'))).toEqual([]);
    expect((await world.rollback('v1', { run: 'fourth' })).exitStatus).toBe(0);
  }));

test('the way back outlives containers of no release', () =>
  inVirtualTime(async () => {
    const world = await atVersion(`${twoMachines}retain_containers: 1\n`, 'v1', 'v2');
    for (const run of ['again', 'and again']) {
      expect((await world.deploy('v2', { command: 'redeploy', run })).exitStatus).toBe(0);
      expect((await world.deploy('v2', { run: `${run} pruned` })).exitStatus).toBe(0);
    }
    expect(world.remains('v1')).toHaveLength(3);
    expect((await world.rollback(undefined, { run: 'back' })).exitStatus).toBe(0);
    expect(world.running().every((line) => line.endsWith('-v1'))).toBe(true);
  }));

test('a hook that follows the boot runs with the next deploy where it did not come to its end', () =>
  inVirtualTime(async () => {
    const world = await atVersion(twoMachines, 'v1');
    world.push('v2');
    const planned = async () =>
      (await planLines(world, 'v2', { hooks: ['post-app-boot'] })).filter((line) => line.includes('post-app-boot'));
    expect(await planned()).toHaveLength(1);
    await dyingIn(world, 'v2', ({ name }) => name === 'docker.stopContainer');
    expect(await planned()).toHaveLength(1);
    expect((await world.deploy('v2')).exitStatus).toBe(0);
    expect(await planned()).toEqual([]);
  }));
