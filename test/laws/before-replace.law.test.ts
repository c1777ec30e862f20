import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Failure } from '../../src/errors.ts';
import type { FakeMachine } from '../fakes/machine.ts';
import { inVirtualTime } from '../fakes/virtual-time.ts';
import { listen, makeWorld, twoMachines, type World } from './world.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

async function booted(beforeReplace: string): Promise<{ world: World; one: FakeMachine }> {
  const world = makeWorld(
    `${twoMachines}accessories:\n  db: {image: registry.test:5000/db:1, host: one, before_replace: ${beforeReplace}, healthcheck: {start_period: 2, retries: 1, timeout: 1}}\n`,
  );
  world.registry.push('registry.test:5000/db:1', {});
  expect((await world.accessory('boot', ['db'])).failure).toBeUndefined();
  return { world, one: world.machines.get('one') ?? expect.fail('no machine') };
}

describe('a before_replace', () => {
  it('that takes too long is run once, and nothing is replaced', () =>
    inVirtualTime(async () => {
      const { world, one } = await booted('dump');
      const before = [...one.containers.keys()];
      let runs = 0;
      one.onScript = () => {
        runs += 1;
        throw new Failure('timed-out', 'one: before_replace took longer than 600 seconds and was stopped.');
      };
      const { failure } = await world.accessory('reboot', ['db']);
      expect(failure).toBeDefined();
      expect(failure?.details.join('\n')).toContain('took longer than 600 seconds');
      expect(runs).toBe(1);
      expect([...one.containers.keys()]).toEqual(before);
      expect(world.running()).toEqual(['one shop-db']);
    }));

  it.each([
    ['dump', 600],
    ['{cmd: dump, timeout: 7200}', 7200],
  ])('gets its time: %s', (text, seconds) =>
    inVirtualTime(async () => {
      const { world } = await booted(text);
      const { events } = await world.accessory('reboot', ['db']);
      const steps = events.flatMap((event) => (event.type === 'step-started' ? [event.step] : []));
      expect(steps).toContainEqual(
        expect.objectContaining({ kind: 'run-command', command: 'dump', timeoutSeconds: seconds }),
      );
    }),
  );

  it('of one accessory is no other’s, though both are at work on one machine at once', () =>
    inVirtualTime(async () => {
      const of = (name: string) =>
        `  ${name}: {image: registry.test:5000/db:1, host: one, before_replace: dump ${name}, healthcheck: {start_period: 2, retries: 1, timeout: 1}}\n`;
      const world = makeWorld(`${twoMachines}accessories:\n${of('db')}${of('queue')}`);
      world.registry.push('registry.test:5000/db:1', {});
      const one = world.machines.get('one') ?? expect.fail('no machine');
      expect((await world.accessory('boot', ['all'])).failure).toBeUndefined();
      const dumped: string[] = [];
      one.onScript = async (script) => {
        await new Promise((resolve) => setTimeout(resolve, 30_000));
        dumped.push(/dump \w+/.exec(script)?.[0] ?? '');
        return 0;
      };
      const { failure } = await world.accessory('reboot', ['all'], { isParallel: true });
      expect(failure?.details).toBeUndefined();
      expect(dumped.toSorted()).toEqual(['dump db', 'dump queue']);
    }));

  it.each(['createContainer', 'stopContainer', 'renameContainer', 'startContainer'])(
    'that succeeded is not run again in the same command when the reply to %s is lost',
    (call) =>
      inVirtualTime(async () => {
        for (const moment of ['before', 'after'] as const) {
          const { world, one } = await booted('dump');
          let [runs, wasCut] = [0, false];
          one.onScript = async () => {
            runs += 1;
            return 0;
          };
          listen(world, (heard) => {
            if (wasCut || heard.name !== `docker.${call}` || heard.moment !== moment) return undefined;
            wasCut = true;
            return 'cut';
          });
          expect(await world.accessory('reboot', ['db'])).toMatchObject({ exitStatus: 0 });
          expect([wasCut, runs]).toEqual([true, 1]);
          expect(world.running()).toEqual(['one shop-db']);
          expect(await world.accessory('reboot', ['db'])).toMatchObject({ exitStatus: 0 });
          expect(runs).toBe(2);
        }
      }),
  );
});
