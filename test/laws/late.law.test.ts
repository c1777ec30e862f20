import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Failure } from '../../src/errors.ts';
import { startContainer } from '../fakes/containers.ts';
import { inVirtualTime } from '../fakes/virtual-time.ts';
import { listen, makeWorld, stopListening } from './world.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** What was asked of the engine over a connection that was lost comes to it after the look that the way back was planned from. */
const ways = [
  { onFailure: 'revert', exitStatus: 5, runs: ['one shop-web-v2', 'two shop-web-v2', 'two shop-worker-v2'] },
  { onFailure: 'hold', exitStatus: 6, runs: ['one shop-web-v1', 'two shop-web-v1', 'two shop-worker-v2'] },
] as const;
test.each(ways)('a start that comes late is found, and taken back: $onFailure', ({ onFailure, exitStatus, runs }) =>
  inVirtualTime(async () => {
    const world = makeWorld();
    for (const version of ['v1', 'v2']) world.push(version);
    await world.deploy('v1', { command: 'setup' });
    await world.deploy('v2');
    const two = world.machines.get('two');
    const worker = [...(two?.containers.values() ?? [])].find(({ name }) => name === 'shop-worker-v1');
    if (two === undefined || worker === undefined) throw new Error('the worker of v1 is not kept');
    let starts = 0;
    let hasCome = false;
    listen(world, ({ name, args, moment }, machine) => {
      if (moment !== 'before' || machine.name !== 'two') return undefined;
      if (name === 'docker.startContainer' && args.includes(worker.id)) {
        starts += 1;
        if (starts === 1) return 'cut';
        throw new Failure('engine-refused', 'two: the engine refused it');
      }
      // The way back ends by writing it down.
      if (starts === 2 && name === 'appendLines' && !hasCome) {
        hasCome = true;
        startContainer(machine, worker);
      }
      return undefined;
    });
    const ended = await world.deploy('v1', onFailure === 'hold' ? { onFailure } : {});
    stopListening(world);
    expect(hasCome).toBe(true);
    expect(ended.exitStatus, ended.failure?.details.join('\n')).toBe(exitStatus);
    expect(world.running()).toEqual(runs);
  }),
);

const refusals = [
  { times: 1, code: 'deploy-reverted' },
  { times: 4, code: 'deploy-reverted' },
  { times: Infinity, code: 'deploy-unsettled' },
] as const;
test.each(refusals)(
  'what an engine refuses $times times on the way back is tried for some seconds: $code',
  ({ times, code }) =>
    inVirtualTime(async () => {
      const world = makeWorld();
      for (const version of ['v1', 'v2']) world.push(version);
      world.push('bad', { kind: 'exits', afterSeconds: 1, exitStatus: 9 });
      await world.deploy('v1', { command: 'setup' });
      await world.deploy('v2');
      const started = Date.now();
      let refused = 0;
      listen(world, ({ name, moment }, machine) => {
        const isBack = machine.journal.includes('start container shop-worker-bad') && name === 'docker.stopContainer';
        if (moment !== 'before' || machine.name !== 'two' || !isBack || refused === times) return undefined;
        refused += 1;
        throw new Failure('engine-refused', 'two: the engine is starting');
      });
      const { failure } = await world.deploy('bad');
      stopListening(world);
      expect(refused).toBeGreaterThanOrEqual(Math.min(times, 2));
      expect(failure?.code, failure?.details.join('\n')).toBe(code);
      expect(Date.now() - started).toBeLessThan(60_000);
      if (code === 'deploy-reverted')
        expect(world.running()).toEqual(['one shop-web-v2', 'two shop-web-v2', 'two shop-worker-v2']);
    }),
);
