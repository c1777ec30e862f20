import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Host, LockAnswer } from '../../src/hosts/host.ts';
import { cleanUp, prefix, worlds } from './worlds.ts';

const details = 'Locked by: Kim at 2026-11-20T22:55:44Z\nVersion: v2\nMessage: Automatic deploy lock';

describe.each(worlds)('the roster of runs on $name', ({ name, connect }) => {
  let host: Host;
  beforeAll(async () => {
    host = await connect();
  });
  afterAll(() => cleanUp(host));

  const read = async (path: string) =>
    (await host.readState({ lockDirectory: `${prefix}/none`, releasesFile: path, files: [path], paths: [] })).files[
      path
    ];

  const lease = (ownerToken: string, seconds = 30) => ({ ownerToken, seconds });
  const quietly = (one: Host, text: string) =>
    one.runScript({
      name: 'pre-deploy',
      script: `#!/bin/sh\n${text}\n`,
      env: {},
      secretEnv: {},
      timeoutSeconds: 60,
      onLine: () => undefined,
      signal: new AbortController().signal,
    });

  it('gives each run a later turn, and names those that never gave the lock back', async () => {
    const [directory, roster] = [`${prefix}/lock-five`, `${prefix}/roster-five`];
    const first = await host.acquireLock({ directory, details, lease: lease('r1'), roster });
    expect(first).toEqual({ taken: true, seat: { turn: expect.any(Number), dead: [], busy: 0 } });
    expect(await host.releaseLock({ directory, ownerToken: 'r1', roster })).toBe(true);
    const other = await connect();
    const second = await other.acquireLock({ directory, details, lease: lease('r2', 0), roster });
    const third = await host.takeOverLock({ directory, details, lease: lease('r3'), roster });
    const turn = (answer: LockAnswer) => (answer.taken ? answer.seat?.turn : undefined) ?? 0;
    expect(turn(second)).toBe(turn(first) + 1);
    expect(third).toEqual({ taken: true, seat: { turn: turn(second) + 1, dead: ['r2'], busy: 0 } });
    await other.closed;
    expect(await host.releaseLock({ directory, ownerToken: 'r3', roster })).toBe(true);
  });

  it('knows of a lock that it was given back already, whoever had it since, and of one that was taken over it does not say so', async () => {
    const [directory, roster] = [`${prefix}/lock-given`, `${prefix}/roster-given`];
    const turnOf = async (ownerToken: string, seconds = 30) => {
      const request = { directory, details, lease: lease(ownerToken, seconds), roster };
      expect(await host.takeOverLock(request)).toMatchObject({ taken: true });
    };
    const give = (ownerToken: string) => host.releaseLock({ directory, ownerToken, roster });
    await turnOf('g1');
    expect([await give('g1'), await give('g1')]).toEqual([true, true]);
    await turnOf('g2');
    expect([await give('g1'), await give('g3')]).toEqual([true, false]);
    expect([await give('g2'), await give('g1'), await give('g2')]).toEqual([true, true, true]);
    const other = await connect();
    await other.acquireLock({ directory, details, lease: lease('g4', 0), roster });
    await turnOf('g5');
    expect([await give('g4'), await give('g5')]).toEqual([false, true]);
  });

  it('ends the connections of a dead run, and refuses it from then on', async () => {
    const roster = `${prefix}/roster-six`;
    const [old, older] = [await connect(), await connect()];
    const enlisted = { accepted: true, busy: 0 };
    expect(await old.enlist({ roster, ownerToken: 'old', turn: 5, end: [] })).toEqual(enlisted);
    expect(await older.enlist({ roster, ownerToken: 'old', turn: 5, end: [] })).toEqual(enlisted);
    expect(await host.enlist({ roster, ownerToken: 'new', turn: 6, end: ['old', 'never heard of'] })).toEqual(enlisted);
    await Promise.all([old.closed, older.closed]);
    const again = await connect();
    expect(await again.enlist({ roster, ownerToken: 'old', turn: 5, end: ['new'] })).toEqual({ accepted: false });
    expect(await again.enlist({ roster, ownerToken: 'old', turn: 5, end: [], anew: true })).toEqual(enlisted);
    await again.close();
    expect(await read(`${prefix}/none`)).toBeUndefined();
  });

  describe('a run whose lock lies on another machine', () => {
    const text = `${details}\nIts lock lies on elsewhere`;
    const request = (roster: string, ownerToken: string, seconds = 30) => ({
      ...{ roster, ownerToken, turn: 5, end: [] as string[] },
      elsewhere: { host: 'elsewhere', directory: `${prefix}/lock-of-${roster.split('/').at(-1)}`, details, seconds },
    });

    it('is who holds a lock that somebody wants to take here, for as long as it says that it lives', async () => {
      const roster = `${prefix}/roster-ten`;
      const [away, directory] = [request(roster, 'away'), `${prefix}/lock-of-roster-ten`];
      const other = await connect();
      expect(await other.enlist(away)).toEqual({ accepted: true, busy: 0 });
      const lock = { directory, details, lease: lease('here'), roster };
      const holder = { details: text, lease: { ownerToken: 'away', seconds: 30, secondsLeft: expect.any(Number) } };
      expect(await host.acquireLock(lock)).toEqual({ taken: false, holder });
      expect(await host.takeOverLock(lock)).toEqual({ taken: false, holder });
      await other.enlist({ ...away, leaves: 'used' });
      expect(await host.acquireLock(lock)).toMatchObject({ taken: true, seat: { dead: [] } });
      await host.releaseLock({ directory, ownerToken: 'here', roster });
      await other.close();
    });

    it('is ended when it has given no sign of life, and its turn is over', async () => {
      const roster = `${prefix}/roster-eleven`;
      const directory = `${prefix}/lock-of-roster-eleven`;
      const other = await connect();
      await other.enlist(request(roster, 'away', 0));
      const answer = await host.acquireLock({ directory, details, lease: lease('here'), roster });
      expect(answer).toMatchObject({ taken: true, seat: { dead: ['away'] } });
      await other.closed;
      const again = await connect();
      expect(await again.enlist(request(roster, 'away'))).toEqual({ accepted: false });
      // Whose lock went to another machine meanwhile, and back, has its turn all the same.
      expect(await host.enlist(request(roster, 'here'))).toEqual({ accepted: true, busy: 0 });
      await host.releaseLock({ directory, ownerToken: 'here', roster });
      await again.close();
    });

    it('keeps its place and its turn, whatever the turn of one that only asks, who takes the next when it has left', async () => {
      const roster = `${prefix}/roster-thirteen`;
      const other = await connect();
      const none = { accepted: true, busy: 0 };
      const later = { ...request(roster, 'asks'), turn: 9 };
      const asks = { ...later, elsewhere: { ...later.elsewhere, host: 'third' } };
      expect(await other.enlist(request(roster, 'away'))).toEqual(none);
      expect(await host.enlist(asks)).toMatchObject({ accepted: true, other: { lease: { ownerToken: 'away' } } });
      expect(await host.enlist({ ...asks, end: ['away'] })).toMatchObject({ other: { lease: { ownerToken: 'away' } } });
      expect(await other.enlist(request(roster, 'away'))).toMatchObject({ accepted: true });
      expect(await host.enlist({ ...asks, turn: 4 })).toMatchObject({ accepted: true });
      await other.enlist({ ...request(roster, 'away'), leaves: 'used' });
      expect(await host.enlist({ ...asks, turn: 4 })).toEqual(none);
      expect(await other.enlist({ ...request(roster, 'away'), turn: 5 })).toEqual({ accepted: false });
      await other.close();
    });

    it('is told of as silent when its lease has run out, and ended by who says so', async () => {
      const roster = `${prefix}/roster-fourteen`;
      const other = await connect();
      await other.enlist(request(roster, 'away', 0));
      const { elsewhere, ...later } = { ...request(roster, 'comes'), turn: 9 };
      const comes = { ...later, elsewhere: { ...elsewhere, host: 'third' } };
      expect(await host.enlist(comes)).toEqual({ accepted: true, busy: 0, silent: ['away'] });
      expect(await host.enlist({ ...comes, end: ['away'] })).toEqual({ accepted: true, busy: 0 });
      await other.closed;
      const again = await connect();
      expect(await again.enlist(request(roster, 'away'))).toEqual({ accepted: false });
      await again.close();
    });

    it('hears of a lock that lies here, and of a run whose lock lies on a third machine, but of none of its own place', async () => {
      const [roster, directory] = [`${prefix}/roster-twelve`, `${prefix}/lock-of-roster-twelve`];
      const [first, second] = [await connect(), await connect()];
      expect(await first.enlist(request(roster, 'first'))).toEqual({ accepted: true, busy: 0 });
      const later = { ...request(roster, 'second'), turn: 6 };
      expect(await second.enlist(later)).toEqual({ accepted: true, busy: 0 });
      const third = { ...later, elsewhere: { ...later.elsewhere, host: 'third' } };
      const left = { seconds: 30, secondsLeft: expect.any(Number) };
      expect(await second.enlist(third)).toEqual({
        ...{ accepted: true, busy: 0 },
        other: { details: text, lease: { ownerToken: 'first', ...left } },
      });
      await first.enlist(request(roster, 'first', 0));
      expect(await second.enlist({ ...third, end: ['first'] })).toMatchObject({ accepted: true, busy: 0 });
      await first.closed;
      await host.acquireLock({ directory, details: 'Locked by: kamal' });
      expect(await second.enlist(third)).toMatchObject({ other: { details: 'Locked by: kamal' } });
      await host.releaseLock({ directory });
      expect(await second.enlist(third)).toEqual({ accepted: true, busy: 0 });
      await second.close();
    });
  });

  // What it is written in, and scripts in the hands of a shell, have no likeness in memory.
  if (name === 'memory') return;

  it('is gone with a run that came first and changed nothing, and stays with any other', async () => {
    const [directory, roster] = [`${prefix}/lock-ten`, `${prefix}/of-shop/roster`];
    const there = async () => (await read(`${roster}/turn`)) !== undefined;
    const once = async (ownerToken: string, leaves: 'used' | 'unused') => {
      await host.acquireLock({ directory, details, lease: lease(ownerToken), roster });
      expect(await there()).toBe(true);
      expect(await host.releaseLock({ directory, ownerToken, roster, leaves })).toBe(true);
      return there();
    };
    expect(await once('r1', 'unused')).toBe(false);
    const query = { lockDirectory: directory, releasesFile: '/dev/null', files: [], paths: [`${prefix}/of-shop`] };
    expect((await host.readState(query)).existingPaths).toEqual([]);
    expect(await once('r2', 'used')).toBe(true);
    expect(await once('r3', 'unused')).toBe(true);
    const [elsewhere, first] = [`${prefix}/of-other/roster`, { ownerToken: 'r4', turn: 4, end: [] }];
    await host.enlist({ roster: elsewhere, ...first });
    await host.enlist({ roster: elsewhere, ...first, leaves: 'unused' });
    expect(await read(`${elsewhere}/turn`)).toBeUndefined();
  });

  it('counts the scripts of a run that it ended until they are over', async () => {
    const roster = `${prefix}/roster-seven`;
    const old = await connect();
    await old.enlist({ roster, ownerToken: 'old', turn: 1, end: [] });
    const running = quietly(old, "trap 'sleep 2; exit' TERM; sleep 50 & wait").catch((error: unknown) => error);
    await new Promise((resolve) => setTimeout(resolve, 500));
    const request = { roster, ownerToken: 'new', turn: 2, end: ['old'] };
    const first = await host.enlist(request);
    expect(first).toEqual({ accepted: true, busy: expect.any(Number) });
    expect((first as { busy: number }).busy).toBeGreaterThan(0);
    expect(await running).toMatchObject({ code: 'connection-lost' });
    await expect.poll(async () => host.enlist(request), { timeout: 8000 }).toEqual({ accepted: true, busy: 0 });
  });

  it('also those of one whose connection ended by itself', async () => {
    const roster = `${prefix}/roster-eight`;
    const old = await connect();
    await old.enlist({ roster, ownerToken: 'old', turn: 1, end: [] });
    void quietly(old, "trap 'sleep 3; exit' TERM; sleep 50 & wait").catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, 500));
    await old.close();
    await old.closed;
    await new Promise((resolve) => setTimeout(resolve, 500));
    const request = { roster, ownerToken: 'new', turn: 2, end: ['old'] };
    expect(await host.enlist(request)).toEqual({ accepted: true, busy: 1 });
    await expect.poll(async () => host.enlist(request), { timeout: 8000 }).toEqual({ accepted: true, busy: 0 });
  });

  it('what still waits in the shell of a connection that ended is not begun', async () => {
    const [roster, file, directory] = [`${prefix}/roster-nine`, `${prefix}/begun-late`, `${prefix}/lock-empty`];
    const old = await connect();
    await old.enlist({ roster, ownerToken: 'old', turn: 1, end: [] });
    await old.makeDirectory(directory);
    // A lock without details is given two seconds.
    const sent = Promise.allSettled([old.acquireLock({ directory, details }), old.writeFile(file, 'x', '600')]);
    await new Promise((resolve) => setTimeout(resolve, 300));
    await host.enlist({ roster, ownerToken: 'new', turn: 2, end: ['old'] });
    const lost = { status: 'rejected', reason: { code: 'connection-lost' } };
    expect(await sent).toMatchObject([lost, lost]);
    await new Promise((resolve) => setTimeout(resolve, 3000));
    expect(await read(file)).toBeUndefined();
  });
});
