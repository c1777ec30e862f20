import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Failure } from '../../src/errors.ts';
import type { FakeMachine } from '../fakes/machine.ts';
import { inVirtualTime } from '../fakes/virtual-time.ts';
import { listen, makeWorld, stopListening, twoMachines, worldOn, type World } from './world.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const servers = (yaml: string) => twoMachines.replace(/^servers: .*$/m, `servers: ${yaml}`);
const before = servers('{web: [one], worker: {hosts: [two], cmd: work}}');
const swapped = servers('{web: [two], worker: {hosts: [one], cmd: work}}');

async function atV1(yaml = before): Promise<World> {
  const world = makeWorld(yaml);
  for (const version of ['v1', 'v2', 'v3']) world.push(version);
  expect((await world.deploy('v1')).exitStatus).toBe(0);
  return world;
}

function machine(world: World, name: string): FakeMachine {
  return world.machines.get(name) as FakeMachine;
}

describe('roles that moved by editing the file', () => {
  test.each(['v1', 'v2'])(
    'web and worker change places with %s: nothing is left behind, nothing left to plan',
    (version) =>
      inVirtualTime(async () => {
        const world = worldOn(await atV1(), swapped);
        expect((await world.deploy(version)).exitStatus).toBe(0);
        expect(world.running()).toEqual([`one shop-worker-${version}`, `two shop-web-${version}`]);
        expect(world.traffic()).toEqual([`two shop-web shop-web-${version}`]);
        expect(await world.plan(version)).toEqual([]);
        const left = [...machine(world, 'one').containers.values()].map(({ name }) => name);
        expect(left.toSorted()).toEqual(['kamal-proxy', `shop-worker-${version}`]);
        expect([...machine(world, 'one').files.keys()].filter((path) => path.endsWith('web.env'))).toEqual([]);
      }),
  );

  test('Ctrl-C while what moved is removed lets that end: the deploy is complete', () =>
    inVirtualTime(async () => {
      const world = worldOn(await atV1(), swapped);
      const controller = new AbortController();
      listen(world, ({ name, moment }) => {
        if (name === 'docker.removeContainer' && moment === 'before') controller.abort();
      });
      expect((await world.deploy('v2', { signal: controller.signal })).exitStatus).toBe(0);
      stopListening(world);
      expect(controller.signal.aborted).toBe(true);
      expect(world.running()).toEqual(['one shop-worker-v2', 'two shop-web-v2']);
      expect(await world.plan('v2')).toEqual([]);
    }));

  test('the old machine serves until the new one is healthy, and lets its requests end before it stops', () =>
    inVirtualTime(async () => {
      const world = worldOn(await atV1(), swapped);
      const served: boolean[] = [];
      listen(world, ({ moment }) => {
        if (moment === 'after') served.push(world.traffic().length > 0);
      });
      const { events } = await world.deploy('v2');
      stopListening(world);
      expect(served).not.toContain(false);
      const { journal } = machine(world, 'one');
      const order = ['stop route shop-web', 'remove route shop-web', 'stop container shop-web-v1'];
      expect(journal.filter((line) => order.includes(line))).toEqual(order);
      const started = events.flatMap((event) => (event.type === 'stage-started' ? [event.stage] : []));
      expect(started.indexOf('Retire what moved')).toBeGreaterThan(started.indexOf('Boot others'));
    }));

  test('a singleton that moved never runs twice, also when only its role is deployed', () =>
    inVirtualTime(async () => {
      const clockOn = (host: string) =>
        servers(`{web: [one, two, three], clock: {hosts: [${host}], cmd: clock, singleton: true}}`);
      const world = worldOn(await atV1(clockOn('two')), clockOn('three'));
      let most = 0;
      listen(world, () => {
        most = Math.max(most, world.running().filter((line) => line.includes('clock')).length);
      });
      const { exitStatus, events } = await world.deploy('v1', { roles: ['clock'] });
      stopListening(world);
      expect(exitStatus).toBe(0);
      expect(most).toBe(1);
      expect(world.running().filter((line) => line.includes('clock'))).toEqual(['three shop-clock-v1']);
      expect(JSON.stringify(events)).not.toContain('left alone');
    }));

  test.each([{ roles: ['clock'] }, { without: ['two'] }, { without: ['two'], roles: ['clock'] }])(
    'a singleton that may still run on a machine that nobody looks at is started nowhere else: %j',
    (options) =>
      inVirtualTime(async () => {
        const clockOn = (host: string) =>
          servers(`{web: [one, two], clock: {hosts: [${host}], cmd: clock, singleton: true}}`);
        const world = worldOn(await atV1(clockOn('two')), clockOn('one'));
        machine(world, 'two').isDown = true;
        const refused = await world.deploy('v2', options);
        expect(refused).toMatchObject({ exitStatus: 3, failure: { code: 'hosts-not-ready' } });
        expect(refused.failure?.message).toContain('may still run on two');
        expect(world.remains('v2')).toEqual([]);
        expect((await world.deploy('v2', { without: ['two'], roles: ['web'] })).exitStatus).toBe(0);
        expect(world.running()).toEqual(['one shop-web-v2', 'two shop-clock-v1', 'two shop-web-v1']);
        machine(world, 'two').isDown = false;
        expect((await world.deploy('v2')).exitStatus).toBe(0);
        expect(world.running()).toEqual(['one shop-clock-v2', 'one shop-web-v2', 'two shop-web-v2']);
        machine(world, 'two').isDown = true;
        // It is at home now.
        expect((await world.deploy('v3', { without: ['two'] })).exitStatus).toBe(0);
        expect((await world.rollback(undefined, { without: ['two'] })).exitStatus).toBe(0);
        expect(world.running().filter((line) => line.includes('clock'))).toEqual(['one shop-clock-v2']);
      }),
  );

  test('a role that is gone from the file stops, on a machine that only has accessories too', () =>
    inVirtualTime(async () => {
      const accessory = 'accessories: {db: {image: registry.test:5000/db, host: three}}\n';
      const old = await atV1(`${servers('{web: [one], cron: {hosts: [two, three], cmd: cron}}')}${accessory}`);
      const world = worldOn(
        old,
        `${servers('{web: [one]}')}${accessory.replace('three', '[two, three]').replace('host:', 'hosts:')}`,
      );
      expect(await world.plan('v2')).toContain('two: stop shop-cron-v1 (the file has no role cron)');
      expect((await world.deploy('v2')).exitStatus).toBe(0);
      expect(world.running()).toEqual(['one shop-web-v2']);
      expect(await world.plan('v2')).toEqual([]);
    }));

  test('a machine with accessories only that cannot be reached stops no deploy, and is told', () =>
    inVirtualTime(async () => {
      const old = await atV1(
        `${servers('{web: [one]}')}accessories: {db: {image: registry.test:5000/db, host: two}}\n`,
      );
      machine(old, 'two').isDown = true;
      const { exitStatus, events } = await old.deploy('v2');
      expect(exitStatus).toBe(0);
      expect(events.flatMap((event) => (event.type === 'warning' ? [event.text] : [])).join()).toContain('two');
    }));

  test('a run about a part of the file leaves them alone, and names them', () =>
    inVirtualTime(async () => {
      const world = worldOn(await atV1(), swapped);
      const { exitStatus, events } = await world.deploy('v2', { roles: ['worker'] });
      expect(exitStatus).toBe(0);
      expect(world.running()).toEqual(['one shop-web-v1', 'one shop-worker-v2', 'two shop-worker-v1']);
      const notes = events.flatMap((event) => (event.type === 'note' ? [event.text] : []));
      expect(notes).toContain('one: shop-web-v1 is left alone: this file has no role web there');
    }));

  test('when the new place does not get healthy, everything is where it was', () =>
    inVirtualTime(async () => {
      const old = await atV1();
      const [running, traffic] = [old.running(), old.traffic()];
      const world = worldOn(old, swapped);
      world.push('bad', { kind: 'never-healthy' });
      expect((await world.deploy('bad')).exitStatus).toBe(5);
      expect(world.running()).toEqual(running);
      expect(world.traffic()).toEqual(traffic);
      expect(world.remains('bad')).toEqual([]);
    }));

  test('when a stop fails at the very end, what had moved is brought back', () =>
    inVirtualTime(async () => {
      const old = await atV1();
      const [running, traffic] = [old.running(), old.traffic()];
      const world = worldOn(old, swapped);
      let failed = false;
      listen(world, ({ name, moment }, { name: host }) => {
        if (host !== 'two' || name !== 'docker.stopContainer' || moment !== 'before' || failed) return;
        failed = true;
        throw new Failure('engine-refused', 'two: no');
      });
      const { exitStatus } = await world.deploy('v2');
      stopListening(world);
      expect(exitStatus).toBe(5);
      expect(world.running()).toEqual(running);
      expect(world.traffic()).toEqual(traffic);
    }));

  test('a rollback after a move goes back to the version, in the places of today', () =>
    inVirtualTime(async () => {
      const world = worldOn(await atV1(), swapped);
      await world.deploy('v2');
      expect((await world.rollback()).exitStatus).toBe(0);
      expect(world.running()).toEqual(['one shop-worker-v1', 'two shop-web-v1']);
    }));

  test.each(['connection', 'kill'] as const)(
    'the move can be cut at every call (%s) and run again, or be taken back in the file',
    (kind) =>
      inVirtualTime(async () => {
        const problems: string[] = [];
        for (const host of ['one', 'two']) {
          for (const moment of ['before', 'during', 'after'] as const) {
            for (let call = 1; ; call += 1) {
              const old = await atV1();
              const world = worldOn(old, swapped);
              let [counted, isDead, wasCut] = [0, false, ''];
              listen(world, (heard, { name }) => {
                if (isDead) return 'cut';
                if (name !== host || wasCut !== '') return undefined;
                if (heard.moment === 'before') counted += 1;
                if (counted !== call || heard.moment !== moment) return undefined;
                wasCut = heard.name;
                isDead = kind === 'kill';
                return 'cut';
              });
              await world.deploy('v2', { isDead: () => isDead });
              stopListening(world);
              if (counted < call) break;
              const back = call % 2 === 0;
              const again = back ? old : world;
              // The lock of a run that was killed runs out on the machine that was the first then.
              await new Promise((resolve) => setTimeout(resolve, 20_000));
              const { exitStatus } = await again.deploy('v2');
              const running = back ? 'one shop-web-v2,two shop-worker-v2' : 'one shop-worker-v2,two shop-web-v2';
              const traffic = back ? 'one shop-web shop-web-v2' : 'two shop-web shop-web-v2';
              const stopped = ['one', 'two'].some((name) =>
                machine(world, name).proxy.routes.some(({ pause_controller: { state } }) => state !== 0),
              );
              const left = await again.plan('v2');
              if (
                exitStatus !== 0 ||
                stopped ||
                left.length > 0 ||
                again.running().join() !== running ||
                again.traffic().join() !== traffic
              )
                problems.push(
                  `${host} ${moment} ${call} ${wasCut} ${back}: ${exitStatus} ${again.running()} ${again.traffic()} ${left}`,
                );
            }
          }
        }
        expect(problems).toEqual([]);
      }),
    120_000,
  );
});
