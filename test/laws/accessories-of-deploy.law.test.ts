import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { wantedAccessories } from '../../src/accessories/wanted.ts';
import { connectFleet } from '../../src/pipeline/connecting.ts';
import { accessoryDrift, type AccessoryDrift } from '../../src/plan/accessories/drift.ts';
import { inVirtualTime } from '../fakes/virtual-time.ts';
import { sessionOf } from './session.ts';
import { makeWorld, twoMachines, type World } from './world.ts';

const image = 'registry.test:5000/db:1';
const healthcheck = 'healthcheck: {start_period: 2, retries: 1, timeout: 1}';
const yaml = (more = '') => `${twoMachines}accessories:
  db: {image: "${image}", host: three, volumes: ["db:/data"]${more}, ${healthcheck}}
  cache: {image: "${image}", host: one, depends_on: [db], ${healthcheck}}
`;

function fleet(): World {
  const world = makeWorld(yaml());
  world.registry.push(image, {});
  world.push('v1');
  world.push('v2');
  return world;
}

const app = ['one shop-web-v1', 'two shop-web-v1', 'two shop-worker-v1'];
const accessories = ['one shop-cache', 'three shop-db'];
/** The file says something else of the database from now on. */
function change(world: World): void {
  Object.assign(world, { config: makeWorld(yaml(', labels: {team: one}')).config });
}
const idsOf = (world: World) =>
  [...world.machines.values()].flatMap((machine) =>
    [...machine.containers.values()].flatMap(({ name, id }) => (/-(?:db|cache)$/.test(name) ? [`${name} ${id}`] : [])),
  );

describe('accessories of a deploy', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('setup boots them in their order before the app, on machines of their own too, and leaves them alone a second time', () =>
    inVirtualTime(async () => {
      const world = fleet();
      const setup = await world.deploy('v1', { command: 'setup' });
      expect(setup.failure).toBeUndefined();
      expect(world.running()).toEqual([...accessories, ...app].toSorted());
      const started = setup.events.flatMap((event) =>
        event.type === 'step-ended' && event.step.kind === 'start-container' ? [event.role] : [],
      );
      expect(started.slice(0, 2)).toEqual(['db', 'cache']);
      expect(world.machines.get('three')?.containers.size).toBe(1);
      const before = idsOf(world);
      expect((await world.deploy('v2', { command: 'setup' })).exitStatus).toBe(0);
      expect(idsOf(world)).toEqual(before);
    }));

  it('setup brings the proxy for an accessory that has a route, and then for the app', () =>
    inVirtualTime(async () => {
      const routed = `${yaml()}  site: {image: "${image}", host: one, proxy: {host: site.example.com}, ${healthcheck}}\n`;
      const world = makeWorld(routed);
      world.registry.push(image, {});
      world.push('v1');
      expect((await world.deploy('v1', { command: 'setup' })).failure).toBeUndefined();
      expect(world.running()).toEqual([...accessories, 'one shop-site', ...app].toSorted());
      expect(world.traffic()).toEqual(expect.arrayContaining(['one shop-site shop-site', 'one shop-web shop-web-v1']));
    }));

  it('an app is not swapped when its accessories do not get healthy', () =>
    inVirtualTime(async () => {
      const world = fleet();
      world.registry.push(image, { behaviour: { kind: 'exits', afterSeconds: 0, exitStatus: 1 } });
      const setup = await world.deploy('v1', { command: 'setup' });
      expect(setup.exitStatus).not.toBe(0);
      expect(world.running().filter((line) => line.includes('-v1'))).toEqual([]);
    }));

  it('deploy leaves them alone', () =>
    inVirtualTime(async () => {
      const world = fleet();
      await world.deploy('v1', { command: 'setup' });
      change(world);
      const before = idsOf(world);
      expect((await world.deploy('v2')).exitStatus).toBe(0);
      expect(idsOf(world)).toEqual(before);
    }));

  it('deploy --accessories makes anew what differs, and nothing else, before the app', () =>
    inVirtualTime(async () => {
      const world = fleet();
      await world.deploy('v1', { command: 'setup' });
      const [cache, db] = idsOf(world);
      change(world);
      const deploy = await world.deploy('v2', { accessories: true });
      expect(deploy.failure).toBeUndefined();
      expect(idsOf(world)[0]).toBe(cache);
      expect(idsOf(world)[1]).not.toBe(db);
      const started = deploy.events.flatMap((event) =>
        event.type === 'step-ended' && event.step.kind === 'start-container' ? [event.role] : [],
      );
      expect(started[0]).toBe('db');
      expect(started).toContain('web');
      const before = idsOf(world);
      expect((await world.deploy('v2', { accessories: true })).exitStatus).toBe(0);
      expect(idsOf(world)).toEqual(before);
    }));

  it('a plan tells what is unlike the file, and who is without it meanwhile; nothing right after setup', () =>
    inVirtualTime(async () => {
      const world = fleet();
      await world.deploy('v1', { command: 'setup' });
      expect(await drift(world)).toEqual([]);
      change(world);
      expect(await drift(world)).toMatchObject([{ name: 'db', host: 'three', interrupts: ['db', 'cache'] }]);
      await world.accessory('stop', ['cache']);
      expect(await drift(world)).toMatchObject([{ name: 'db' }, { name: 'cache', interrupts: [] }]);
    }));
});

async function drift(world: World): Promise<AccessoryDrift[]> {
  const wanted = wantedAccessories(world.config);
  const fleet = await connectFleet(sessionOf(world, {}, []), world.config.allHosts);
  const observed = await fleet.observe({ accessories: { wanted, digests: new Map() } });
  await fleet.close();
  return accessoryDrift(world.config, wanted, observed);
}
