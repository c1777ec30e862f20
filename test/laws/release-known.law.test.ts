import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Failure } from '../../src/errors.ts';
import { inVirtualTime } from '../fakes/virtual-time.ts';
import { killedInRelease, records, runs, serving, yaml } from './releases.ts';
import { listen, stopListening, twoMachines, type World } from './world.ts';

/** That a release command ran, and whether it can be undone, is known to whoever comes next. */

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const bad = { kind: 'never-healthy' } as const;
const irreversible = `${twoMachines}release: {cmd: bin/migrate, irreversible: true}\n`;
const three = yaml.replace('[one, two]', '[one, two, three]');
const released = (world: World, host: string, version: string) =>
  records(world, host).filter((record) => record['outcome'] === 'released' && record['version'] === version);
/** As if that had never been written down there. */
function forget(world: World, host: string, wanted: { outcome: string; version: string }): void {
  const file = world.machines.get(host)?.files.get('.kamal/shop-releases.jsonl');
  const kept = records(world, host).filter(
    ({ outcome, version }) => outcome !== wanted.outcome || version !== wanted.version,
  );
  expect(kept.length).toBeLessThan(records(world, host).length);
  if (file !== undefined) file.content = kept.map((record) => `${JSON.stringify(record)}\n`).join('');
}

test('one machine after the other is deployed to, and it runs once: the primary machine knows', () =>
  inVirtualTime(async () => {
    const world = await serving(three);
    for (const host of ['two', 'three', 'one'])
      expect((await world.deploy('v2', { hosts: [host] })).failure).toBeUndefined();
    expect(runs(world, 'v2')).toBe(1);
  }));

test('a run for another machine waits for the one that a killed run began, and takes its exit status', () =>
  inVirtualTime(async () => {
    const world = await serving(yaml, { afterSeconds: 30, exitStatus: 0 });
    await killedInRelease(world);
    expect((await world.deploy('v2', { hosts: ['two'] })).failure).toBeUndefined();
    expect(runs(world, 'v2')).toBe(1);
    expect(released(world, 'two', 'v2')).toHaveLength(1);
  }));

test('one that a killed run began and nobody waited for is written down, and what it said is heeded, before another version', () =>
  inVirtualTime(async () => {
    const world = await serving(yaml, { afterSeconds: 30, exitStatus: 0, output: 'on_failure=hold\n' });
    await killedInRelease(world);
    await vi.advanceTimersByTimeAsync(60_000);
    world.push('bad', bad);
    expect((await world.deploy('bad')).failure?.code).toBe('deploy-held');
    expect(released(world, 'one', 'v2')).toMatchObject([{ irreversible: true }]);
    expect((await world.deploy('v2')).exitStatus).toBe(0);
    expect(runs(world, 'v2')).toBe(1);
  }));

test('a machine that is told later is told when it ran, so a version that went live meanwhile can be gone back to', () =>
  inVirtualTime(async () => {
    const world = await serving(irreversible);
    expect((await world.deploy('v2')).exitStatus).toBe(0);
    const [first] = released(world, 'one', 'v2');
    forget(world, 'two', { outcome: 'released', version: 'v2' });
    await vi.advanceTimersByTimeAsync(60_000);
    expect((await world.deploy('v2', { command: 'redeploy' })).exitStatus).toBe(0);
    expect(released(world, 'two', 'v2')).toMatchObject([{ at: first?.['at'] }]);
  }));

test('the release of what serves holds nothing, also when Kamal made another version live', () =>
  inVirtualTime(async () => {
    const world = await serving(irreversible.replace(', irreversible: true', ''), {
      afterSeconds: 1,
      exitStatus: 0,
      output: 'on_failure=hold\n',
    });
    expect((await world.deploy('v2')).exitStatus).toBe(0);
    // Kamal keeps no such record.
    expect((await world.deploy('v3')).exitStatus).toBe(0);
    for (const host of ['one', 'two']) forget(world, host, { outcome: 'live', version: 'v3' });
    world.push('bad', bad);
    expect((await world.deploy('bad')).exitStatus).toBe(5);
    expect(world.running().every((line) => line.endsWith('-v3'))).toBe(true);
  }));

test.each(['Longshore', 'Kamal'])('a version of %s that can no longer serve is gone back to only by name', (maker) =>
  inVirtualTime(async () => {
    const world = await serving(irreversible);
    expect((await world.deploy('v2')).exitStatus).toBe(0);
    if (maker === 'Kamal') for (const host of ['one', 'two']) forget(world, host, { outcome: 'live', version: 'v1' });
    const refused = await world.rollback();
    expect(refused.exitStatus).toBe(3);
    expect(refused.failure?.message).toMatch(
      /^The release command of v2 ran at \S+ and is irreversible: v1 may no longer/,
    );
    expect(refused.failure?.hint).toContain('`longshore rollback v1`');
    expect(world.running().every((line) => line.endsWith('-v2'))).toBe(true);
    const back = await world.rollback('v1');
    expect(back.exitStatus).toBe(0);
    expect(back.events.flatMap((event) => (event.type === 'warning' ? [event.text] : [])).join()).toContain(
      'irreversible',
    );
  }),
);

test('a log that cannot be had or kept stops nothing', () =>
  inVirtualTime(async () => {
    const world = await serving();
    listen(world, ({ name, args, moment }) => {
      if (name === 'writeFile' && String(args[0]).includes('release-logs') && moment === 'before')
        throw new Failure('timed-out', 'too long a log');
    });
    const { exitStatus, events } = await world.deploy('v2');
    stopListening(world);
    expect(exitStatus).toBe(0);
    expect(events.flatMap((event) => (event.type === 'warning' ? [event.text] : [])).join()).toContain(
      'too long a log',
    );
    expect(released(world, 'two', 'v2')).toHaveLength(1);
  }));
