import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Failure } from '../../src/errors.ts';
import type { HoldReason } from '../../src/pipeline/hold.ts';
import { inVirtualTime } from '../fakes/virtual-time.ts';
import { listen, makeWorld, stopListening, twoMachines, type World } from './world.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const columnIsGone: HoldReason = { because: 'the release dropped a column', oldVersion: 'cannot-serve' };

async function atV1(yaml = twoMachines): Promise<World> {
  const world = makeWorld(yaml);
  world.push('v1');
  world.push('v2');
  expect((await world.deploy('v1', { command: 'setup' })).exitStatus).toBe(0);
  return world;
}

/** The first call of this name about this container on a machine fails. */
function failOnce(world: World, host: string, call: string, container: string): void {
  let failed = false;
  listen(world, ({ name, args, moment }, machine) => {
    if (failed || machine.name !== host || name !== call || moment !== 'before') return;
    const of = [...machine.containers.values()].find(({ id }) => JSON.stringify(args).includes(id.slice(0, 12)));
    if (of?.name !== container && !JSON.stringify(args).includes(container)) return;
    failed = true;
    throw new Failure('container-exited', `${host}: ${container} exited with status 9`);
  });
}

describe('a deploy that fails and is held', () => {
  test.each([
    ['asked for', { onFailure: 'hold' }],
    ['irreversible', { hold: columnIsGone }],
  ] as const)('%s: the healthy role keeps the new version, the failed one the old; a deploy finishes', (_name, how) =>
    inVirtualTime(async () => {
      const world = await atV1();
      failOnce(world, 'two', 'docker.startContainer', 'shop-worker-v2');
      const { exitStatus, failure } = await world.deploy('v2', how);
      stopListening(world);
      expect(exitStatus).toBe(6);
      expect(failure?.code).toBe('deploy-held');
      expect(failure?.details).toEqual(
        expect.arrayContaining(['one web: v2', 'two web: v2', 'two worker: v1', expect.stringContaining('status 9')]),
      );
      expect(world.running()).toEqual(['one shop-web-v2', 'two shop-web-v2', 'two shop-worker-v1']);
      expect(world.traffic()).toEqual(['one shop-web shop-web-v2', 'two shop-web shop-web-v2']);
      expect([...(world.machines.get('one')?.locks.keys() ?? [])]).toEqual([]);
      expect((await world.deploy('v2')).exitStatus).toBe(0);
      expect(await world.plan('v2')).toEqual([]);
      expect(world.running()).toEqual(['one shop-web-v2', 'two shop-web-v2', 'two shop-worker-v2']);
    }),
  );

  test('a rollback that is held says which version finishes it', () =>
    inVirtualTime(async () => {
      const world = await atV1();
      expect((await world.deploy('v2')).exitStatus).toBe(0);
      world.push('v3');
      expect((await world.deploy('v3')).exitStatus).toBe(0);
      failOnce(world, 'two', 'docker.startContainer', 'shop-worker-v2');
      const { exitStatus, failure } = await world.rollback(undefined, { onFailure: 'hold' });
      stopListening(world);
      expect(exitStatus).toBe(6);
      expect(failure?.hint).toContain('`longshore rollback v2`');
      expect((await world.rollback('v2')).exitStatus).toBe(0);
      expect(world.running()).toEqual(['one shop-web-v2', 'two shop-web-v2', 'two shop-worker-v2']);
    }));

  test('a machine whose new container gets no traffic goes on as before, those not reached too', () =>
    inVirtualTime(async () => {
      const world = await atV1(
        `${twoMachines.replace('web: [one, two], ', 'web: [one, two, three], ')}boot: {limit: 1}\n`,
      );
      failOnce(world, 'two', 'execInContainer', 'shop-web-v2');
      const { exitStatus, failure } = await world.deploy('v2', { onFailure: 'hold' });
      stopListening(world);
      expect(exitStatus).toBe(6);
      expect(failure?.details).toEqual(expect.arrayContaining(['one web: v2', 'two web: v1', 'three web: v1']));
      expect(world.running()).toEqual([
        'one shop-web-v2',
        'three shop-web-v1',
        'two shop-web-v1',
        'two shop-worker-v1',
      ]);
      expect((await world.deploy('v2')).exitStatus).toBe(0);
      expect(await world.plan('v2')).toEqual([]);
    }));

  test('a new container that crashed with the traffic is replaced by the old one', () =>
    inVirtualTime(async () => {
      const world = await atV1();
      world.push('bad', { kind: 'exits', afterSeconds: 1, exitStatus: 9 });
      const { exitStatus } = await world.deploy('bad', { hold: columnIsGone });
      expect(exitStatus).toBe(6);
      expect(world.traffic()).toEqual(['one shop-web shop-web-v1', 'two shop-web shop-web-v1']);
      expect(world.running()).toEqual(['one shop-web-v1', 'two shop-web-v1', 'two shop-worker-v1']);
    }));

  test('before anything was swapped there is nothing to hold, unless the old version is over', () =>
    inVirtualTime(async () => {
      const world = await atV1();
      failOnce(world, 'two', 'docker.createContainer', 'shop-web-v2');
      const asked = await world.deploy('v2', { onFailure: 'hold' });
      expect(asked.failure?.code).toBe('deploy-reverted');
      expect(world.remains('v2')).toEqual([]);
      failOnce(world, 'two', 'docker.createContainer', 'shop-web-v2');
      const over = await world.deploy('v2', { hold: columnIsGone });
      stopListening(world);
      expect(over.exitStatus).toBe(6);
      expect(over.failure?.message).toContain('the release dropped a column');
      expect(world.running()).toEqual(['one shop-web-v1', 'two shop-web-v1', 'two shop-worker-v1']);
    }));

  test('what was held is no way back until a deploy has finished it', () =>
    inVirtualTime(async () => {
      const world = await atV1();
      failOnce(world, 'two', 'docker.startContainer', 'shop-worker-v2');
      await world.deploy('v2', { onFailure: 'hold' });
      stopListening(world);
      world.push('v3');
      expect((await world.deploy('v3')).exitStatus).toBe(0);
      expect((await world.rollback()).exitStatus).toBe(0);
      expect(world.running()).toEqual(['one shop-web-v1', 'two shop-web-v1', 'two shop-worker-v1']);
    }));

  test('Ctrl-C holds as a failure does', () =>
    inVirtualTime(async () => {
      const world = await atV1(`${twoMachines}boot: {limit: 1}\n`);
      const controller = new AbortController();
      listen(world, ({ name, moment }, machine) => {
        if (machine.name === 'one' && name === 'execInContainer' && moment === 'after') controller.abort();
      });
      const { exitStatus, failure } = await world.deploy('v2', { onFailure: 'hold', signal: controller.signal });
      stopListening(world);
      expect(exitStatus).toBe(6);
      expect(failure?.message).toContain('was interrupted and is held');
      expect(world.traffic()).toEqual(['one shop-web shop-web-v2', 'two shop-web shop-web-v1']);
    }));
});

test('going back takes as many machines at a time as swap at a time', () =>
  inVirtualTime(async () => {
    const world = await atV1(
      `${twoMachines.replace('web: [one, two], ', 'web: [one, two, three], ')}boot: {limit: 1}\n`,
    );
    failOnce(world, 'two', 'docker.startContainer', 'shop-worker-v2');
    const { exitStatus, events } = await world.deploy('v2');
    stopListening(world);
    expect(exitStatus).toBe(5);
    const stages = events.flatMap((event) => (event.type === 'stage-started' ? [event.stage] : []));
    expect(stages.filter((name) => name.startsWith('Bring back'))).toEqual([
      'Bring back, 1 of 3',
      'Bring back, 2 of 3',
      'Bring back, 3 of 3',
    ]);
    expect(world.traffic().every((line) => line.endsWith('shop-web-v1'))).toBe(true);
  }));
