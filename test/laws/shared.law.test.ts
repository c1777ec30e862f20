import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { machineLockDirectory } from '../../src/containers/names.ts';
import type { Host } from '../../src/hosts/host.ts';
import type { FakeMachine } from '../fakes/machine.ts';
import { inVirtualTime } from '../fakes/virtual-time.ts';
import type { RunOptions } from './session.ts';
import { type Ended, listen, makeWorld, twoMachines, type World, worldOn } from './world.ts';

/** Runs of two services meet on one machine, for whose network, proxy and engine there is one lock. */

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const shop = twoMachines.replace(/^servers: .*$/m, 'servers: {web: [one]}');
const mail = shop.replaceAll('shop', 'mail');

interface Meeting {
  readonly shop: World;
  readonly mail: World;
  /** Shared changes as they arrived, `shop: docker.createNetwork kamal`. */
  readonly changes: string[];
  /** Of those, what was not made by whoever had the lock. */
  readonly wrong: string[];
}

function meet(): Meeting {
  const bare = makeWorld(shop);
  bare.push('v1');
  bare.registry.push('registry.test:5000/mail:v1', { labels: { service: 'mail' }, behaviour: { kind: 'healthy' } });
  const [changes, wrong]: string[][] = [[], []];
  let caller = '';
  for (const machine of bare.machines.values()) {
    machine.hasDocker = false;
    machine.onCall = ({ name, args, moment }) => {
      const isProxy = /^docker.*Container$/.test(name) && args[0] === 'kamal-proxy';
      const installs = name === 'installDocker' && !machine.hasDocker;
      if (moment !== 'before' || !(isProxy || name === 'docker.createNetwork' || installs)) return;
      changes?.push(`${caller}: ${name}`);
      const holder = machine.locks.get(machineLockDirectory)?.details ?? 'nobody';
      if (!holder.endsWith(`, for ${caller}`)) wrong?.push(`${caller}: ${name}, while the lock is held by: ${holder}`);
    };
  }
  /** Every call says whose it is at the very moment when it is sent. */
  const by = (who: string, machine: FakeMachine): FakeMachine =>
    Object.create(machine, {
      connect: {
        value: () => {
          const host = machine.connect();
          const say = <T extends object>(object: T): T => {
            const calls = Object.entries(object).filter(([, call]) => typeof call === 'function');
            const said = calls.map(([name, call]) => [
              name,
              (...given: unknown[]) => {
                caller = who;
                return (call as (...words: unknown[]) => unknown)(...given);
              },
            ]);
            return { ...object, ...Object.fromEntries(said) };
          };
          return { ...say(host), docker: say(host.docker) } satisfies Host;
        },
      },
    }) as FakeMachine;
  const asSeenBy = (who: string, from: string) =>
    worldOn({ registry: bare.registry, machines: new Map([...bare.machines].map(([n, m]) => [n, by(who, m)])) }, from);
  return { shop: asSeenBy('shop', shop), mail: asSeenBy('mail', mail), changes: changes ?? [], wrong: wrong ?? [] };
}

const setup = (world: World, options: RunOptions = {}) => world.deploy('v1', { ...options, command: 'setup' });
const served = ['one mail-web mail-web-v1', 'one shop-web shop-web-v1'];
const once = ['docker.createContainer', 'docker.createNetwork', 'installDocker'];

function problems({ shop: one, changes, wrong }: Meeting, ends: readonly (Ended | undefined)[]): string[] {
  const made = changes.map((line) => line.replace(/^.*: /, '')).filter((name) => once.includes(name));
  return [
    ...wrong,
    ...ends.flatMap((end) => (end?.exitStatus === 0 ? [] : [`ended with ${end?.exitStatus} ${end?.failure?.message}`])),
    ...(made.toSorted().join() === once.join() ? [] : [`made: ${made.join()}`]),
    ...(one.traffic().join() === served.join() ? [] : [`traffic: ${one.traffic().join()}`]),
    ...(one.machines.get('one')?.locks.size === 0 ? [] : ['a lock is left']),
  ];
}

