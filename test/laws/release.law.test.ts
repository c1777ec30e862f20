import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { inVirtualTime } from '../fakes/virtual-time.ts';
import { journal, killedInRelease, left, records, runs, serving, yaml } from './releases.ts';
import { listen, makeWorld, stopListening, type Ended } from './world.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const notes = ({ events }: Ended) => events.flatMap((event) => (event.type === 'note' ? [event.text] : []));

describe('a release command', () => {
  test('is planned once, on one machine, after every pull and before anything starts', () =>
    inVirtualTime(async () => {
      const world = await serving();
      const lines = (await world.plan('v2')).filter((line) => / (pull|run|remove|record|start) /.test(line));
      expect(lines).toEqual([
        'one: pull registry.test:5000/shop:v2 (not on this host)',
        'two: pull registry.test:5000/shop:v2 (not on this host)',
        'one: run bin/migrate once, in shop-web-release-v2 (v2 was not released yet)',
        'one: remove shop-web-release-v2 (its log is kept)',
        'two: record v2 as released (every machine knows that it ran)',
        'one: start shop-web-v2 (v2 is not on this host)',
        'two: start shop-web-v2 (v2 is not on this host)',
        'two: start shop-worker-v2 (v2 is not on this host)',
        'one: record v2 as live (a rollback looks here)',
        'two: record v2 as live (a rollback looks here)',
      ]);
    }));

  test('runs in the new image with the role’s environment, as no container of the service', () =>
    inVirtualTime(async () => {
      const world = await serving();
      const bodies: unknown[] = [];
      listen(world, ({ name, args, moment }) => {
        if (name === 'docker.createContainer' && moment === 'before' && String(args[0]).includes('-release-'))
          bodies.push(args[1]);
      });
      expect((await world.deploy('v2')).exitStatus).toBe(0);
      expect(bodies).toEqual([
        expect.objectContaining({
          Image: 'registry.test:5000/shop:v2',
          Cmd: ['bin/migrate'],
          Labels: expect.objectContaining({ service: '', 'longshore.release': 'shop' }) as object,
          Healthcheck: { Test: ['NONE'] },
        }),
      ]);
      const { Env } = bodies[0] as { Env: string[] };
      expect(Env).toEqual(
        expect.arrayContaining([
          'KAMAL_CONTAINER_NAME=shop-web-release-v2',
          'KAMAL_VERSION=v2',
          'GREETING=hello',
          'KEY=s3cret',
          'LONGSHORE_OUTPUT=/longshore-output',
        ]),
      );
    }));

  test('that succeeds is written down on every machine, its log is kept for the login alone, and nothing is left to plan', () =>
    inVirtualTime(async () => {
      const world = await serving();
      expect((await world.deploy('v2')).exitStatus).toBe(0);
      expect(runs(world, 'v2')).toBe(1);
      for (const host of ['one', 'two']) {
        expect(records(world, host)).toContainEqual(
          expect.objectContaining({
            version: 'v2',
            outcome: 'released',
            digest: expect.stringMatching(/^sha256:/) as string,
            seconds: 1,
          }),
        );
      }
      const logs = [...(world.machines.get('one')?.files ?? [])].filter(([path]) => path.includes('release-logs/'));
      expect(logs.map(([path, { mode }]) => [path.replace(/\d{8}T\d{6}Z/, 'TIME'), mode])).toEqual([
        ['.kamal/apps/shop/release-logs/TIME-v1.log', '600'],
        ['.kamal/apps/shop/release-logs/TIME-v2.log', '600'],
      ]);
      expect(left(world)).toEqual([]);
      expect(await world.plan('v2')).toEqual([]);
    }));

  test('that fails aborts with nothing swapped, and runs again with the next deploy', () =>
    inVirtualTime(async () => {
      const world = await serving(yaml, { afterSeconds: 2, exitStatus: 3 });
      const before = [world.running(), world.traffic()];
      const first = await world.deploy('v2');
      expect(first.exitStatus).toBe(3);
      expect(first.failure?.details.join('\n')).toMatch(
        /release command bin\/migrate ended with status 3\n.*its log is \.kamal\/apps\/shop\/release-logs\/\S+-v2\.log on one/s,
      );
      expect([world.running(), world.traffic()]).toEqual(before);
      expect(journal(world).filter((line) => /start container shop-\w+-v2/.test(line))).toEqual([]);
      expect([...world.remains('v2'), ...left(world)]).toEqual([]);
      await world.deploy('v2');
      expect(runs(world, 'v2')).toBe(2);
    }));

  test('that takes too long is ended, and has failed', () =>
    inVirtualTime(async () => {
      const world = await serving(yaml, { afterSeconds: 3600, exitStatus: 0 });
      const { exitStatus, failure } = await world.deploy('v2');
      expect(exitStatus).toBe(3);
      expect(failure?.details.join('\n')).toContain('took longer than 60 s, and was ended');
      expect(journal(world)).toContain('stop container shop-web-release-v2');
      expect(left(world)).toEqual([]);
    }));

  test('does not run again for the same release, nor for a rollback, but for another image of the same version', () =>
    inVirtualTime(async () => {
      const world = await serving();
      expect((await world.deploy('v2')).exitStatus).toBe(0);
      expect((await world.deploy('v2', { command: 'redeploy' })).exitStatus).toBe(0);
      expect((await world.rollback()).exitStatus).toBe(0);
      expect((await world.deploy('v2')).exitStatus).toBe(0);
      expect(runs(world, 'v1')).toBe(1);
      expect(runs(world, 'v2')).toBe(1);
      // Taken away by hand, so that the registry is asked; it has the same image, and then another one.
      const forget = () => {
        for (const machine of world.machines.values()) {
          for (const [id, { name }] of machine.containers) if (name.endsWith('-v1')) machine.containers.delete(id);
          for (const image of machine.images.values()) image.tags.delete('registry.test:5000/shop:v1');
        }
      };
      forget();
      expect((await world.deploy('v1')).exitStatus).toBe(0);
      expect(runs(world, 'v1')).toBe(1);
      expect((await world.deploy('v2')).exitStatus).toBe(0);
      forget();
      world.push('v1', { kind: 'healthy', afterSeconds: 0 });
      expect((await world.deploy('v1')).exitStatus).toBe(0);
      expect(runs(world, 'v1')).toBe(2);
    }));

  test('without its role among those that were chosen does not run, which is said', () =>
    inVirtualTime(async () => {
      const world = await serving();
      const ended = await world.deploy('v2', { roles: ['worker'] });
      expect(ended.exitStatus).toBe(0);
      expect(notes(ended)).toContain(
        'the release command does not run: no machine of web is among those that were chosen',
      );
      expect((await world.deploy('v2')).exitStatus).toBe(0);
      expect(runs(world, 'v2')).toBe(1);
    }));

  test('does not take a container of its name for its own that somebody else made', () =>
    inVirtualTime(async () => {
      const world = await serving();
      const { docker } = world.machines.get('one')?.connect() ?? {};
      await docker?.createContainer('shop-web-release-v2', { Image: 'registry.test:5000/shop:v1', HostConfig: {} });
      const { exitStatus, failure } = await world.deploy('v2');
      expect(exitStatus).toBe(3);
      expect(`${failure?.message} ${failure?.details.join(' ')}`).toContain('shop-web-release-v2');
      expect(left(world)).toEqual(['shop-web-release-v2']);
      expect(world.running().every((line) => line.endsWith('-v1'))).toBe(true);
    }));

  test('of a version that nobody waits for any more is waited for before another one runs', () =>
    inVirtualTime(async () => {
      const world = await serving(yaml, { afterSeconds: 30, exitStatus: 0 });
      await killedInRelease(world);
      expect(world.running()).toContain('one shop-web-release-v2');
      const lines = await world.plan('v3');
      expect(lines).toContain('one: wait until shop-web-release-v2 has ended (two release commands never run at once)');
      let both = false;
      listen(world, () => void (both ||= world.running().filter((line) => line.includes('-release-')).length > 1));
      expect((await world.deploy('v3')).exitStatus).toBe(0);
      stopListening(world);
      expect(both).toBe(false);
      expect(await world.plan('v3')).toEqual(['one: remove shop-web-release-v2 (nobody waits for it any more)']);
      const last = await world.deploy('v3');
      expect(last.failure?.details ?? []).toEqual([]);
      expect(last.failure).toBeUndefined();
      expect(await world.plan('v3')).toEqual([]);
    }));
});

