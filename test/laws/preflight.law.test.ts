import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { FakeMachine } from '../fakes/machine.ts';
import { inVirtualTime } from '../fakes/virtual-time.ts';
import { wantedContainers } from '../../src/app/wanted.ts';
import { connectFleet } from '../../src/pipeline/connecting.ts';
import { deployPlan } from '../../src/pipeline/deploy.ts';
import { problemsOf } from '../../src/pipeline/problems.ts';
import { sessionOf } from './session.ts';
import { makeWorld, type World } from './world.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const megabyte = 1024 * 1024;

async function atV1(): Promise<{ world: World; one: FakeMachine; two: FakeMachine }> {
  const world = makeWorld();
  for (const version of ['v1', 'v2', 'v3']) world.push(version);
  expect((await world.deploy('v1', { command: 'setup' })).exitStatus).toBe(0);
  const [one, two] = ['one', 'two'].map((name) => world.machines.get(name) as FakeMachine);
  return { world, one: one as FakeMachine, two: two as FakeMachine };
}

test('all that stands in the way is told at once, with exit 3, and nothing is changed', () =>
  inVirtualTime(async () => {
    const { world, one, two } = await atV1();
    one.clockAheadSeconds = 600;
    one.engineVersion = '19.03.15';
    two.architecture = 'aarch64';
    two.freeBytes = 10 * megabyte;
    const before = JSON.stringify([world.running(), world.traffic(), world.remains('v2')]);
    const { exitStatus, failure } = await world.deploy('v2');
    expect(exitStatus).toBe(3);
    expect(failure?.message).toBe('4 things stand in the way');
    const told = failure?.details.join('\n');
    expect(told).toContain('one: its Docker 19.03.15 is older than 20.10');
    expect(told).toContain('two is arm64, and the image is built for amd64');
    expect(told).toContain('two: 10 MB free, and the image may need 256 MB');
    expect(told).toContain("one: 600 s ahead of this machine's");
    expect(JSON.stringify([world.running(), world.traffic(), world.remains('v2')])).toBe(before);
  }));

test('where there is nothing to do, nothing stands in the way', () =>
  inVirtualTime(async () => {
    const { world, two } = await atV1();
    two.clockAheadSeconds = 600;
    expect((await world.deploy('v1')).exitStatus).toBe(0);
  }));

test('--prune removes old containers and images first where the image may not fit, and never what serves', () =>
  inVirtualTime(async () => {
    const { world, two } = await atV1();
    expect((await world.deploy('v2')).exitStatus).toBe(0);
    two.freeBytes = 256 * megabyte - 1;
    const refused = await world.deploy('v3');
    expect(refused.failure?.code).toBe('host-without-space');
    expect(refused.failure?.hint).toContain('--prune removes 1 old images');
    const { exitStatus, events } = await world.deploy('v3', { prune: true });
    // The machine in memory frees nothing by it, so the look afterwards finds too little, and what served still serves.
    expect(exitStatus).toBe(3);
    expect(world.running()).toEqual(['one shop-web-v2', 'two shop-web-v2', 'two shop-worker-v2']);
    expect(world.remains('v1')).toEqual(['shop-web-v1']);
    expect(events.some((event) => event.type === 'stage-started' && event.stage === 'Make room')).toBe(true);
    two.freeBytes = 500 * megabyte;
    expect((await world.deploy('v3', { prune: true })).exitStatus).toBe(0);
  }));

