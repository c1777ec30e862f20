import { vi } from 'vitest';

const roundsWithoutTimers = 10_000;

/**
 * Runs work on machines in memory without waiting for anything: timers fire one after the other as soon as nothing else is left to
 * do, and the clock jumps along. Needs `vi.useFakeTimers()`. @throws when the work waits for something that will never come
 */
export async function inVirtualTime<T>(work: () => Promise<T>): Promise<T> {
  const progress = { isSettled: false, idleRounds: 0 };
  const result = work().finally(() => (progress.isSettled = true));
  result.catch(() => undefined);
  while (!progress.isSettled) {
    progress.idleRounds = vi.getTimerCount() === 0 ? progress.idleRounds + 1 : 0;
    if (progress.idleRounds > roundsWithoutTimers) throw new Error('nothing is left that could end this wait');
    await vi.advanceTimersToNextTimerAsync();
  }
  return result;
}