describe('a release that somebody has to approve', () => {
  const asking = `${yaml.replace('timeout: 60', 'approve: production')}base_destination: production\n`;

  test('stops with exit 3 before anything changes when nobody said yes', () =>
    inVirtualTime(async () => {
      const world = makeWorld(asking);
      world.push('v1');
      expect((await world.deploy('v1', { command: 'setup', approveRelease: true })).exitStatus).toBe(0);
      world.push('v2');
      const before = journal(world).length;
      const { exitStatus, failure } = await world.deploy('v2');
      expect(exitStatus).toBe(3);
      expect(failure?.code).toBe('release-not-approved');
      expect(failure?.hint).toContain('--approve-release');
      expect(journal(world).slice(before)).toEqual([]);
    }));

  test('is asked for on the terminal, once, and not where it ran', () =>
    inVirtualTime(async () => {
      const world = makeWorld(asking);
      world.push('v1');
      const asked: string[] = [];
      const confirm = async (question: string) => (asked.push(question), true);
      expect((await world.deploy('v1', { command: 'setup', confirm })).exitStatus).toBe(0);
      expect(asked).toEqual(['Run the release command bin/migrate of v1 for production?']);
      expect((await world.deploy('v1', { command: 'redeploy' })).exitStatus).toBe(0);
      expect((await world.plan('v1')).length).toBe(0);
      world.push('v2');
      expect((await world.deploy('v2', { confirm: async () => false })).exitStatus).toBe(3);
    }));
});
