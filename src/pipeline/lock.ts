import { randomBytes } from 'node:crypto';
import { lockDirectory } from '../containers/names.ts';
import { Failure } from '../errors.ts';
import { timestamp } from '../execute/perform.ts';
import { pause } from '../execute/ready.ts';
import type { Host, LockAnswer, LockHolder, LockRequest } from '../hosts/host.ts';
import type { Fleet } from './fleet.ts';
import type { Session } from './session.ts';

/** How long after its last sign of life a run's lock may be taken over; renewed three times as often. */
export const leaseSeconds = 15;
const refreshMilliseconds = (leaseSeconds * 1000) / 3;
const pollMilliseconds = 1000;

export interface HeldLock {
  /** Aborted when the lock is no longer ours, so that nothing more is begun. */
  readonly lost: AbortSignal;
  /** Gives it back, once. */
  release(): Promise<void>;
}

/**
 * Takes the deploy lock with a lease, and keeps it renewed. A dead run's lock is taken over once its lease has run out; one without a
 * lease (Kamal's own, or `lock acquire`) never. @throws Failure `lock-held`
 */
export async function takeLock(session: Session, hostOf: () => Host, version: string): Promise<HeldLock> {
  const { run } = session;
  if (run.env['KAMAL_LOCK'] === 'true') return { lost: new AbortController().signal, release: async () => undefined };
  const ownerToken = randomBytes(16).toString('hex');
  const request = lockRequest(session, {
    version,
    message: 'Automatic deploy lock',
    lease: { ownerToken, seconds: leaseSeconds },
  });
  await acquire(session, hostOf(), request);
  const lost = new AbortController();
  const renew = async () => {
    if (!(await hostOf().refreshLock(request.directory, ownerToken))) lost.abort();
  };
  // While the connection is lost nothing can be renewed; the lease runs down until it is back.
  const timer = setInterval(() => void renew().catch(() => undefined), refreshMilliseconds);
  let released: Promise<unknown> | undefined;
  return {
    lost: lost.signal,
    async release() {
      clearInterval(timer);
      await (released ??= hostOf().releaseLock(request.directory, ownerToken));
    },
  };
}

/** The three lines that Kamal shows (reference, section 3.5). */
export function lockRequest(
  { config, tree }: Session,
  { version, message, lease }: { version: string; message: string; lease?: { ownerToken: string; seconds: number } },
): LockRequest {
  const who = tree.userName || tree.performer;
  return {
    directory: lockDirectory(config),
    details: `Locked by: ${who} at ${timestamp()}\nVersion: ${version}\nMessage: ${message}`,
    ...(lease === undefined ? {} : { lease }),
  };
}

async function acquire(session: Session, host: Host, request: LockRequest): Promise<void> {
  const { run } = session;
  const started = Date.now();
  let first: LockHolder | undefined;
  let told = false;
  for (let answer: LockAnswer = await host.acquireLock(request); !answer.taken;) {
    const { holder } = answer;
    first ??= holder;
    const waited = (Date.now() - started) / 1000;
    if (run.signal.aborted) throw new Failure('interrupted', 'Interrupted while waiting for the lock');
    if (holder.lease !== undefined && holder.lease.secondsLeft <= 0) {
      run.emit({
        type: 'note',
        text: `Taking over the lock of a run that gave no sign of life for ${holder.lease.seconds} s (${summary(holder)})`,
      });
      answer = await host.takeOverLock(request);
      continue;
    }
    if (run.lockWait === undefined && !mayBeDead(first, holder)) throw lockHeld(session, host.name, holder);
    if (run.lockWait !== undefined && waited > run.lockWait.timeoutSeconds) throw lockHeld(session, host.name, holder);
    if (!told) {
      const what =
        run.lockWait === undefined && holder.lease !== undefined
          ? `Is its run alive? Looking for ${Math.ceil(holder.lease.secondsLeft)} s at most`
          : 'Waiting for it';
      run.emit({ type: 'note', text: `The lock on ${host.name} is held (${summary(holder)}). ${what}` });
      told = true;
    }
    await pause(
      run.lockWait === undefined
        ? pollMilliseconds
        : Math.min(run.lockWait.intervalSeconds * 1000, refreshMilliseconds),
    );
    answer = await host.acquireLock(request);
  }
}

/** A live run renews its lease, so it has more time left than it had when first seen; the same run's dead lease only runs down. */
function mayBeDead(first: LockHolder, now: LockHolder): boolean {
  if (first.lease === undefined || now.lease === undefined) return false;
  return first.lease.ownerToken === now.lease.ownerToken && now.lease.secondsLeft <= first.lease.secondsLeft;
}

export function lockHeld({ typed }: Pick<Session, 'typed'>, host: string, holder: LockHolder): Failure {
  const alive =
    holder.lease === undefined
      ? []
      : [
          `Its run is alive: last sign ${Math.max(0, holder.lease.seconds - holder.lease.secondsLeft).toFixed(0)} s ago`,
        ];
  const byHand = holder.lease === undefined ? `, or \`${typed('lock release')}\` if nobody deploys` : '';
  return new Failure('lock-held', `Somebody else holds the deploy lock on ${host}`, {
    details: [
      ...(holder.details === '' ? ['(the lock says nothing about its holder)'] : holder.details.split('\n')),
      ...alive,
    ],
    hint: `Try again later, wait with --lock-wait${byHand}.`,
  });
}

function summary(holder: LockHolder): string {
  return holder.details.split('\n').slice(0, 2).join(', ') || 'no details';
}

/** Holds the lock for the length of some work. @throws Failure `lock-held` */
export async function underLock<T>(
  session: Session,
  fleet: Fleet,
  version: string,
  work: (lock: HeldLock) => Promise<T>,
): Promise<T> {
  const { primaryHost } = session.config;
  const lockHost = () => {
    const host = fleet.hosts.get(primaryHost);
    if (host === undefined)
      throw new Failure('connection-lost', `${primaryHost}: not connected, so its lock runs out by itself`);
    return host;
  };
  const lock = await takeLock(session, lockHost, version);
  try {
    return await work(lock);
  } finally {
    await lock.release().catch((error: unknown) => {
      if (!(error instanceof Failure)) throw error;
      session.run.emit({
        type: 'warning',
        text: `The lock was not given back (${error.message}); its lease runs out by itself`,
      });
    });
  }
}
