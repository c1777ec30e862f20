import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { wantedAccessories } from '../../src/accessories/wanted.ts';
import type { Observed } from '../../src/observe/observed.ts';
import { downOn } from '../../src/pipeline/down.ts';
import { connectFleet } from '../../src/pipeline/connecting.ts';
import { accessoryDrift, type AccessoryDrift } from '../../src/plan/accessories/drift.ts';
import { restartEngine } from '../fakes/containers.ts';
import type { FakeMachine } from '../fakes/machine.ts';
import { inVirtualTime } from '../fakes/virtual-time.ts';
import { sessionOf } from './session.ts';
import { listen, makeWorld, planLines, stopListening, twoMachines, type World } from './world.ts';

const tailnet = '192.0.2.10';
const yaml = `${twoMachines
  .replace('run: {', `run: {bind_ips: [${tailnet}], `)
  .replace('cmd: work', `cmd: work, options: {publish: "${tailnet}:9000:9000"}`)}accessories:
  pooler: {image: registry.test:5000/it:1, hosts: [two], port: "${tailnet}:6432:6432", depends_on: [db]}
  db: {image: registry.test:5000/it:1, hosts: [two], port: "${tailnet}:5432:5432"}
  health: {image: registry.test:5000/it:1, hosts: [two], depends_on: [pooler]}
`;

/** Everything runs; then the engine of the second machine is restarted while its address in the tailnet is missing. */
async function afterRestart(): Promise<{ world: World; two: FakeMachine }> {
  const world = makeWorld(yaml);
  world.push('v1');
  world.registry.push('registry.test:5000/it:1', {});
  await world.deploy('v1', { command: 'setup' });
  const two = world.machines.get('two');
  if (two === undefined) throw new Error('there is no second machine');
  two.missingAddresses.add(tailnet);
  restartEngine(two);
  return { world, two };
}

/** On the machine where everything is to be started. */
async function callsOfStart(): Promise<number> {
  const { world, two } = await afterRestart();
  two.missingAddresses.clear();
  const begun = two.callCount;
  expect((await world.accessory('start', ['all'])).exitStatus).toBe(0);
  expect(two.callCount - begun).toBeGreaterThan(2);
  return two.callCount - begun;
}

async function look<T>(world: World, work: (observed: Observed) => T): Promise<T> {
  const fleet = await connectFleet(sessionOf(world, {}, []), world.config.allHosts);
  const accessories = { wanted: wantedAccessories(world.config), digests: new Map<string, string>() };
  const observed = await fleet.observe({ accessories });
  await fleet.close();
  return work(observed);
}

const drift = (world: World): Promise<AccessoryDrift[]> =>
  look(world, (observed) => accessoryDrift(world.config, wantedAccessories(world.config), observed));

async function down(world: World): Promise<string[]> {
  const session = sessionOf(world, {}, []);
  const fleet = await connectFleet(session, world.config.allHosts);
  const { hosts } = await fleet.observe({});
  const all = await Promise.all(
    hosts.map(async (observed) => {
      const host = fleet.hosts.get(observed.host);
      return host === undefined ? [] : downOn(session, host, observed);
    }),
  );
  await fleet.close();
  return all.flat().map(({ host, name, why, command }) => `${host} ${name}: ${why}; ${command}`);
}

const isMissing = `${tailnet} is missing on the machine, as it was when Docker tried to start it`;
const wasMissing = `${tailnet} was missing on the machine when Docker tried to start it, and is there again`;

describe('after a restart of the engine without its address in the tailnet', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('what is down is told with the reason and what starts it, while the address is missing and when it is back', () =>
    inVirtualTime(async () => {
      const { world, two } = await afterRestart();
      expect(world.running()).toEqual(['one shop-web-v1', 'two shop-health', 'two shop-web-v1']);
      expect(await down(world)).toEqual([
        `two worker: ${isMissing}; longshore deploy --skip-push --version v1`,
        `two pooler: ${isMissing}; longshore accessory start pooler`,
        `two db: ${isMissing}; longshore accessory start db`,
        `two kamal-proxy: ${isMissing}; longshore deploy --skip-push --version v1`,
      ]);
      two.missingAddresses.clear();
      expect((await down(world)).map((line) => line.split(/: |; /)[1])).toEqual(Array(4).fill(wasMissing));
    }));

  it('the plan says so of roles, the proxy and accessories', () =>
    inVirtualTime(async () => {
      const { world, two } = await afterRestart();
      two.missingAddresses.clear();
      const lines = await planLines(world, 'v1');
      expect(lines.filter((line) => line.includes(wasMissing))).toEqual([
        `two: start the proxy (the proxy is exited; ${wasMissing})`,
        `two: start shop-worker-v1 (it is not running: Exited (143) 2 seconds ago; ${wasMissing})`,
      ]);
      expect(await drift(world)).toMatchObject([
        { name: 'pooler', host: 'two', down: wasMissing },
        { name: 'db', host: 'two', down: wasMissing },
      ]);
    }));

  it('`accessory start all` starts each after what it depends on is healthy, and a deploy the rest; then nothing differs', () =>
    inVirtualTime(async () => {
      const { world, two } = await afterRestart();
      two.missingAddresses.clear();
      const { exitStatus, events } = await world.accessory('start', ['all']);
      expect(exitStatus).toBe(0);
      const steps = events.flatMap((event) =>
        event.type === 'step-ended' ? [`${event.step.kind} ${event.role ?? ''}`] : [],
      );
      expect(steps.filter((step) => !step.startsWith('audit'))).toEqual([
        'start-container db',
        'wait-until-healthy db',
        'start-container pooler',
        'wait-until-healthy pooler',
      ]);
      expect(await drift(world)).toEqual([]);
      await world.deploy('v1');
      expect(await down(world)).toEqual([]);
      expect(await planLines(world, 'v1')).toEqual([]);
    }));

  it('`accessory start all` may be killed at every call, before and after it was done; typed again it starts the rest', () =>
    inVirtualTime(async () => {
      for (let cut = 1, calls = await callsOfStart(); cut <= calls; cut += 1) {
        for (const moment of ['before', 'after'] as const) {
          const { world, two } = await afterRestart();
          two.missingAddresses.clear();
          const begun = two.callCount;
          let isDead = false;
          listen(world, (call, { name }) => {
            isDead ||= name === 'two' && call.number === begun + cut && call.moment === moment;
            return isDead ? 'cut' : undefined;
          });
          await world.accessory('start', ['all'], { isDead: () => isDead });
          expect(isDead).toBe(true);
          stopListening(world);
          expect((await world.accessory('start', ['all'])).failure).toBeUndefined();
          expect(await drift(world)).toEqual([]);
        }
      }
    }));
});
