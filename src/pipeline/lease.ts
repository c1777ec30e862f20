import { Failure } from '../errors.ts';
import type { Fence } from '../hosts/fence.ts';

/** A lease that this run has on a lock, kept renewed until it is stopped. */
export interface Lease {
  /** Aborted when half the lease has gone by without an answer, or the lock is somebody else's: nothing more is begun. */
  readonly lost: AbortSignal;
  /** Aborted when somebody else has the lock: from then on nothing may be changed, not even back. */
  readonly taken: AbortSignal;
  /** Open for half the lease after the lock was last asked about and found ours; later it asks. */
  readonly fence: Fence;
  /** The same for going back: also open when nobody can say whose the lock is, because its machine does not answer. */
  readonly fenceBack: Fence;
  /** Renews at once, for a run that was cut off; cannot tell while the lock's machine is away. */
  renew(): Promise<void>;
  /** Whether somebody else has the lock; asks where that may have changed. */
  isTaken(): Promise<boolean>;
  stop(): void;
}

export interface LeaseTerms {
  /** The machine that the lock lies on. */
  readonly host: string;
  readonly seconds: number;
  /** What has gone by since the lock was asked for, in milliseconds. */
  readonly sinceTaken: () => number;
  /** @returns false when the lock is somebody else's. @throws Failure when the machine does not answer */
  readonly renew: () => Promise<boolean>;
}

/** How long after its last sign of life a run's lock may be taken over. */
export const leaseSeconds = 15;
/** So often within a lease it is renewed. */
const renewalsPerLease = 4;
/** Milliseconds by which a time limit may come late while this process is only busy. */
const mostLateness = 1000;

/**
 * Renews a lease and judges it by when it was asked for, not by when the answer came. A run that was stopped, or whose machine slept, finds
 * that time has gone by, and asks before it changes anything.
 */
export function keepLease({ host, seconds, sinceTaken, renew }: LeaseTerms): Lease {
  const [lost, taken] = [new AbortController(), new AbortController()];
  const [period, half] = [(seconds * 1000) / renewalsPerLease, (seconds * 1000) / 2];
  let sinceOurs = sinceTaken;
  let asking: Promise<boolean> | undefined;
  const isOld = () => sinceOurs() >= half;

  /** @returns whether this process slept meanwhile, so that the answer says nothing about now */
  const askNow = async () => {
    const sinceAsked = elapsed();
    const answer = await within(period, renew()).catch((error: unknown) => {
      if (error instanceof Failure) return undefined;
      throw error;
    });
    if (answer === true) sinceOurs = sinceAsked;
    if (answer === false) {
      taken.abort();
      lost.abort();
    }
    return sinceAsked() > period + mostLateness;
  };
  const ask = () => (asking ??= askNow().finally(() => (asking = undefined)));

  const settle = async () => {
    for (let slept = true; slept && !taken.signal.aborted;) {
      slept = await ask();
      if (!isOld()) return;
    }
    lost.abort();
  };
  const timer = setInterval(() => void settle(), period);

  const isOpen = () => !taken.signal.aborted && !isOld();
  const throwIfTaken = () => {
    if (taken.signal.aborted)
      throw new Failure('lock-held', `The lock on ${host} is another run's by now, so nothing more is changed`);
  };
  const settled = async () => {
    if (!isOpen()) await settle();
    throwIfTaken();
  };
  return {
    lost: lost.signal,
    taken: taken.signal,
    fence: {
      isOpen,
      async pass() {
        await settled();
        if (isOld()) throw outOfSight(host);
      },
    },
    fenceBack: { isOpen, pass: settled },
    renew: settle,
    async isTaken() {
      if (!isOpen()) await settle();
      return taken.signal.aborted;
    },
    stop: () => clearInterval(timer),
  };
}

/** Nobody knows, as after a lost reply: the machines are looked at again, and then the lock. */
function outOfSight(host: string): Failure {
  return new Failure(
    'connection-lost',
    `${host} does not say whether the lock is still this run's, so nothing is changed`,
    {
      hint: 'Run the command again: it looks at the machines first and does what is left.',
    },
  );
}

/**
 * Milliseconds from now on, by the clock that counts more of them: one stands still while this machine sleeps, the other may be set.
 * Both go on while this process is stopped.
 */
export function elapsed(): () => number {
  const [wall, even] = [Date.now(), performance.now()];
  return () => Math.max(Date.now() - wall, performance.now() - even);
}

/** @throws Failure `timed-out` */
async function within<T>(milliseconds: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Failure('timed-out', 'The lock does not answer.')), milliseconds);
  });
  try {
    return await Promise.race([work, limit]);
  } finally {
    clearTimeout(timer);
    work.catch(() => undefined);
  }
}
