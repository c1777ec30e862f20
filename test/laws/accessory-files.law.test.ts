import { rmSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Failure } from '../../src/errors.ts';
import { inVirtualTime } from '../fakes/virtual-time.ts';
import {
  booted,
  contentOf,
  failsOnce,
  filesBeside,
  hear,
  killedAfter,
  local,
  machineOf,
  there,
} from './proxy-files.ts';
import { listen, makeWorld, stopListening, twoMachines } from './world.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
  rmSync(local, { force: true });
});

describe('the files of an accessory', () => {
  it('differ where a directory has the place of one', () =>
    inVirtualTime(async () => {
      const world = await booted();
      machineOf(world).files.delete(there);
      machineOf(world).directories.add(there);
      const { events } = await world.accessory('boot', ['proxy']);
      const said = events.flatMap((event) => (event.type === 'note' ? [event.text] : [])).join('\n');
      expect(said).toContain(`${there}: it is a directory`);
    }));

  it('are the old ones again when its container comes back', () =>
    inVirtualTime(async () => {
      const world = await booted();
      const starts: string[] = [];
      hear(world, (content) => starts.push(content));
      const { failure } = await world.accessory('upgrade', ['proxy']);
      expect(failure).toMatchObject({ exitStatus: 5 });
      expect(starts).toEqual(['new', 'old']);
      expect(contentOf(world)).toBe('old');
      expect(world.running()).toContain('one shop-proxy');
    }));

  it('are not said to be absent where the login may not look, nor is anything made anew for that', () =>
    inVirtualTime(async () => {
      const closed = `${twoMachines}accessories:
  proxy: {image: registry.test:5000/proxy:1, host: one, files: ["${local}:/etc/proxy.cfg"], directories: ["/root/data:/data"], healthcheck: {start_period: 2, retries: 1, timeout: 1}}
`;
      const world = makeWorld(closed);
      world.registry.push('registry.test:5000/proxy:1', {});
      writeFileSync(local, 'old');
      expect((await world.accessory('boot', ['proxy'])).failure).toBeUndefined();
      machineOf(world).closedDirectories = ['/root'];
      const before = [...machineOf(world).containers.keys()];
      for (const command of ['boot', 'upgrade'] as const) {
        const { failure, events } = await world.accessory(command, ['proxy']);
        expect(failure).toBeUndefined();
        expect(JSON.stringify(events)).not.toContain('it is not there');
      }
      expect([...machineOf(world).containers.keys()]).toEqual(before);
      expect((await world.accessory('reboot', ['proxy'])).failure).toBeUndefined();
      expect([...machineOf(world).containers.keys()]).not.toEqual(before);
    }));

  it('leave nothing beside their places when the replacement failed before the swap', () =>
    inVirtualTime(async () => {
      const world = await booted();
      listen(world, ({ name, moment }) => {
        if (name === 'docker.stopContainer' && moment === 'before') throw new Failure('engine-refused', 'one: no.');
      });
      expect(await world.accessory('upgrade', ['proxy'])).toMatchObject({ exitStatus: 5 });
      expect([contentOf(world), ...filesBeside(world)]).toEqual(['old']);
    }));

  it.each(['upgrade', 'reboot', 'boot', 'restart', 'apply'] as const)(
    'leave nothing there after a run that was cut off, once somebody types %s, though the file is the old one again',
    (command) =>
      inVirtualTime(async () => {
        const world = await booted();
        let isDead = false;
        listen(world, ({ name, moment }) => {
          if (isDead) return 'cut';
          isDead = name === 'docker.stopContainer' && moment === 'before';
          return isDead ? 'cut' : undefined;
        });
        await world.accessory('upgrade', ['proxy'], { isDead: () => isDead });
        stopListening(world);
        expect(filesBeside(world)).toHaveLength(1);
        writeFileSync(local, 'old');
        expect(await world.accessory(command, ['proxy'])).toMatchObject({ exitStatus: 0 });
        expect([contentOf(world), ...filesBeside(world)]).toEqual(['old']);
        expect(world.running()).toContain('one shop-proxy');
      }),
  );

  it('stay as they are when a restart fails after an upgrade that died before its end, which a deploy tells', () =>
    inVirtualTime(async () => {
      const world = await booted();
      await killedAfter(world, 'docker.removeContainer');
      expect(filesBeside(world)).toHaveLength(1);
      world.push('v1');
      const { events } = await world.deploy('v1');
      const said = events.flatMap((event) => (event.type === 'note' ? [event.text] : [])).join('\n');
      expect(said).toMatch(/proxy .*proxy.cfg.longshore-former; `longshore accessory upgrade proxy` finishes it/);
      const starts: string[] = [];
      failsOnce(world, (content) => starts.push(content));
      expect(await world.accessory('restart', ['proxy'])).toMatchObject({ exitStatus: 5 });
      expect([...starts, contentOf(world)]).toEqual(['new', 'new', 'new']);
    }));

  it('are those of what ran last when the next upgrade fails too', () =>
    inVirtualTime(async () => {
      const world = await booted();
      await killedAfter(world, 'docker.startContainer');
      await new Promise((resolve) => setTimeout(resolve, 60_000));
      writeFileSync(local, 'newest');
      const starts: string[] = [];
      failsOnce(world, (content) => starts.push(content));
      expect(await world.accessory('upgrade', ['proxy'])).toMatchObject({ exitStatus: 5 });
      expect([...starts, contentOf(world)]).toEqual(['newest', 'new', 'new']);
    }));

  it('are those of what ran last also when an upgrade was cut off in between, which had only made its container', () =>
    inVirtualTime(async () => {
      const world = await booted();
      await killedAfter(world, 'docker.removeContainer');
      writeFileSync(local, 'newest');
      await killedAfter(world, 'docker.createContainer');
      const starts: string[] = [];
      failsOnce(world, (content) => starts.push(content));
      expect(await world.accessory('upgrade', ['proxy'])).toMatchObject({ exitStatus: 5 });
      expect([...starts, contentOf(world)]).toEqual(['newest', 'new', 'new']);
    }));

  it('are what the file says after an upgrade, cut at whatever call and typed again, and what runs has started on them', () =>
    inVirtualTime(async () => {
      const problems: string[] = [];
      for (let call = 1; ; call += 1) {
        const found = await Promise.all((['before', 'after'] as const).map((moment) => cutAt(call, moment)));
        if (found.every((one) => one === undefined)) break;
        problems.push(...found.flatMap((one) => one ?? []));
        expect(call).toBeLessThan(100);
      }
      expect(problems).toEqual([]);
    }));
});

