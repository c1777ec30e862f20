import { randomBytes } from 'node:crypto';
import { rosterDirectory, serviceOnMachine } from '../containers/names.ts';
import { Failure, messageOf } from '../errors.ts';
import { isUnknown } from '../execute/execution.ts';
import type { Fence } from '../hosts/fence.ts';
import type { Host, LockRelease } from '../hosts/host.ts';
import { beAlone, type Alone } from './alone.ts';
import { comeAgain, notBegun, stepsAside, withWaitLeft } from './step-aside.ts';
import type { Fleet } from './fleet.ts';
import type { HeldLock } from './held-lock.ts';
import { inheritLock } from './inherited-lock.ts';
import { elapsed, keepLease, type Lease, leaseSeconds } from './lease.ts';
import { inLine, lockRequest } from './lock-request.ts';
import { acquire, interrupted } from './lock-wait.ts';
import { waitUntilQuiet } from './quiet.ts';
import { keepRoster, type Enlisted } from './roster.ts';
import type { Session } from './session.ts';
import { settleDead } from './settle.ts';

/**
 * Takes the deploy lock with a lease, and keeps it renewed. A dead run's lock is taken over once its lease has run out, and nothing of it
 * is at work any more; one without a lease (Kamal's own, or `lock acquire`) never. Called by a hook, it acts under the lock of the run
 * that the hook belongs to. @throws Failure `lock-held`
 */
export async function takeLock(session: Session, fleet: Fleet, version: string): Promise<HeldLock> {
  const { config } = session;
  const inherited = await inheritLock(session, fleet);
  if (inherited !== undefined) return inherited;
  const ownerToken = randomBytes(16).toString('hex');
  const [message, roster] = ['Automatic deploy lock', rosterDirectory(config)];
  const request = lockRequest(session, { version, message, lease: { ownerToken, seconds: leaseSeconds }, roster });
  const { directory } = request;
  const host = await fleet.connected(config.primaryHost);
  const { sinceAsked, seat } = await acquire(session, host, inLine(session, ownerToken, request));
  if (seat === undefined) throw new Error('a lock with a lease was taken without a seat');
  const lockHost = () => fleet.connected(config.primaryHost);
  const renew = async () => {
    const [isOurs, isOver] = await Promise.all([
      lockHost().then((one) => one.refreshLock(directory, ownerToken)),
      isOverElsewhere({ fleet, enlisted, bystanders: alone.bystanders() }, host.name),
    ]);
    return isOurs && !isOver;
  };
  const lease = keepLease({ host: host.name, seconds: leaseSeconds, sinceTaken: sinceAsked, renew });
  const elsewhere = () => {
    const details = alone.isSettled() ? request.details : `${request.details}\n${notBegun}`;
    return { host: host.name, directory, details, seconds: leaseSeconds };
  };
  const enlisted = keepRoster({ roster, ownerToken, seat, host, elsewhere, lease });
  const alone = beAlone({ session, fleet, enlisted, request, ownerToken });
  /** Whether a machine was changed. */
  const use = { hasBegun: false };
  const handle = { ownerToken, turn: seat.turn, service: serviceOnMachine(config), host: host.name };
  session.locks.add(handle);

  async function giveBack(): Promise<boolean> {
    lease.stop();
    session.locks.delete(handle);
    const told = await alone.told();
    const leaves = use.hasBegun ? ('used' as const) : ('unused' as const);
    const others = told.filter(({ name }) => name !== host.name);
    const left = Promise.all(others.map((one) => enlisted.leave(one, leaves))).catch(() => undefined);
    const isGiven = await giveBackHere({ directory, ownerToken, roster, leaves });
    await atOnce(left, undefined);
    return isGiven;
  }

  async function giveBackHere(request: LockRelease): Promise<boolean> {
    const connected = await lockHost();
    const released = await connected.releaseLock(request).catch((error: unknown) => {
      if (!isUnknown(error)) throw error;
      return undefined;
    });
    if (released !== undefined) return released;
    // It may have been done all the same, which its machine knows; of a run that changed nothing it is all one.
    return (await (await lockHost()).releaseLock(request)) || !use.hasBegun;
  }

  let released: Promise<boolean> | undefined;
  const held: HeldLock = {
    ...lease,
    alone: alone.settled,
    tookOver: () => seat.dead.length > 0 || alone.foundDead(),
    everywhere: alone.told,
    before: (one, fence) => onlyAlone(alone, lease, { fence: enlisted.before(one, fence), use }),
    release: () => (released ??= giveBack().finally(() => void alone.close().catch(() => undefined))),
  };
  const settling = alone.settled();
  // While the machines are looked at; one that failed is tried again before the first change.
  if (seat.dead.length === 0) settling.catch(() => undefined);
  else await settling.then(() => waitUntilQuiet(session, fleet, enlisted)).catch((error) => giveUp(held, error));
  return held;
}

