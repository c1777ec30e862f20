import { lockDirectory } from '../containers/names.ts';
import { Failure } from '../errors.ts';
import { pause } from '../execute/ready.ts';
import type { Seat } from '../hosts/enlistment.ts';
import type { Host, LockAnswer, LockHolder, LockRequest } from '../hosts/host.ts';
import type { Fleet } from './fleet.ts';
import { isLent } from './inherited-lock.ts';
import { elapsed } from './lease.ts';
import type { Session } from './session.ts';

const pollMilliseconds = 1000;
/** A dead run's lock is seen to be one no later than this. */
const slowestPollMilliseconds = 5000;
/** What it is called, other than a machine's own. */
export const theLock = 'The lock';
/** One is refused when another run was quicker; more in a row mean that the machine cannot. */
const mostTakeOvers = 3;

/** Before a build: ends when nobody deploys, as far as looking can tell. @returns whether a dead run's lock is there. @throws Failure `lock-held` */
export async function waitUntilFree(session: Session, fleet: Fleet): Promise<boolean> {
  const host = fleet.hosts.get(session.config.primaryHost);
  if (host === undefined || (await isLent(session, fleet))) return false;
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
  await untilTaken(session, host, { what: theLock, attempt: look, takeOver });
  return isStale;
}

export interface Taken {
  /** What has gone by, in milliseconds, since the lock was asked for. */
  readonly sinceAsked: () => number;
  readonly seat?: Seat;
}

/** Takes the lock, or takes it over from a dead run. @throws Failure `lock-held` or `interrupted` */
export async function acquire(session: Session, host: Host, request: LockRequest, what = theLock): Promise<Taken> {
  let sinceAsked = elapsed();
  const { seat } = await untilTaken(session, host, {
    what,
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
  return { sinceAsked, ...(seat === undefined ? {} : { seat }) };
}

/** Tries again while the holder may be dead, or as long as `--lock-wait` says. @throws Failure `lock-held` or `interrupted` */
export async function untilTaken(
  session: Session,
  host: Host,
  ways: { what: string; attempt(): Promise<LockAnswer>; takeOver(holder: LockHolder): Promise<LockAnswer> },
): Promise<Extract<LockAnswer, { taken: true }>> {
  const { run } = session;
  const started = Date.now();
  let before: LockHolder | undefined;
  let refused = 0;
  let answer = await ways.attempt();
  while (!answer.taken) {
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
        ? refused >= mostTakeOvers || !mayBeDead(before ?? holder, holder)
        : waited > run.lockWait.timeoutSeconds;
    if (isHopeless) throw lockHeld(session, host.name, holder);
    if (before === undefined)
      run.emit({
        type: 'note',
        text: `${ways.what} on ${host.name} is held (${summary(holder)}). ${waitingFor(holder, run.lockWait)}`,
      });
    before = holder;
    const interval = run.lockWait === undefined ? pollMilliseconds : run.lockWait.intervalSeconds * 1000;
    await pause(Math.min(interval, slowestPollMilliseconds));
    answer = await ways.attempt();
  }
  return answer;
}

function waitingFor(holder: LockHolder, lockWait: Session['run']['lockWait']): string {
  const left = Math.ceil(holder.lease?.secondsLeft ?? 0);
  return lockWait === undefined ? `Is its run alive? Looking for ${left} s at most` : 'Waiting for it';
}

/** A live run renews its lease, so it has more time left than when it was looked at before; a dead one's only runs down. */
function mayBeDead(before: LockHolder, now: LockHolder): boolean {
  if (before.lease === undefined || now.lease === undefined) return false;
  return before.lease.ownerToken === now.lease.ownerToken && now.lease.secondsLeft <= before.lease.secondsLeft;
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