async function cutAt(call: number, moment: 'before' | 'after'): Promise<string[] | undefined> {
  const world = await booted();
  const readBy = new Map<string, string | undefined>();
  let [counted, wasCut, isDead] = [0, '', false];
  const started = ({ name, args }: { name: string; args: readonly unknown[] }) => {
    if (name === 'docker.startContainer') readBy.set(String(args[0]), contentOf(world));
  };
  listen(world, (heard) => {
    if (isDead) return 'cut';
    if (heard.moment === 'after') started(heard);
    if (heard.moment === 'before') counted += 1;
    if (counted !== call || heard.moment !== moment || wasCut !== '') return undefined;
    [wasCut, isDead] = [heard.name, true];
    return 'cut';
  });
  await world.accessory('upgrade', ['proxy'], { isDead: () => isDead });
  stopListening(world);
  if (wasCut === '') return undefined;
  listen(world, (heard) => (heard.moment === 'after' ? started(heard) : undefined));
  const again = await world.accessory('upgrade', ['proxy']);
  const [running] = [...machineOf(world).containers.values()].filter(({ name }) => name === 'shop-proxy');
  const is = [again.exitStatus, running?.state, readBy.get(running?.id ?? ''), contentOf(world), ...filesBeside(world)];
  const wanted = [0, 'running', 'new', 'new'];
  return is.join() === wanted.join() ? [] : [`killed ${moment} call ${call} (${wasCut}): ${is.join(', ')}`];
}
