import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { inVirtualTime } from '../fakes/virtual-time.ts';
import { killedInRelease, left, records, runs, serving, yaml } from './releases.ts';
import { listen, stopListening, twoMachines } from './world.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('after a run that was killed while its command ran', () => {
  test('the next one waits for it, and takes its exit status', () =>
    inVirtualTime(async () => {
      const world = await serving(yaml, { afterSeconds: 30, exitStatus: 0 });
      await killedInRelease(world);
      const lines = await world.plan('v2');
      expect(lines).toContain('one: run bin/migrate once, in shop-web-release-v2 (a run that was cut off began it)');
      expect((await world.deploy('v2')).exitStatus).toBe(0);
      expect(runs(world, 'v2')).toBe(1);
      expect(await world.plan('v2')).toEqual([]);
    }));

  test('a failure that nobody saw is a failure of the next one, and runs again after that', () =>
    inVirtualTime(async () => {
      const world = await serving(yaml, { afterSeconds: 30, exitStatus: 4 });
      await killedInRelease(world);
      await vi.advanceTimersByTimeAsync(60_000);
      const { exitStatus, failure } = await world.deploy('v2');
      expect(exitStatus).toBe(3);
      expect(failure?.details.join('\n')).toContain('ended with status 4');
      expect(runs(world, 'v2')).toBe(1);
      await world.deploy('v2');
      expect(runs(world, 'v2')).toBe(2);
    }));
});

test.each(['connection', 'network', 'kill'] as const)(
  'cut at any call (%s), a release command runs once, and the same deploy again comes out right',
  (kind) =>
    inVirtualTime(async () => {
      const problems: string[] = [];
      let cuts = 0;
      for (const host of ['one', 'two']) {
        for (let call = 1, isOver = false; !isOver; call += 1) {
          for (const moment of ['before', 'after'] as const) {
            const world = await serving();
            const number = (world.machines.get(host)?.callCount ?? 0) + call;
            let [wasCut, isDead] = [false, false];
            listen(world, (heard, { name }) => {
              if (isDead) return 'cut';
              if (wasCut || name !== host || heard.number !== number || heard.moment !== moment) return undefined;
              wasCut = true;
              isDead = kind === 'kill';
              if (kind !== 'connection') for (const machine of world.machines.values()) machine.cutAll();
              return 'cut';
            });
            const first = await world.deploy('v2', { isDead: () => isDead });
            stopListening(world);
            isOver = !wasCut && moment === 'before';
            if (!wasCut) break;
            cuts += 1;
            const where = `cut ${kind} ${moment} call ${call} on ${host}, which ended with ${first.exitStatus}`;
            const swapped = world.running().some((line) => /shop-(web|worker)-v2/.test(line));
            if (
              swapped &&
              !records(world, 'one').some(({ outcome, version }) => outcome === 'released' && version === 'v2')
            )
              problems.push(`${where}: swapped before the release was written down`);
            const again = await world.deploy('v2');
            if (again.exitStatus !== 0)
              problems.push(`${where}: again ended with ${again.exitStatus}: ${again.failure?.message}`);
            if (runs(world, 'v2') !== 1) problems.push(`${where}: ran ${runs(world, 'v2')} times`);
            problems.push(...(await world.plan('v2')).map((line) => `${where}: left to do: ${line}`));
            problems.push(...left(world).map((line) => `${where}: left: ${line}`));
          }
        }
      }
      expect(cuts).toBeGreaterThan(60);
      expect(problems).toEqual([]);
    }),
  120_000,
);

describe('a release that cannot be undone', () => {
  const bad = { kind: 'never-healthy' } as const;
  test.each([
    [
      'by the file',
      `${twoMachines}release: {cmd: bin/migrate, irreversible: true}\n`,
      undefined,
      'ran and is irreversible',
    ],
    [
      'by what the command said',
      yaml,
      { afterSeconds: 1, exitStatus: 0, output: 'on_failure=hold\n' },
      'said on_failure=hold',
    ],
  ])(
    '%s holds by itself when the deploy fails, also the next time, when it does not run any more',
    (_who, text, release, why) =>
      inVirtualTime(async () => {
        const world = await serving(text);
        world.push('bad', bad, release);
        const first = await world.deploy('bad');
        expect(first.exitStatus).toBe(6);
        expect(first.failure?.message).toContain('bad failed and is held (');
        expect(first.failure?.message).toContain(why);
        expect(records(world, 'two')).toContainEqual(
          expect.objectContaining({ outcome: 'released', irreversible: true }),
        );
        const second = await world.deploy('bad');
        expect(second.exitStatus).toBe(6);
        expect(second.failure?.message).toContain('the release command of bad ran and is irreversible');
        expect(runs(world, 'bad')).toBe(1);
        // Another version that fails must not go back either, until one is live.
        world.push('worse', bad);
        expect((await world.deploy('worse')).failure?.code).toBe('deploy-held');
        expect((await world.deploy('v2')).exitStatus).toBe(0);
      }),
  );

  test('holds nothing once its version is live', () =>
    inVirtualTime(async () => {
      const world = await serving(yaml, { afterSeconds: 1, exitStatus: 0, output: 'on_failure=hold\n' });
      world.push('bad', bad);
      expect((await world.deploy('v2')).exitStatus).toBe(0);
      expect((await world.deploy('bad')).exitStatus).toBe(5);
      expect(world.running().every((line) => line.endsWith('-v2'))).toBe(true);
    }));
});
