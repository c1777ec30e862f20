import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { releasesOn } from '../../src/observe/history.ts';
import { parseReleases } from '../../src/observe/releases.ts';
import { renderHistory } from '../../src/report/history.ts';
import { inVirtualTime } from '../fakes/virtual-time.ts';
import { makeWorld, type World } from '../laws/world.ts';

beforeEach(() => void vi.useFakeTimers({ now: new Date('2026-01-02T03:04:05Z') }));
afterEach(() => void vi.useRealTimers());

const releasesOf = ({ machines }: World) =>
  releasesOn(
    [...machines.values()].map(({ name, files }) => ({
      host: name,
      releases: parseReleases(String(files.get('.kamal/shop-releases.jsonl')?.content ?? '')),
    })),
  );

test('a release is one for all machines, with who made it of what, and what it had', () =>
  inVirtualTime(async () => {
    const world = makeWorld();
    world.push('v1');
    await world.deploy('v1', { command: 'setup' });
    const [only, ...others] = releasesOf(world);
    expect(others).toEqual([]);
    expect(only).toEqual({
      version: 'v1',
      at: expect.stringMatching(/^2026-01-02T03:04:\d\dZ$/) as string,
      command: 'setup',
      run: expect.any(String) as string,
      performer: 'dev@example.com',
      deployer: 'laptop',
      config: 'f00f00f00f00',
      digest: expect.stringMatching(/^sha256:/) as string,
      seconds: expect.any(Number) as number,
      env: { web: ['KEY', 'GREETING'], worker: ['KEY', 'GREETING'] },
      hosts: [
        { host: 'one', outcome: 'live' },
        { host: 'two', outcome: 'live' },
      ],
    });
  }));

test('one that failed says so, newest first, and no secret is in any record', () =>
  inVirtualTime(async () => {
    const world = makeWorld();
    world.push('v1');
    await world.deploy('v1', { command: 'setup', run: 'first' });
    world.push('v2', { kind: 'exits', afterSeconds: 0, exitStatus: 1 });
    await world.deploy('v2', { run: 'second' });
    const releases = releasesOf(world);
    expect(releases.map(({ version, hosts }) => [version, ...new Set(hosts.map(({ outcome }) => outcome))])).toEqual([
      ['v2', 'failed'],
      ['v1', 'live'],
    ]);
    expect(JSON.stringify(releases)).not.toContain('s3cret');
    const text = renderHistory({ service: 'shop', serving: ['v1'], releases, problems: [] });
    expect(text).toMatch(
      /^2026-01-02 03:04:\d\d  v1 +setup: live +dev@example\.com on laptop +[\d.]+ s +one, two +serves$/m,
    );
    expect(text).toMatch(/^2026-01-02 03:04:\d\d  v2 +deploy: failed/m);
  }));

test('records of earlier versions, which name no run, are put together by what they say and when', () => {
  const line = (version: string, at: string) => ({ version, at, command: 'deploy', outcome: 'live' }) as const;
  const releases = releasesOn([
    { host: 'one', releases: [line('v1', '2026-01-01T00:00:00Z'), line('v1', '2026-01-01T00:05:00Z')] },
    { host: 'two', releases: [line('v1', '2026-01-01T00:00:03Z'), line('v1', '2026-01-01T09:00:00Z')] },
  ]);
  expect(releases.map(({ at, hosts }) => [at, hosts.map(({ host }) => host).join()])).toEqual([
    ['2026-01-01T09:00:00Z', 'two'],
    ['2026-01-01T00:05:00Z', 'one'],
    ['2026-01-01T00:00:03Z', 'one,two'],
  ]);
});
