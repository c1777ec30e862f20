import { rmSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Failure } from '../../src/errors.ts';
import { inVirtualTime } from '../fakes/virtual-time.ts';
import { booted, contentOf, failsOnce, filesBeside, killedAfter, local, machineOf } from './proxy-files.ts';
import { listen, stopListening, type World } from './world.ts';

const stateOf = (world: World) =>
  [...machineOf(world).containers.values()].find(({ name }) => name === 'shop-proxy')?.state;

/** A replacement that cannot be started, after whatever was cut: it comes to its end, and what ran has what it had. */
async function expectOld(world: World, where: string): Promise<void> {
  failsOnce(world, () => undefined);
  const { failure } = await world.accessory('reboot', ['proxy']);
  stopListening(world);
  expect(failure?.exitStatus, where).toBe(5);
  expect(contentOf(world), where).toBe('old');
  expect(filesBeside(world), where).toEqual([]);
}

/** Dies after this call that comes after the moment. @returns the name of the call; undefined where there were not so many */
async function upgradeKilledAt(world: World, call: number, isAfter: (name: string, moment: string) => boolean) {
  let [isDead, began, calls, at] = [false, false, 0, ''];
  listen(world, ({ name, moment }) => {
    if (isDead) return 'cut';
    if (!began && isAfter(name, moment)) {
      began = true;
      if (name === 'docker.startContainer') throw new Failure('engine-refused', 'one: the port is taken');
    }
    // How often a lock is renewed in between is nobody's.
    const isChange = /^docker\.|^moveFiles$|^writeFile$/.test(name) && moment === 'after';
    if (!began || !isChange || (calls += 1) !== call) return undefined;
    [isDead, at] = [true, name];
    return 'cut';
  });
  await world.accessory('upgrade', ['proxy'], { isDead: () => isDead });
  stopListening(world);
  return isDead ? at : undefined;
}

describe('the file of a container that was replaced, where the replacement', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => {
    vi.useRealTimers();
    rmSync(local, { force: true });
  });

  it('could not be started and was cut at whatever call of its way back, is never lost', () =>
    inVirtualTime(async () => {
      const cuts: string[] = [];
      for (let call = 1; ; call += 1) {
        const world = await booted();
        const isStart = (name: string, moment: string) => name === 'docker.startContainer' && moment === 'before';
        const at = await upgradeKilledAt(world, call, isStart);
        if (at === undefined) break;
        cuts.push(at);
        await expectOld(world, `call ${call}, ${at}: ${cuts.join()}`);
      }
      expect(cuts).toContain('moveFiles');
      expect(cuts).toContain('docker.renameContainer');
    }));

  it('was cut after the swap, and the next one at whatever call, is never lost', () =>
    inVirtualTime(async () => {
      const cuts: string[] = [];
      for (let call = 1; ; call += 1) {
        const world = await booted();
        await killedAfter(world, 'moveFiles');
        const at = await upgradeKilledAt(world, call, () => true);
        // Healthy by then: what is new stays.
        if (at === undefined || at === 'docker.startContainer') break;
        cuts.push(at);
        await expectOld(world, `call ${call}, ${at}`);
        expect(stateOf(world), at).toBe('running');
      }
      expect(cuts).toContain('docker.removeContainer');
      expect(cuts).toContain('docker.createContainer');
    }));

  it('was cut after the swap, is back once the accessory is stopped', () =>
    inVirtualTime(async () => {
      const world = await booted();
      await killedAfter(world, 'moveFiles');
      expect((await world.accessory('stop', ['proxy'])).failure).toBeUndefined();
      expect(contentOf(world)).toBe('old');
      await expectOld(world, 'stopped');
      expect(stateOf(world)).toBe('exited');
    }));

  it.each(['docker.createContainer', 'docker.stopContainer'])(
    'was cut after %s: a stop stays one where what it left cannot be removed at once',
    (call) =>
      inVirtualTime(async () => {
        const world = await booted();
        await killedAfter(world, call);
        let refused = 0;
        listen(world, ({ name, moment }) => {
          if (name !== 'docker.removeContainer' || moment !== 'before') return;
          refused += 1;
          throw new Failure('engine-refused', 'one: no');
        });
        const { failure } = await world.accessory('stop', ['proxy']);
        stopListening(world);
        expect(refused).toBeGreaterThan(0);
        expect(failure).toBeUndefined();
        expect(stateOf(world)).toBe('exited');
      }),
  );

  it('could not stop it, is not said to have it down', () =>
    inVirtualTime(async () => {
      const world = await booted();
      listen(world, ({ name, moment }) => {
        if (name === 'docker.stopContainer' && moment === 'before') throw new Failure('engine-refused', 'one: no');
      });
      const { failure } = await world.accessory('upgrade', ['proxy']);
      stopListening(world);
      expect(failure?.exitStatus).toBe(5);
      expect(failure?.details.join()).not.toContain('down since');
      expect(stateOf(world)).toBe('running');
    }));
});