test('the layers of the new image that a machine lacks are what it has to have room for, and it is asked for its own only in doubt', () =>
  inVirtualTime(async () => {
    const world = makeWorld();
    const layer = (id: string, bytes: number) => ({ id: `sha256:${id}`, bytes: bytes * megabyte });
    const base = [layer('debian', 50), layer('node', 100)];
    const push = (version: string, own: number) =>
      world.registry.push(`registry.test:5000/shop:${version}`, {
        labels: { service: 'shop' },
        layers: [...base, layer(version, own)],
      });
    for (const [version, own] of [
      ['v1', 10],
      ['v2', 20],
      ['v3', 20],
      ['v4', 500],
    ] as const)
      push(version, own);
    const deploy = async (version: string, freeMegabytes: number, more: object = {}) => {
      const two = world.machines.get('two') as FakeMachine;
      two.freeBytes = freeMegabytes * megabyte;
      const calls: string[] = [];
      const beforeCall = async (call: string, host: string) => void (host === 'two' && calls.push(call));
      const { failure } = await world.deploy(version, { registry: world.registry, beforeCall, ...more });
      return { said: failure?.message, looks: calls.filter((call) => call === 'inspectImage').length };
    };
    expect((await deploy('v1', 639, { command: 'setup' })).said).toBe(
      'two: 639 MB free, and the image may need 640 MB: 3 of its 3 layers are not there, 160 MB to download and about 480 MB unpacked',
    );
    expect((await deploy('v1', 640, { command: 'setup' })).said).toBeUndefined();
    expect((await deploy('v2', 79)).said).toBe(
      'two: 79 MB free, and the image may need 80 MB: 1 of its 3 layers are not there, 20 MB to download and about 60 MB unpacked',
    );
    const inDoubt = await deploy('v2', 80);
    expect(inDoubt.said).toBeUndefined();
    const ordinary = await deploy('v3', 680);
    expect(ordinary.said).toBeUndefined();
    // Of v1 and of the proxy.
    expect(inDoubt.looks - ordinary.looks).toBe(2);
    expect((await deploy('v4', 1999)).said).toContain('1 of its 3 layers are not there, 500 MB to download');
  }));

test('--prune removes nothing where layers of the new image would go with the old ones, and there is no room without them', () =>
  inVirtualTime(async () => {
    const world = makeWorld();
    const push = (version: string, ...layers: [string, number][]) =>
      world.registry.push(`registry.test:5000/shop:${version}`, {
        labels: { service: 'shop' },
        layers: layers.map(([id, megabytes]) => ({ id: `sha256:${id}`, bytes: megabytes * megabyte })),
      });
    push('v1', ['debian', 10], ['shared', 100]);
    push('v2', ['debian', 10], ['v2', 20]);
    push('v3', ['debian', 10], ['shared', 100], ['v3', 30]);
    const { registry } = world;
    for (const version of ['v1', 'v2']) await world.deploy(version, { command: 'setup', registry });
    (world.machines.get('two') as FakeMachine).freeBytes = 100 * megabyte;
    const { failure } = await world.deploy('v3', { registry, prune: true });
    expect(failure?.message).toBe(
      'two: 100 MB free, and the image may need 120 MB: 1 of its 3 layers are not there, 30 MB to download and about 90 MB unpacked',
    );
    expect(failure?.hint).not.toContain('--prune');
    expect(world.remains('v1')).toContain('shop-web-v1');
  }));

test('plan says of the machines what a deploy would be refused for, and nothing where there is nothing to do', () =>
  inVirtualTime(async () => {
    const { world, one, two } = await atV1();
    one.engineVersion = '19.03.15';
    two.architecture = 'aarch64';
    two.freeBytes = 10 * megabyte;
    two.clockAheadSeconds = 600;
    const problems = async (version: string) => {
      const session = sessionOf(world, {}, []);
      const fleet = await connectFleet(session, world.config.hosts);
      const observed = await fleet.observe({ version, wanted: wantedContainers(world.config, version) });
      const plan = deployPlan(session, { observed, version, digest: undefined, command: 'deploy' });
      return (await problemsOf(session, fleet, { plan, observed })).problems.join('\n');
    };
    const { failure } = await world.deploy('v2');
    const told = await problems('v2');
    for (const text of [
      'one: its Docker 19.03.15 is older than 20.10; a deploy stops here',
      'two is arm64, and the image is built for amd64; a deploy stops here',
      'two: 10 MB free, and the image may need 256 MB: the least that is counted before its layers are known; a deploy stops here',
      "two: 600 s ahead of this machine's",
    ]) {
      expect(told).toContain(text);
      expect(failure?.details.join('\n')).toContain(text.replace('; a deploy stops here', ''));
    }
    expect(await problems('v1')).toBe('');
  }));
