import { randomInt } from 'node:crypto';
import { pauseUnlessAborted } from '../execute/ready.ts';
import type { LockHolder } from '../hosts/host.ts';
import { lockHeld } from './lock-wait.ts';
import type { Session } from './session.ts';

/** What a run whose lock lies elsewhere says of itself until it knows that it is alone. */
export const notBegun = 'It has not begun yet';
/** After so many looks at a run that has not begun, it is waiting. */
const mostLooks = 2;
/** Longer than any run that waits takes to look again. */
const leastMilliseconds = 6000;

const steppedAside = new WeakSet<object>();

/**
 * Two that wait with `--lock-wait`, and met before either had begun, would wait for each other: one that sees that gives its lock back,
 * and comes again. @returns what hears of each look. @throws Failure, from that, of which `stepsAside` is true
 */
export function waitsForWaiting(session: Session, host: string): (other: LockHolder | undefined) => void {
  let looks = 0;
  return (other) => {
    if (session.run.lockWait === undefined || other?.details.split('\n').includes(notBegun) !== true) return;
    looks += 1;
    if (looks <= mostLooks) return;
    const failure = lockHeld(session, host, other);
    steppedAside.add(failure);
    throw failure;
  };
}

export function stepsAside(error: unknown): boolean {
  return typeof error === 'object' && error !== null && steppedAside.has(error);
}

/** Meanwhile who was met goes on; where both stepped aside, one comes back before the other. */
export async function comeAgain(signal: AbortSignal): Promise<void> {
  await pauseUnlessAborted(randomInt(leastMilliseconds, 2 * leastMilliseconds), signal);
}

/** To go on with what is left of `--lock-wait`. */
export function withWaitLeft(session: Session, waitedMilliseconds: number): Session {
  const { lockWait } = session.run;
  if (lockWait === undefined) return session;
  const timeoutSeconds = Math.max(0, lockWait.timeoutSeconds - waitedMilliseconds / 1000);
  return { ...session, run: { ...session.run, lockWait: { ...lockWait, timeoutSeconds } } };
}
