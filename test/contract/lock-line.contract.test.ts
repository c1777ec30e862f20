import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Host } from '../../src/hosts/host.ts';
import type { LineRequest } from '../../src/hosts/lock-line.ts';
import { cleanUp, prefix, worlds } from './worlds.ts';

describe.each(worlds)('the line for a lock on $name', ({ connect }) => {
  let host: Host;
  beforeAll(async () => {
    host = await connect();
  });
  afterAll(() => cleanUp(host));

  /** What a run asks for; its details are its token. */
  const request = (name: string, token: string, more: Partial<LineRequest> = {}) => ({
    directory: `${prefix}/lock-${name}`,
    details: token,
    lease: { ownerToken: token, seconds: 30 },
    roster: `${prefix}/roster-${name}`,
    line: { directory: `${prefix}/line-${name}`, token, seconds: 30, manner: 'waits' as const, ...more },
  });
  const place = (ahead: number, first = '') => ({ taken: false, place: { stands: true, ahead, first } });

  it('keeps the order in which they came, and gives the lock to the first only', async () => {
    const of = (token: string) => request('six', token);
    const { directory, roster } = of('a');
    expect(await host.acquireLock(of('a'))).toMatchObject({ taken: true });
    expect(await host.acquireLock(of('b'))).toMatchObject({ ...place(0), holder: { details: 'a' } });
    expect(await host.lookAtLock(of('c'))).toMatchObject(place(1, 'b'));
    expect(await host.acquireLock(of('d'))).toMatchObject(place(2, 'b'));
    expect(await host.acquireLock(of('b'))).toMatchObject(place(0));
    expect(await host.releaseLock({ directory, ownerToken: 'a', roster })).toBe(true);
    expect(await host.acquireLock(of('d'))).toMatchObject({ ...place(2, 'b'), holder: { details: '' } });
    await host.leaveLine(of('b').line);
    expect(await host.takeOverLock(of('d'))).toMatchObject(place(1, 'c'));
    // Who only looks leaves when it is its turn.
    expect(await host.lookAtLock(of('c'))).toEqual({ taken: true });
    expect(await host.acquireLock(of('d'))).toMatchObject({ taken: true });
    expect(await host.acquireLock(of('c'))).toMatchObject(place(0));
    expect(await host.releaseLock({ directory, ownerToken: 'd', roster })).toBe(true);
    await host.leaveLine(of('c').line);
  });

  it('passes over whoever gives no sign of life', async () => {
    const { directory, roster } = request('seven', 'a');
    await host.acquireLock(request('seven', 'a'));
    expect(await host.acquireLock(request('seven', 'dead', { seconds: 0 }))).toMatchObject(place(0));
    expect(await host.acquireLock(request('seven', 'b'))).toMatchObject(place(0));
    await host.releaseLock({ directory, ownerToken: 'a', roster });
    expect(await host.acquireLock(request('seven', 'b'))).toMatchObject({ taken: true });
    await host.releaseLock({ directory, ownerToken: 'b', roster });
  });

  it('whoever passes by goes behind those that stand there, and stands nowhere while the lock is held', async () => {
    const passing = request('eight', 'p', { manner: 'passes-by' });
    const { directory, roster } = passing;
    await host.acquireLock(request('eight', 'a'));
    expect(await host.acquireLock(passing)).toMatchObject({ taken: false, place: { stands: false, ahead: 0 } });
    await host.acquireLock(request('eight', 'b'));
    await host.releaseLock({ directory, ownerToken: 'a', roster });
    expect(await host.acquireLock(passing)).toMatchObject(place(1, 'b'));
    expect(await host.acquireLock(request('eight', 'b'))).toMatchObject({ taken: true });
    expect(await host.acquireLock(passing)).toMatchObject({ ...place(0), holder: { details: 'b' } });
    await host.releaseLock({ directory, ownerToken: 'b', roster });
    expect(await host.acquireLock(passing)).toMatchObject({ taken: true });
    await host.releaseLock({ directory, ownerToken: 'p', roster });
  });

  it('gives each of many that come at once a place of its own', async () => {
    const { directory, roster } = request('nine', 'a');
    await host.acquireLock(request('nine', 'a'));
    const hosts = await Promise.all(Array.from({ length: 4 }, () => connect()));
    const come = (index: number) => hosts[index]?.acquireLock(request('nine', `t${index}`));
    await Promise.all(hosts.map((_, index) => come(index)));
    const answers = await Promise.all(hosts.map((_, index) => come(index)));
    const ahead = answers.map((answer) => (answer?.taken === false ? answer.place?.ahead : undefined));
    expect(ahead.toSorted()).toEqual([0, 1, 2, 3]);
    await host.releaseLock({ directory, ownerToken: 'a', roster });
    await Promise.all(hosts.map((one) => one.close()));
  });
});
