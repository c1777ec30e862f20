import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { FakeMachine } from '../fakes/machine.ts';
import { inVirtualTime } from '../fakes/virtual-time.ts';
import { listen, makeWorld, planLines, stopListening, twoMachines, type World } from './world.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const withAssets = `${twoMachines}asset_path: /assets\n`;
const place = '.kamal/apps/shop/assets';

async function atVersion(yaml: string, ...versions: string[]): Promise<World> {
  const world = makeWorld(yaml);
  for (const [index, version] of versions.entries()) {
    world.push(version);
    const { failure } = await world.deploy(version, { command: index === 0 ? 'setup' : 'deploy' });
    expect(failure).toBeUndefined();
  }
  return world;
}

/** What a request did not find at any moment of some work. */
async function lostDuring(world: World, versions: readonly string[], work: () => Promise<unknown>): Promise<string[]> {
  const lost: string[] = [];
  listen(world, ({ moment, name }) => {
    if (moment === 'after') lost.push(...world.missingAssets(versions).map((line) => `after ${name}: ${line}`));
  });
  await work();
  stopListening(world);
  return lost;
}

const one = (world: World) => world.machines.get('one') as FakeMachine;
const names = (world: World, what: string) =>
  [...one(world).directories]
    .filter((path) => path.startsWith(`${place}/${what}/`))
    .map((path) => path.split('/').at(-1));

describe('assets', () => {
  test('of every version that is kept answer all the time, forth and back and on again', () =>
    inVirtualTime(async () => {
      const world = await atVersion(withAssets, 'v1', 'v2');
      world.push('v3');
      expect(await lostDuring(world, ['v1', 'v2'], () => world.deploy('v3'))).toEqual([]);
      const lost = await lostDuring(world, ['v1', 'v2', 'v3'], async () => {
        await world.rollback('v1');
        expect(world.traffic()[0]).toBe('one shop-web shop-web-v1');
        await world.rollback('v3');
        await world.deploy('v3', { command: 'redeploy' });
      });
      expect(lost).toEqual([]);
      expect(await world.plan('v3')).toEqual([]);
    }));

  test('are removed with the last container of their version, and are not touched before', () =>
    inVirtualTime(async () => {
      const world = await atVersion(`${withAssets}retain_containers: 2\n`, 'v1', 'v2', 'v3', 'v4');
      for (const what of ['extracted', 'volumes']) expect(names(world, what)).toEqual(['web-v2', 'web-v3', 'web-v4']);
      expect(await world.plan('v4')).toEqual([]);
    }));

  test('that Kamal deleted are there again before a retained container starts', () =>
    inVirtualTime(async () => {
      const world = await atVersion(withAssets, 'v1', 'v2', 'v3');
      const paths = ['extracted', 'volumes'].flatMap((what) => [`${place}/${what}/web-v1`, `${place}/${what}/web-v2`]);
      await one(world).connect().removeDirectories(paths);
      const ids = [...one(world).containers.keys()];
      expect(await lostDuring(world, ['v3'], () => world.rollback('v1'))).toEqual([]);
      expect(world.missingAssets(['v1', 'v3'])).toEqual([]);
      // The retained container itself, not one made anew.
      expect([...one(world).containers.keys()]).toEqual(ids);
    }));

  test('that somebody deleted under a running container make it anew, as it would not see them again', () =>
    inVirtualTime(async () => {
      const world = await atVersion(withAssets, 'v1', 'v2');
      await one(world)
        .connect()
        .removeDirectories([`${place}/volumes/web-v2`]);
      const lines = await world.plan('v2');
      expect(lines).toContain('one: create shop-web-v2 (its assets were deleted)');
      expect(lines).toContain('one: share /assets of web-v2 with web-v1 (they are not on this host)');
      expect((await world.deploy('v2')).exitStatus).toBe(0);
      expect(world.missingAssets(['v1', 'v2'])).toEqual([]);
      expect(await world.plan('v2')).toEqual([]);
    }));

  test('are shared also with a version from before there was an asset_path, out of its image', () =>
    inVirtualTime(async () => {
      const world = await atVersion(twoMachines, 'v1');
      const later = { ...makeWorld(withAssets), machines: world.machines };
      world.push('v2');
      expect(await planLines(later, 'v2')).toContain(
        'one: share /assets of web-v2 with web-v1 (they are not on this host)',
      );
    }));

  test('that the image does not have end a deploy before anything is switched', () =>
    inVirtualTime(async () => {
      const world = await atVersion(withAssets.replace('/assets', '/publik'));
      world.push('v1');
      const { exitStatus, failure } = await world.deploy('v1', { command: 'setup' });
      expect(exitStatus).toBe(3);
      expect(failure?.details.join()).toContain('shop:v1 has no directory /publik');
      expect(world.running()).toEqual([]);
    }));
});
