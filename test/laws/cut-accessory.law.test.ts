import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Failure } from '../../src/errors.ts';
import type { Behaviour } from '../fakes/images.ts';
import { inVirtualTime } from '../fakes/virtual-time.ts';
import { listen, makeWorld, stopListening, twoMachines, type World } from './world.ts';

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
  let [counted, wasCut] = [0, ''];
  listen(world, (heard) => {
    if (wasCut !== '') return 'cut';
    if (heard.moment === 'before') counted += 1;
    if (counted !== call || heard.moment !== moment) return undefined;
    wasCut = heard.name;
    return 'cut';
  });
  await world.accessory('upgrade', ['queue'], { isDead: () => wasCut !== '' });
  stopListening(world);
  return wasCut;
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
        let [isDead, seen] = [false, 0];
        listen(world, (heard) => {
          if (isDead) return 'cut';
          if (heard.name === name && heard.moment === 'after') seen += 1;
          isDead = seen === nth;
          return isDead ? 'cut' : undefined;
        });
        await world.accessory('upgrade', ['queue'], { isDead: () => isDead });
        stopListening(world);
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
      let isDead = false;
      listen(world, ({ name, moment }) => {
        if (isDead) return 'cut';
        isDead = name === 'docker.renameContainer' && moment === 'after';
        return isDead ? 'cut' : undefined;
      });
      await world.accessory('upgrade', ['queue'], { isDead: () => isDead });
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

  it('leaves what somebody had stopped as it is', () =>
    inVirtualTime(async () => {
      const world = await booted();
      await world.accessory('stop', ['queue']);
      expect(await world.accessory('upgrade', ['queue'])).toMatchObject({ exitStatus: 5 });
      expect(world.running()).toEqual([]);
    }));
});
