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

  // Scripts in the hands of a shell have no likeness in memory.
  if (name === 'memory') return;

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