/** Nothing is changed anywhere before it is known that no other run is at work. */
function onlyAlone(alone: Alone, lease: Lease, { fence, use }: { fence: Fence; use: { hasBegun: boolean } }): Fence {
  return {
    isOpen() {
      const isOpen = alone.isSettled() && fence.isOpen();
      use.hasBegun ||= isOpen;
      return isOpen;
    },
    async pass() {
      if (!lease.taken.aborted) await alone.settled();
      if (!fence.isOpen()) await fence.pass();
      use.hasBegun = true;
    },
  };
}

interface Told {
  readonly fleet: Fleet;
  readonly enlisted: Enlisted;
  readonly bystanders: readonly Host[];
}

/** Tells the machines that this run lives. @returns whether one of them knows that it is over */
async function isOverElsewhere({ fleet, enlisted, bystanders }: Told, lockHost: string): Promise<boolean> {
  const names = [...fleet.hosts.keys()].filter((name) => name !== lockHost);
  const tells = [
    ...names.map(async (name) => enlisted.tell(await fleet.connected(name))),
    ...bystanders.map((host) => enlisted.tell(host)),
  ];
  const answers = tells.map((tell) =>
    atOnce(
      tell.catch(() => true),
      true,
    ),
  );
  return (await Promise.all(answers)).includes(false);
}

/** So long the lock may wait for machines that only might know more. */
const atOnceMilliseconds = 1000;

async function atOnce<T>(work: Promise<T>, otherwise: T): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<T>((resolve) => {
    timer = setTimeout(() => resolve(otherwise), atOnceMilliseconds);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

async function giveUp(lock: HeldLock, error: unknown): Promise<never> {
  await lock.release().catch(() => undefined);
  throw error;
}

/** Holds the lock for the length of some work; what a dead run left comes before it. @throws Failure `lock-held`, also when it was another run's by the end */
export async function underLock<T>(
  session: Session,
  fleet: Fleet,
  version: string,
  work: (lock: HeldLock) => Promise<T>,
): Promise<T> {
  const waited = elapsed();
  for (let taking = session; ; taking = withWaitLeft(session, waited())) {
    try {
      return await underOneLock(taking, fleet, version, work);
    } catch (error) {
      if (!stepsAside(error)) throw error;
      // Nothing was begun: its lock is taken anew.
      await comeAgain(session.run.signal);
      if (session.run.signal.aborted) throw interrupted();
    }
  }
}

async function underOneLock<T>(
  session: Session,
  fleet: Fleet,
  version: string,
  work: (lock: HeldLock) => Promise<T>,
): Promise<T> {
  const lock = await takeLock(session, fleet, version);
  const giveBack = () =>
    lock.release().catch((error: unknown) => {
      if (!(error instanceof Failure)) throw error;
      const text = `The lock was not given back (${error.message}); its lease runs out by itself`;
      session.run.emit({ type: 'warning', text });
      return true;
    });
  const ended = await afterDeadRun({ session, lock, version }, work).then(
    (done) => ({ done }),
    (error: unknown) => ({ error }),
  );
  const isOurs = await giveBack();
  const isKnown = 'error' in ended && (!(ended.error instanceof Failure) || ended.error.code === 'lock-held');
  if ('error' in ended && (isOurs || isKnown)) throw ended.error;
  if (isOurs && 'done' in ended) return ended.done;
  throw new Failure('lock-held', 'The lock was taken by another run before this one had given it back', {
    details: ['error' in ended ? messageOf(ended.error) : 'Everything was done by then.'],
    hint: `Look at \`${session.typed('status')}\`; what comes after the lock, such as post-deploy, was not done.`,
  });
}

/** A dead run may have had its lock elsewhere, which is known only once this one is alone. */
async function afterDeadRun<T>(
  { session, lock, version }: { session: Session; lock: HeldLock; version: string },
  work: (lock: HeldLock) => Promise<T>,
): Promise<T> {
  let settling: Promise<void> | undefined;
  const settle = async () => void (lock.tookOver() && (await (settling ??= settleDead(session, lock, version))));
  const alone = async () => {
    const isOld = await lock.alone();
    await settle();
    return isOld;
  };
  await settle();
  return work({ ...lock, alone });
}
