import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Behaviour } from '../fakes/images.ts';
import { inVirtualTime } from '../fakes/virtual-time.ts';
import { dyingIn, makeWorld, planLines, twoMachines, type World } from './world.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const yaml = `${twoMachines.replace('cmd: work', 'cmd: work, smoke: [{cmd: bin/check -q}]')}smoke: [{path: /login}, {path: /old, status: 301}]\n`;
const good: Behaviour = { kind: 'healthy', answers: { '/old': 301 } };
const bad: Behaviour = { kind: 'healthy', answers: { '/old': 301, '/login': 500 } };

async function serving(text = yaml): Promise<World> {
  const world = makeWorld(text);
  world.push('v1', good);
  world.push('v2', good);
  world.push('bad', bad);
  for (const machine of world.machines.values()) machine.onExec = () => 0;
  expect((await world.deploy('v1', { command: 'setup' })).failure).toBeUndefined();
  return world;
}

test('the new version is asked on each machine after the swap, before the old one is stopped', () =>
  inVirtualTime(async () => {
    const world = await serving();
    const lines = (await world.plan('v2')).filter((line) => / (ask|run|send|stop|wait until) /.test(line));
    const why = '(it has to answer before what it replaces is stopped)';
    expect(lines).toEqual([
      'one: send shop-web to shop-web-v2 once healthy (traffic goes to shop-web-v1)',
      'two: send shop-web to shop-web-v2 once healthy (traffic goes to shop-web-v1)',
      `one: ask shop-web-v2 for http://shop.example.com/login ${why}`,
      `one: ask shop-web-v2 for http://shop.example.com/old ${why}`,
      `two: ask shop-web-v2 for http://shop.example.com/login ${why}`,
      `two: ask shop-web-v2 for http://shop.example.com/old ${why}`,
      'two: wait until shop-worker-v2 is ready (the role has no traffic whose health check would tell)',
      `two: run bin/check -q in shop-worker-v2 ${why}`,
      'one: stop shop-web-v1 (replaced by v2)',
      'two: stop shop-web-v1 (replaced by v2)',
      'two: stop shop-worker-v1 (replaced by v2)',
    ]);
    expect((await world.deploy('v2')).exitStatus).toBe(0);
    expect(await world.plan('v2')).toEqual([]);
  }));

test('a request that is answered otherwise leaves the old version serving, and says what was asked', () =>
  inVirtualTime(async () => {
    const world = await serving();
    const before = [world.running(), world.traffic()];
    const { exitStatus, failure, events } = await world.deploy('bad');
    expect(exitStatus).toBe(5);
    expect([world.running(), world.traffic()]).toEqual(before);
    expect(world.remains('bad')).toEqual([]);
    expect(failure?.details.join('\n')).toContain(
      'smoke check failed: ask shop-web-bad for http://shop.example.com/login: the answer was 500, not 200 to 299',
    );
    expect(events.some((event) => event.type === 'diagnosis')).toBe(true);
  }));

test('a command that fails, or takes too long, leaves the old version serving, and shows what it said', () =>
  inVirtualTime(async () => {
    const world = await serving();
    const before = [world.running(), world.traffic()];
    for (const machine of world.machines.values()) machine.onExec = (container) => (container.endsWith('v2') ? 3 : 0);
    const { exitStatus, failure } = await world.deploy('v2');
    expect(exitStatus).toBe(5);
    expect([world.running(), world.traffic()]).toEqual(before);
    expect(failure?.details).toContain('said by bin/check');
    expect(failure?.details.join('\n')).toContain('it ended with status 3');
  }));

test('with boot groups, a version that fails its smoke stops at the first group', () =>
  inVirtualTime(async () => {
    const world = await serving(`${yaml}boot: {limit: 1}\n`);
    expect((await world.deploy('bad')).exitStatus).toBe(5);
    const starts = world.machines.get('two')?.journal.filter((line) => line === 'start container shop-web-bad');
    expect(starts).toEqual([]);
  }));

test('a run that was cut off between swap and smoke is asked again by the next, before the old one is stopped', () =>
  inVirtualTime(async () => {
    const world = await serving();
    await dyingIn(
      world,
      'v2',
      ({ name, moment }) =>
        name === 'docker.startContainer' && moment === 'after' && world.running().includes('two shop-worker-v2'),
    );
    const asks = (await world.plan('v2')).filter((line) => / (ask|run) /.test(line));
    expect(asks).toHaveLength(5);
    expect((await world.deploy('v2')).exitStatus).toBe(0);
    expect(world.running().every((line) => line.endsWith('-v2'))).toBe(true);
  }));

test('a rollback asks for nothing: today’s checks say nothing about yesterday’s version', () =>
  inVirtualTime(async () => {
    const world = await serving();
    expect((await world.deploy('v2')).exitStatus).toBe(0);
    for (const machine of world.machines.values()) machine.onExec = () => 9;
    expect((await world.rollback()).exitStatus).toBe(0);
    expect(world.running().every((line) => line.endsWith('-v1'))).toBe(true);
  }));

test('a role in maintenance is asked for nothing, and the plan says so', () =>
  inVirtualTime(async () => {
    const world = await serving();
    await world.machines.get('one')?.connect().execInContainer('kamal-proxy', ['kamal-proxy', 'stop', 'shop-web'], 5);
    const asks = (await planLines(world, 'v2')).filter((line) => line.includes(' ask '));
    expect(asks.map((line) => line.split(':')[0])).toEqual(['two', 'two']);
    const { exitStatus, events } = await world.deploy('v2');
    expect(exitStatus).toBe(0);
    expect(events).toContainEqual({
      type: 'note',
      text: 'one: web is in maintenance, so no smoke request is made there',
    });
  }));
