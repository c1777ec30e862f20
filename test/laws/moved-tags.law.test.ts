import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { wantedAccessories } from '../../src/accessories/wanted.ts';
import { askRegistries } from '../../src/pipeline/accessories/registry.ts';
import { connectFleet } from '../../src/pipeline/connecting.ts';
import { meet } from '../../src/plan/accessories/current.ts';
import { accessoryDrift } from '../../src/plan/accessories/drift.ts';
import { tagsSeen } from '../../src/plan/accessories/moved.ts';
import { inVirtualTime } from '../fakes/virtual-time.ts';
import { sessionOf } from './session.ts';
import { makeWorld, twoMachines, worldOn, type World } from './world.ts';

const db = 'registry.test:5000/db:1';
const cache = 'registry.test:5000/cache:1';
/** The same for what is pushed first into any world. */
const pinned = `${cache}@${makeWorld().registry.push(cache)}`;
const quick = 'healthcheck: {start_period: 2, retries: 1, timeout: 1}';
const yaml = (labels = '') => `${twoMachines}accessories:
  db: {image: "${db}", hosts: [one, two], volumes: ["db:/data"]${labels}, ${quick}}
  cache: {image: "${pinned}", host: one, ${quick}}
  other: {image: "registry.test:5000/other:1", host: two, ${quick}}
`;

async function deployed(): Promise<World> {
  const world = makeWorld(yaml());
  for (const image of [cache, db, 'registry.test:5000/other:1']) world.registry.push(image);
  world.push('v1');
  world.push('v2');
  expect((await world.deploy('v1', { command: 'setup' })).failure).toBeUndefined();
  return world;
}

/** What a plan says of tags, and of what differs. */
async function seen(world: World, logins?: []): Promise<{ moved: string[]; notAsked: string[]; drift: string[] }> {
  const wanted = wantedAccessories(world.config);
  const session = { ...sessionOf(world, {}, []), ...(logins === undefined ? {} : { logins }) };
  const fleet = await connectFleet(session, world.config.allHosts);
  const [observed, answers] = await Promise.all([
    fleet.observe({ accessories: { wanted, digests: new Map() } }),
    askRegistries(session, fleet, wanted),
  ]);
  await fleet.close();
  const { moved, notAsked } = tagsSeen(meet(wanted, observed), answers);
  const line = ({ host, name, because }: (typeof moved)[number]) => `${host} ${name}: ${because}`;
  return {
    moved: moved.map(line),
    notAsked: notAsked.map(line),
    drift: accessoryDrift(world.config, wanted, observed).map(({ host, name }) => `${host} ${name}`),
  };
}

const idsOf = (world: World) =>
  [...world.machines.values()].flatMap((machine) =>
    [...machine.containers.values()].flatMap(({ name, id }) => (name === 'shop-db' ? [`${machine.name} ${id}`] : [])),
  );
const nothing = { moved: [], notAsked: [], drift: [] };

describe('a tag that moved in the registry', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('is told apart from drift, left alone by every deploy, and applied by upgrade', () =>
    inVirtualTime(async () => {
      const world = await deployed();
      expect(await seen(world)).toEqual(nothing);
      const digest = world.registry.push(db, { env: ['PATH=/bin', 'EDITION=2'] });
      const because = `the registry has ${digest} by now`;
      expect(await seen(world)).toEqual({ ...nothing, moved: [`one db: ${because}`, `two db: ${because}`] });
      const before = idsOf(world);
      expect((await world.deploy('v2', { accessories: true })).failure).toBeUndefined();
      expect(idsOf(world)).toEqual(before);
      expect((await world.accessory('upgrade', ['db'])).failure).toBeUndefined();
      expect(idsOf(world).some((id) => before.includes(id))).toBe(false);
      expect(await seen(world)).toEqual(nothing);
    }));

  it('is pulled as a step that says why, only where it moved, and after everything that is refused', () =>
    inVirtualTime(async () => {
      const world = await deployed();
      const pulls = () =>
        [...world.machines.values()].flatMap(({ name, journal }) =>
          journal.filter((line) => line.startsWith('pull ')).map((line) => `${name}: ${line}`),
        );
      const before = pulls();
      expect(await world.accessory('upgrade', ['db', 'cache', 'other'])).toMatchObject({ exitStatus: 0 });
      expect(pulls()).toEqual(before);

      const digest = world.registry.push(db, { env: ['PATH=/bin', 'EDITION=2'] });
      const elsewhere = worldOn(world, yaml().replace('db:/data', 'elsewhere:/data'));
      const { failure } = await elsewhere.accessory('upgrade', ['db']);
      expect(failure).toMatchObject({
        code: 'usage',
        details: [expect.stringContaining('--new-data elsewhere'), expect.any(String)],
      });
      expect(pulls()).toEqual(before);

      const { events } = await world.accessory('upgrade', ['db', 'other']);
      expect(
        events.flatMap((event) =>
          event.type === 'step-ended' && event.step.kind === 'pull-image' ? [[event.host, event.step]] : [],
        ),
      ).toEqual(
        ['one', 'two'].map((host) => [
          host,
          { kind: 'pull-image', image: db, because: `the registry has ${digest} by now` },
        ]),
      );
    }));

  it('counts likewise when somebody pulled it, and comes with another change', () =>
    inVirtualTime(async () => {
      const world = await deployed();
      world.registry.push(db, { env: ['PATH=/bin', 'EDITION=2'] });
      const machine = world.machines.get('one');
      await machine?.connect().docker.pullImage(db, world.registry.credentials);
      world.registry.isAway = true;
      const { moved, drift } = await seen(world);
      expect([moved, drift]).toEqual([['one db: this machine has another image by that name'], []]);
      const before = idsOf(world);
      expect((await world.deploy('v2', { accessories: true })).failure).toBeUndefined();
      expect(idsOf(world)).toEqual(before);
      Object.assign(world, { config: makeWorld(yaml(', labels: {team: one}')).config });
      const ended = await world.deploy('v2', { accessories: true });
      expect(ended.events).toContainEqual({
        type: 'note',
        text: `one: db gets another image than it has now: ${db} moved`,
      });
      expect((await seen(world)).moved).toEqual([]);
    }));

  it('is not known, and no failure, when the registry is away or wants a login; a digest is not asked about', () =>
    inVirtualTime(async () => {
      const world = await deployed();
      expect((await seen(world, [])).notAsked).toEqual(
        ['one db', 'two db', 'two other'].map((one) => `${one}: its registry wants a login, and there is none`),
      );
      world.registry.isAway = true;
      const { notAsked, drift } = await seen(world);
      expect(notAsked).toEqual(
        ['one db', 'two db', 'two other'].map((one) => `${one}: its registry said: connection refused`),
      );
      expect(drift).toEqual([]);
    }));
});
