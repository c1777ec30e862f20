import { randomBytes } from 'node:crypto';
import { lockDirectory } from '../containers/names.ts';
import { Failure } from '../errors.ts';
import { pauseUnlessAborted } from '../execute/ready.ts';
import type { Seat } from '../hosts/enlistment.ts';
import type { Host, LockAnswer, LockHolder, LockRequest } from '../hosts/host.ts';
import type { Fleet } from './fleet.ts';
import { isLent } from './inherited-lock.ts';
import { elapsed } from './lease.ts';
import { inLine, lockRequest } from './lock-request.ts';
import { placeKey, placeText } from './place-in-line.ts';
import type { Session } from './session.ts';

const pollMilliseconds = 1000;
/** A dead run's lock is seen to be one no later than this. */
const slowestPollMilliseconds = 5000;
/** What it is called, other than a machine's own. */
export const theLock = 'The lock';
/** So often a run that waits says that it does. */
const tellMilliseconds = 30_000;
/** Of a run that came without `--lock-wait` when the lock was free and others stood in line for it. */
const behindOthers = { timeoutSeconds: 900, intervalSeconds: 5 };
/** One is refused when another run was quicker; more in a row mean that the machine cannot. */
const mostTakeOvers = 3;

/** Before a build: ends when nobody deploys, as far as looking can tell. @returns whether a dead run's lock is there. @throws Failure `lock-held` */
export async function waitUntilFree(session: Session, fleet: Fleet, version: string): Promise<boolean> {
  const host = fleet.hosts.get(session.config.primaryHost);
  if (host === undefined || (await isLent(session, fleet))) return false;
  const token = randomBytes(16).toString('hex');
  const request = inLine(session, token, lockRequest(session, { version, message: 'Automatic deploy lock' }));
  const query = { lockDirectory: lockDirectory(session.config), releasesFile: '/dev/null', files: [], paths: [] };
  const look = async (): Promise<LockAnswer> => {
    if (session.run.lockWait !== undefined) return host.lookAtLock(request);
    const { lock } = await host.readState(query);
    return lock === undefined ? { taken: true } : { taken: false, holder: lock };
  };
  let isStale = false;
  const takeOver = async (): Promise<LockAnswer> => {
    isStale = true;
    return { taken: true };
  };
  await untilTaken(session, host, { what: theLock, attempt: look, takeOver, ...leaving(host, request) });
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
    ...leaving(host, request),
  });
  return { sinceAsked, ...(seat === undefined ? {} : { seat }) };
}

interface Ways {
  /** Whose turn is waited for, such as `The lock`. */
  readonly what: string;
  attempt(): Promise<LockAnswer>;
  takeOver(holder: LockHolder): Promise<LockAnswer>;
  /** Gives up the place in line, where there is one. */
  leave?(): Promise<void>;
}

function leaving(host: Host, { line }: LockRequest): Pick<Ways, 'leave'> {
  return { leave: async () => (line === undefined ? undefined : host.leaveLine(line)) };
}

/** Tries again while the holder may be dead, or as long as `--lock-wait` says. @throws Failure `lock-held` or `interrupted` */
export async function untilTaken(
  session: Session,
  host: Host,
  ways: Ways,
): Promise<Extract<LockAnswer, { taken: true }>> {
  let stands = false;
  const attempt = async () => {
    const answer = await ways.attempt();
    stands = !answer.taken && answer.place?.stands === true;
    return answer;
  };
  try {
    return await waitFor(session, host, { ...ways, attempt });
  } catch (error) {
    // Else its place is kept for the length of a lease.
    if (stands) await ways.leave?.().catch(() => undefined);
    throw error;
  }
}

async function waitFor(session: Session, host: Host, ways: Ways): Promise<Extract<LockAnswer, { taken: true }>> {
  const { run } = session;
  const started = elapsed();
  const tell = teller(session, { what: ways.what, host: host.name });
  let before: LockHolder | undefined;
  let refused = 0;
  let answer = await ways.attempt();
  while (!answer.taken) {
    const { holder, place } = answer;
    if (run.signal.aborted) throw interrupted();
    if (holder.lease !== undefined && holder.lease.secondsLeft <= 0 && refused < mostTakeOvers) {
      answer = await ways.takeOver(holder);
      refused += 1;
      continue;
    }
    const wait = run.lockWait ?? (place?.stands === true ? behindOthers : undefined);
    const isHopeless =
      wait === undefined
        ? refused >= mostTakeOvers || !mayBeDead(before ?? holder, holder)
        : started() / 1000 > wait.timeoutSeconds;
    if (isHopeless) throw lockHeld(session, host.name, holder);
    tell(answer);
    before = holder;
    const interval = wait === undefined ? pollMilliseconds : wait.intervalSeconds * 1000;
    await pauseUnlessAborted(Math.min(interval, slowestPollMilliseconds), run.signal);
    answer = await ways.attempt();
  }
  return answer;
}

type NotTaken = Extract<LockAnswer, { taken: false }>;

/** Says what is waited for when that changes, and now and then that it is the same. */
function teller({ run }: Session, { what, host }: { what: string; host: string }): (answer: NotTaken) => void {
  let told: { key: string; since: () => number } | undefined;
  return ({ holder, place }) => {
    const isPlace = place !== undefined && (place.stands || run.lockWait !== undefined);
    const waiting = isPlace ? { what, host, holder, place } : undefined;
    const key = waiting === undefined ? '' : placeKey(waiting);
    if (told?.key === key && (waiting === undefined || told.since() < tellMilliseconds)) return;
    told = { key, since: elapsed() };
    const held = `${what} on ${host} is held (${summary(holder)}). ${waitingFor(holder, run.lockWait)}`;
    run.emit({ type: 'note', text: waiting === undefined ? held : placeText(waiting) });
  };
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

export function interrupted(): Failure {
  return new Failure('interrupted', 'Interrupted while waiting for the lock');
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
