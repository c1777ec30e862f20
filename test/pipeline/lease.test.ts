import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Failure } from '../../src/errors.ts';
import { elapsed, keepLease, type Lease } from '../../src/pipeline/lease.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

type Answer = boolean | 'nothing' | 'never';

/** A lease of 16 s whose machine gives these answers in turn, and the last one from then on. */
function leaseOf(...answers: Answer[]): { lease: Lease; asked: () => number } {
  let count = 0;
  const renew = async () => {
    const answer = answers[Math.min(count, answers.length - 1)];
    count += 1;
    if (answer === 'never') await new Promise(() => undefined);
    if (answer === 'nothing') throw new Failure('connection-lost', 'gone');
    return answer === true;
  };
  return { lease: keepLease({ host: 'one', seconds: 16, sinceTaken: elapsed(), renew }), asked: () => count };
}

/** What a stopped process finds when it goes on: the clocks have moved, and no timer has fired. */
function sleep(seconds: number): void {
  vi.setSystemTime(Date.now() + seconds * 1000);
}

test('while it is renewed the fence is open, and nobody waits for the machine', async () => {
  const { lease, asked } = leaseOf(true);
  for (let second = 0; second < 60; second += 1) {
    await vi.advanceTimersByTimeAsync(1000);
    expect(lease.fence.isOpen()).toBe(true);
  }
  expect(asked()).toBe(15);
  expect(lease.lost.aborted).toBe(false);
});

test('a run that slept for half its lease asks before the next change, once for all that wait', async () => {
  const { lease, asked } = leaseOf(true);
  sleep(8.1);
  expect(lease.fence.isOpen()).toBe(false);
  await Promise.all([lease.fence.pass(), lease.fence.pass(), lease.fenceBack.pass()]);
  expect(asked()).toBe(1);
  expect(lease.fence.isOpen()).toBe(true);
  expect(lease.lost.aborted).toBe(false);
});

test('and changes nothing more, not even back, when the lock is another’s by then', async () => {
  const { lease } = leaseOf(false);
  sleep(60);
  for (const fence of [lease.fence, lease.fenceBack]) {
    await expect(fence.pass()).rejects.toMatchObject({ code: 'lock-held', exitStatus: 4 });
    expect(fence.isOpen()).toBe(false);
  }
  expect([lease.lost.aborted, lease.taken.aborted]).toEqual([true, true]);
});

test('what was asked before it slept says nothing about now', async () => {
  let answerFirst: (answer: boolean) => void = () => undefined;
  const answers = [new Promise<boolean>((resolve) => (answerFirst = resolve)), Promise.resolve(false)];
  const renew = () => answers.shift() ?? Promise.resolve(false);
  const lease = keepLease({ host: 'one', seconds: 16, sinceTaken: elapsed(), renew });
  await vi.advanceTimersByTimeAsync(4000);
  sleep(60);
  const passed = lease.fence.pass();
  answerFirst(true);
  await expect(passed).rejects.toMatchObject({ code: 'lock-held' });
});

test.each([['does not answer', 'nothing'] as const, ['hangs', 'never'] as const])(
  'when the lock’s machine %s, a run that missed half its lease stops, and may only go back',
  async (_what, answer) => {
    const { lease } = leaseOf(true, answer);
    await vi.advanceTimersByTimeAsync(4000);
    await vi.advanceTimersByTimeAsync(7000);
    expect(lease.lost.aborted).toBe(false);
    await vi.advanceTimersByTimeAsync(5000);
    expect([lease.lost.aborted, lease.taken.aborted]).toEqual([true, false]);
    const passed = lease.fence.pass().catch((error: unknown) => error);
    const [refusal] = await Promise.all([passed, lease.fenceBack.pass(), vi.advanceTimersByTimeAsync(8000)]);
    expect(refusal).toMatchObject({ code: 'connection-lost' });
  },
);

test('an answer that took longer than half the lease opens nothing', async () => {
  const renew = () => new Promise<boolean>((resolve) => setTimeout(resolve, 3900, true));
  const lease = keepLease({ host: 'one', seconds: 6, sinceTaken: elapsed(), renew });
  await vi.advanceTimersByTimeAsync(5000);
  expect(lease.fence.isOpen()).toBe(false);
  const passed = lease.fence.pass();
  const [refusal] = await Promise.all([passed.catch((error: unknown) => error), vi.advanceTimersByTimeAsync(5000)]);
  expect(refusal).toMatchObject({ code: 'connection-lost' });
});

test('once stopped it asks no more', async () => {
  const { lease, asked } = leaseOf(true);
  lease.stop();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(asked()).toBe(0);
});

test('a bug is not taken for a machine that does not answer', async () => {
  const renew = () => Promise.reject(new TypeError('a bug'));
  const lease = keepLease({ host: 'one', seconds: 16, sinceTaken: elapsed(), renew });
  await expect(lease.renew()).rejects.toThrow('a bug');
});
