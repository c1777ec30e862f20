import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { AccessoryCommand } from '../../src/pipeline/accessories/stories.ts';
import { crash, restartEngine, startsWithEngine, type FakeContainer } from '../fakes/containers.ts';
import type { Behaviour } from '../fakes/images.ts';
import { inVirtualTime } from '../fakes/virtual-time.ts';
import { dyingAt, listen, makeWorld, twoMachines, type World } from './world.ts';

/** What an engine starts by itself when it starts: never two containers on one accessory's data. */

const image = 'registry.test:5000/db:1';
const yaml = (restart: string, more = '') => `${twoMachines}accessories:
  db: {image: "${image}", host: one, port: "127.0.0.1:5432:5432", volumes: ["shop-db:/data"], options: {restart: "${restart}"}, ${more}healthcheck: {start_period: 2, retries: 1, timeout: 1}}
`;
const healthy: Behaviour = { kind: 'healthy' };
const deaf: Behaviour = { kind: 'deaf' };

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

async function booted(restart = 'always', more = ''): Promise<World> {
  const world = makeWorld(yaml(restart, more));
  world.registry.push(image, {});
  expect((await world.accessory('boot', ['db'])).failure).toBeUndefined();
  return world;
}

const machineOf = (world: World) => world.machines.get('one') ?? expect.fail('no machine one');
const all = (world: World) =>
  [...machineOf(world).containers.values()].filter(({ name }) => name.startsWith('shop-db'));
const policyOf = ({ body }: FakeContainer) => (body.HostConfig['RestartPolicy'] as { Name: string }).Name;
const shown = (world: World) => all(world).map((one) => `${one.name.slice(0, 17)} ${one.state} ${policyOf(one)}`);

interface Story {
  readonly command: AccessoryCommand;
  readonly next: Behaviour;
  /** Of the old container once it was stopped. */
  readonly old?: Behaviour;
  readonly exitStatus: number;
  /** Nothing of it is there twice in the end. */
  readonly ends: readonly string[];
}

const stories: readonly Story[] = [
  { command: 'upgrade', next: healthy, exitStatus: 0, ends: ['shop-db running always'] },
  { command: 'reboot', next: healthy, exitStatus: 0, ends: ['shop-db running always'] },
  { command: 'upgrade', next: deaf, exitStatus: 6, ends: ['shop-db_replaced_ exited no', 'shop-db exited no'] },
];

describe.each(stories)('an engine that starts at any moment of $command ($exitStatus)', (story) => {
  it.each(['always', 'on-failure', 'unless-stopped'])(
    'starts one container of an accessory at most, by the policy %s',
    (policy) =>
      inVirtualTime(async () => {
        const world = await booted(policy);
        world.registry.push(image, { behaviour: story.next, logLines: ['newer'] });
        listen(world, () => void expect(all(world).filter(startsWithEngine).length).toBeLessThanOrEqual(1));
        expect(await world.accessory(story.command, ['db'])).toMatchObject({ exitStatus: story.exitStatus });
        expect(shown(world).map((one) => one.replace(/_[0-9a-f]+ /, '_ '))).toEqual(
          story.ends.map((one) => one.replace('always', policy)),
        );
      }),
  );

  it('does so after a run that was cut off at whatever call, and the command typed again ends well', () =>
    inVirtualTime(async () => {
      for (let call = 1; ; call += 1) {
        const cut = await Promise.all((['before', 'after'] as const).map((moment) => cutAt(story, call, moment)));
        if (!cut.includes(true)) break;
        expect(call).toBeLessThan(100);
      }
    }));
});

/** @returns whether that call came */
async function cutAt(story: Story, call: number, moment: 'before' | 'after'): Promise<boolean> {
  const world = await booted();
  world.registry.push(image, { behaviour: story.next, logLines: ['newer'] });
  const at = { number: call, moment };
  const wasCut = await dyingAt(world, at, (options) => world.accessory(story.command, ['db'], options));
  if (wasCut === '') return false;
  const where = `killed ${moment} call ${call}, ${wasCut}`;
  restartEngine(machineOf(world));
  expect(all(world).filter(startsWithEngine).length, where).toBeLessThanOrEqual(1);
  for (const command of ['boot', story.command] as const) {
    const again = await world.accessory(command, ['db']);
    expect([0, 3, 5, 6], `${where}: ${again.failure?.message}`).toContain(again.exitStatus);
    expect(all(world).filter(startsWithEngine).length, where).toBeLessThanOrEqual(1);
    if (story.exitStatus === 0 && command !== 'boot') expect(shown(world), where).toEqual(story.ends);
    if (again.exitStatus === 0) expect(shown(world), where).toContain('shop-db running always');
  }
  return true;
}

describe('the restart policy of what comes back', () => {
  it.each(['always', 'on-failure:3', 'unless-stopped'])('is the one that it had, %s', (policy) =>
    inVirtualTime(async () => {
      const world = await booted(policy, 'revert: true, ');
      world.registry.push(image, { behaviour: deaf });
      listen(world, () => void expect(all(world).filter(startsWithEngine).length).toBeLessThanOrEqual(1));
      expect(await world.accessory('upgrade', ['db'])).toMatchObject({ exitStatus: 5 });
      expect(shown(world)).toEqual([`shop-db running ${policy.split(':')[0]}`]);
    }),
  );

  it('is given back by a start', () =>
    inVirtualTime(async () => {
      const world = await booted();
      const [old] = all(world);
      if (old === undefined) throw new Error('no container');
      old.body.HostConfig['RestartPolicy'] = { Name: 'no', MaximumRetryCount: 0 };
      crash(old);
      expect(await world.accessory('start', ['db'])).toMatchObject({ exitStatus: 0 });
      expect(shown(world)).toEqual(['shop-db running always']);
    }));
});
