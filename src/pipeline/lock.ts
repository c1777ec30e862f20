import { randomBytes } from 'node:crypto';
import { lockDirectory } from '../containers/names.ts';
import { Failure } from '../errors.ts';
import { timestamp } from '../execute/perform.ts';
import { pause } from '../execute/ready.ts';
import type { Host, LockAnswer, LockHolder, LockRequest } from '../hosts/host.ts';
import type { Fleet } from './fleet.ts';
import { elapsed, keepLease, type Lease } from './lease.ts';
import type { Session } from './session.ts';

/** How long after its last sign of life a run's lock may be taken over. */
export const leaseSeconds = 15;
const pollMilliseconds = 1000;
/** A dead run's lock is seen to be one no later than this. */
const slowestPollMilliseconds = 5000;
/** One is refused when another run was quicker; more in a row mean that the machine cannot. */
const mostTakeOvers = 3;

export interface HeldLock extends Omit<Lease, 'stop'> {
  /** Gives it back, once. @returns false when it was somebody else's by then */
  release(): Promise<boolean>;
}

/**
 * Takes the deploy lock with a lease, and keeps it renewed. A dead run's lock is taken over once its lease has run out; one without a
 * lease (Kamal's own, or `lock acquire`) never. @throws Failure `lock-held`
 */
export async function takeLock(session: Session, hostOf: () => Host, version: string): Promise<HeldLock> {
  if (session.run.env['KAMAL_LOCK'] === 'true') return withoutLock();
  const ownerToken = randomBytes(16).toString('hex');
  const message = 'Automatic deploy lock';
  const request = lockRequest(session, { version, message, lease: { ownerToken, seconds: leaseSeconds } });
  const host = hostOf();
  const sinceTaken = await acquire(session, host, request);
  const lease = keepLease({
    host: host.name,
    seconds: leaseSeconds,
    sinceTaken,
    renew: async () => hostOf().refreshLock(request.directory, ownerToken),
  });
  let released: Promise<boolean> | undefined;
  return {
    ...lease,
    async release() {
      lease.stop();
      return (released ??= hostOf().releaseLock(request.directory, ownerToken));
    },
  };
}

/** For what needs no lock, or whose caller holds it and gives it back. */
export function withoutLock(): HeldLock {
  const { signal } = new AbortController();
  const open = { isOpen: () => true, pass: async () => undefined };
  const renew = async () => undefined;
  const [isTaken, release] = [async () => false, async () => true];
  return { lost: signal, taken: signal, fence: open, fenceBack: open, renew, isTaken, release };
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

/** Before a build: ends when nobody deploys, as far as looking can tell. @returns whether a dead run's lock is there. @throws Failure `lock-held` */
export async function waitUntilFree(session: Session, fleet: Fleet): Promise<boolean> {
  const host = fleet.hosts.get(session.config.primaryHost);
  if (host === undefined || session.run.env['KAMAL_LOCK'] === 'true') return false;
  const query = { lockDirectory: lockDirectory(session.config), releasesFile: '/dev/null', files: [], paths: [] };
  const look = async (): Promise<LockAnswer> => {
    const { lock } = await host.readState(query);
    return lock === undefined ? { taken: true } : { taken: false, holder: lock };
  };
  let isStale = false;
  const takeOver = async (): Promise<LockAnswer> => {
    isStale = true;
    return { taken: true };
  };
  await untilTaken(session, host, { attempt: look, takeOver });
  return isStale;
}

/** @returns what has gone by, in milliseconds, since it was asked for */
async function acquire(session: Session, host: Host, request: LockRequest): Promise<() => number> {
  let sinceAsked = elapsed();
  await untilTaken(session, host, {
    attempt() {
      sinceAsked = elapsed();
      return host.acquireLock(request);
    },
    takeOver(holder) {
      sinceAsked = elapsed();
      const text = `Taking over the lock of a run that gave no sign of life for ${holder.lease?.seconds ?? 0} s (${summary(holder)})`;
      session.run.emit({ type: 'note', text });
      return host.takeOverLock(request);
    },
  });
  return sinceAsked;
}

/** Tries again while the holder may be dead, or as long as `--lock-wait` says. @throws Failure `lock-held` or `interrupted` */
async function untilTaken(
  session: Session,
  host: Host,
  ways: { attempt(): Promise<LockAnswer>; takeOver(holder: LockHolder): Promise<LockAnswer> },
): Promise<void> {
  const { run } = session;
  const started = Date.now();
  let first: LockHolder | undefined;
  let refused = 0;
  for (let answer = await ways.attempt(); !answer.taken;) {
    const { holder } = answer;
    if (run.signal.aborted) throw new Failure('interrupted', 'Interrupted while waiting for the lock');
    if (holder.lease !== undefined && holder.lease.secondsLeft <= 0 && refused < mostTakeOvers) {
      answer = await ways.takeOver(holder);
      refused += 1;
      continue;
    }
    const waited = (Date.now() - started) / 1000;
    const isHopeless =
      run.lockWait === undefined
        ? refused >= mostTakeOvers || !mayBeDead(first ?? holder, holder)
        : waited > run.lockWait.timeoutSeconds;
    if (isHopeless) throw lockHeld(session, host.name, holder);
    if (first === undefined)
      run.emit({ type: 'note', text: waitingFor(host.name, holder, run.lockWait !== undefined) });
    first ??= holder;
    const interval = run.lockWait === undefined ? pollMilliseconds : run.lockWait.intervalSeconds * 1000;
    await pause(Math.min(interval, slowestPollMilliseconds));
    answer = await ways.attempt();
  }
}

function waitingFor(host: string, holder: LockHolder, byFlag: boolean): string {
  const left = Math.ceil(holder.lease?.secondsLeft ?? 0);
  const what = byFlag ? 'Waiting for it' : `Is its run alive? Looking for ${left} s at most`;
  return `The lock on ${host} is held (${summary(holder)}). ${what}`;
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

/** Holds the lock for the length of some work. @throws Failure `lock-held`, also when it was another run's by the end */
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
  const giveBack = () =>
    lock.release().catch((error: unknown) => {
      if (!(error instanceof Failure)) throw error;
      const text = `The lock was not given back (${error.message}); its lease runs out by itself`;
      session.run.emit({ type: 'warning', text });
      return true;
    });
  const done = await work(lock).catch(async (error: unknown) => {
    await giveBack();
    throw error;
  });
  if (await giveBack()) return done;
  throw new Failure('lock-held', 'Everything was done, but the lock was taken by another run before the end', {
    hint: `Look at \`${session.typed('status')}\`; what comes after the lock, such as post-deploy, was not done.`,
  });
}
