import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { connectFleet } from '../../src/pipeline/connecting.ts';
import { downOn } from '../../src/pipeline/down.ts';
import { startContainer } from '../fakes/containers.ts';
import { inVirtualTime } from '../fakes/virtual-time.ts';
import { sessionOf } from './session.ts';
import { listen, makeWorld, stopListening, twoMachines, type World } from './world.ts';

/** What a replacement that failed leaves to a person is told as that, whether the new container is stopped or runs. */

const image = 'registry.test:5000/db:1';
const yaml = `${twoMachines.replace('web: [one, two]', 'web: {hosts: [one, two], depends_on: [db]}')}accessories:
  db: {image: "${image}", host: one, port: "127.0.0.1:5432:5432", volumes: ["shop-db:/data"], healthcheck: {start_period: 2, retries: 1, timeout: 1}}
`;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

async function upgradable(startPeriod = 2): Promise<World> {
  const world = makeWorld(yaml.replace('start_period: 2', `start_period: ${startPeriod}`));
  world.push('v1');
  world.registry.push(image, {});
  expect((await world.accessory('boot', ['db'])).failure).toBeUndefined();
  world.registry.push(image, { behaviour: { kind: 'deaf' } });
  return world;
}

const machineOf = (world: World) => world.machines.get('one') ?? expect.fail('no machine one');
const all = (world: World) =>
  [...machineOf(world).containers.values()].filter(({ name }) => name.startsWith('shop-db'));
const shown = (world: World) => all(world).map(({ id, name, state }) => `${id} ${name} ${state}`);

async function held(state: 'stopped' | 'running'): Promise<World> {
  const world = await upgradable();
  expect(await world.accessory('upgrade', ['db'])).toMatchObject({ exitStatus: 6 });
  const failed = all(world).find(({ name }) => name === 'shop-db');
  if (state === 'running' && failed !== undefined) startContainer(machineOf(world), failed);
  await new Promise((resolve) => setTimeout(resolve, 60_000));
  return world;
}

const bringsBack =
  /docker rename [0-9a-f]{12} shop-db_failed_[0-9a-f]{12}.*docker rename shop-db_replaced_\w+ shop-db && docker update --restart unless-stopped shop-db && docker start shop-db/s;

describe.each(['stopped', 'running'] as const)('an accessory that is held, its new container %s', (state) => {
  it('is refused by every command, which says what brings the old one back', () =>
    inVirtualTime(async () => {
      const world = await held(state);
      const before = shown(world);
      for (const command of ['start', 'boot', 'upgrade', 'reboot', 'restart', 'apply'] as const) {
        const { failure } = await world.accessory(command, ['db']);
        expect(failure, command).toMatchObject({ exitStatus: 3, message: expect.stringMatching(bringsBack) });
        const stops = /docker update --restart no [0-9a-f]{12} && docker stop [0-9a-f]{12} && docker rename/;
        expect(stops.test(failure?.message ?? ''), command).toBe(state === 'running');
      }
      expect(shown(world)).toEqual(before);
    }));

  it('is told so by status and by a deploy, which do not tell anybody to start it', () =>
    inVirtualTime(async () => {
      const world = await held(state);
      const down = await toldByStatus(world);
      expect(down).toEqual([expect.objectContaining({ held: true, command: expect.stringMatching(bringsBack) })]);

      const { failure, events } = await world.deploy('v1');
      expect(failure).toMatchObject({ code: 'accessory-down', hint: expect.stringMatching(bringsBack) });
      const said = [
        failure?.message,
        failure?.hint,
        ...events.map((event) => (event.type === 'note' ? event.text : '')),
      ];
      expect(said.join('\n')).not.toContain('accessory start');
    }));
});

it.each([0, -3600, 3600])(
  'one that has its time still to get healthy is not held, by a machine %i s ahead: the command typed again goes on with it',
  (ahead) =>
    inVirtualTime(async () => {
      const world = await upgradable(600);
      machineOf(world).clockAheadSeconds = ahead;
      let isDead = false;
      listen(world, ({ name, moment }) => {
        if (isDead) return 'cut';
        isDead = name === 'docker.startContainer' && moment === 'after';
        return isDead ? 'cut' : undefined;
      });
      await world.accessory('upgrade', ['db'], { isDead: () => isDead });
      stopListening(world);
      expect(await world.accessory('upgrade', ['db'])).toMatchObject({ exitStatus: 6 });
      expect(shown(world).map((one) => one.split(' ')[2])).toEqual(['exited', 'exited']);
    }),
);

it('status, a deploy and a rollback print the whole way back where files lie in a directory of the file', () =>
  inVirtualTime(async () => {
    const place = mkdtempSync(join(tmpdir(), 'longshore-held-'));
    writeFileSync(join(place, 'a.conf'), 'old');
    const world = makeWorld(yaml.replace('port:', `files: ["${place}:/etc/db"], port:`));
    world.registry.push(image, {});
    expect((await world.accessory('boot', ['db'])).failure).toBeUndefined();
    for (const version of ['v1', 'v2']) {
      world.push(version);
      expect((await world.deploy(version)).failure).toBeUndefined();
    }
    world.registry.push(image, { behaviour: { kind: 'deaf' } });
    writeFileSync(join(place, 'a.conf'), 'new');
    expect(await world.accessory('upgrade', ['db'])).toMatchObject({ exitStatus: 6 });
    const moves = expect.stringContaining('mv shop-db/etc/db/.a.conf.longshore-former shop-db/etc/db/a.conf');
    expect(await toldByStatus(world)).toMatchObject([{ command: moves }]);
    world.push('v3');
    for (const { failure } of [await world.deploy('v3'), await world.rollback('v1')])
      expect(failure).toMatchObject({ code: 'accessory-down', hint: moves });
    rmSync(place, { recursive: true });
  }));

async function toldByStatus(world: World) {
  const session = sessionOf(world, {}, []);
  const fleet = await connectFleet(session, ['one']);
  const [observed] = (await fleet.observe({})).hosts;
  const host = fleet.hosts.get('one');
  if (observed === undefined || host === undefined) throw new Error('nothing observed');
  const down = (await downOn(session, host, observed)).filter(({ name }) => name === 'db');
  await fleet.close();
  return down;
}