test('two at once on a bare machine: what is shared is made once, and both serve', () =>
  inVirtualTime(async () => {
    const meeting = meet();
    const ends = await Promise.all([setup(meeting.shop), setup(meeting.mail)]);
    expect(problems(meeting, ends)).toEqual([]);
    const waited = ends.flatMap(({ events }) => events).filter((event) => event.type === 'note');
    expect(waited.map(({ text }) => text)).toContainEqual(
      expect.stringMatching(/^The lock of what all services share on one is held .*\. Waiting for it$/),
    );
  }));

test(
  'a run stopped in any call for longer than its lease: the other one goes on, and nothing shared is changed by both',
  () =>
    inVirtualTime(async () => {
      const wrong: string[] = [];
      let number = 1;
      for (; ; number += 1) {
        const meeting = meet();
        let [counted, stoppedIn] = [0, ''];
        let other: Promise<Ended> | undefined;
        const beforeCall = async (call: string) => {
          counted += 1;
          if (counted < number) return;
          stoppedIn ||= call;
          await (other ??= setup(meeting.mail));
        };
        const ended = await setup(meeting.shop, { beforeCall });
        if (other === undefined) break;
        const isRunning = meeting.shop.running().some((line) => line.includes('shop'));
        if (ended.exitStatus !== 0 && isRunning) wrong.push(`call ${number}: ended with ${ended.exitStatus}, and runs`);
        // One that lost the lock in the middle of it stops, and is typed again.
        const last = ended.exitStatus === 0 ? ended : await setup(meeting.shop);
        const found = problems(meeting, [await other, last]);
        wrong.push(...found.map((line) => `stopped in call ${number} (${stoppedIn}): ${line}`));
      }
      expect(number).toBeGreaterThan(30);
      expect(wrong).toEqual([]);
    }),
  120_000,
);

test('a proxy that leads to others, too, is started only when somebody says yes to their names, once', () =>
  inVirtualTime(async () => {
    const { shop: world, mail: other } = meet();
    await setup(world);
    await setup(other);
    world.registry.push('registry.test:5000/shop:v2', { labels: { service: 'shop' }, behaviour: { kind: 'healthy' } });
    const proxy = [...(world.machines.get('one')?.containers.values() ?? [])].find(
      ({ name }) => name === 'kamal-proxy',
    );
    if (proxy === undefined) throw new Error('no proxy');
    proxy.state = 'exited';

    const text = 'one: start the proxy, which another service shares: mail-web (mail.example.com)';
    const { failure } = await world.deploy('v2');
    expect(failure).toMatchObject({ code: 'shared-not-agreed', exitStatus: 3 });
    expect(failure?.message).toContain(text);
    expect(failure?.hint).toContain('`longshore deploy -y`');
    const asked: string[] = [];
    const confirm = async (question: string) => asked.push(question) > 1;
    expect((await world.deploy('v2', { confirm })).exitStatus).toBe(3);
    expect(proxy.state).toBe('exited');
    expect((await world.deploy('v2', { confirm })).exitStatus).toBe(0);
    expect(asked).toEqual([`${text}. Go on?`, `${text}. Go on?`]);
    expect(proxy.state).toBe('running');

    proxy.state = 'exited';
    const nobody = (_question: string, until?: AbortSignal) =>
      new Promise<boolean>((resolve) => void until?.addEventListener('abort', () => resolve(false)));
    const started = Date.now();
    expect((await world.rollback('v1', { confirm: nobody })).failure?.code).toBe('shared-not-agreed');
    expect(Date.now() - started).toBeLessThan(60_000);
    expect(proxy.state).toBe('exited');
    expect((await world.deploy('v1', { confirmed: true })).exitStatus).toBe(0);
  }));

test('an ordinary deploy changes nothing that is shared, and asks for no such lock', () =>
  inVirtualTime(async () => {
    const world = makeWorld(shop);
    for (const version of ['v1', 'v2']) world.push(version);
    await setup(world);
    const calls: string[] = [];
    listen(world, ({ name, args }) => void calls.push(`${name} ${JSON.stringify(args)}`));
    expect((await world.deploy('v2')).exitStatus).toBe(0);
    expect(calls.length).toBeGreaterThan(10);
    expect(calls.filter((call) => call.includes(machineLockDirectory))).toEqual([]);
  }));
