import { lockDirectory, rosterDirectory } from '../containers/names.ts';
import { Failure } from '../errors.ts';
import { handleFor, type LockHandle } from '../hooks/lock-handle.ts';
import type { Host, LockHolder } from '../hosts/host.ts';
import { connectBystanders } from './bystanders.ts';
import type { Fleet } from './fleet.ts';
import type { HeldLock } from './held-lock.ts';
import { elapsed, keepLease, leaseSeconds } from './lease.ts';
import { keepRoster } from './roster.ts';
import type { Session } from './session.ts';

/**
 * A run that a hook called acts under the lock of the run that the hook belongs to, for as long as that one keeps it: it is listed as
 * that run's, asks whose the lock is before its changes, and neither renews it nor gives it back. Of Kamal, which tells its hooks only
 * that there is a lock, it is the one that has no lease. @returns undefined when there is none to inherit. @throws Failure `lock-held`
 */
export async function inheritLock(session: Session, fleet: Fleet): Promise<HeldLock | undefined> {
  const handle = handleFor(session.config, session.run.env);
  if (handle !== undefined) return underHandle(session, fleet, handle);
  if (!saysLocked(session)) return undefined;
  const found = await kamalsLock(session, fleet);
  if (found !== undefined) return underKamals(session, found);
  const text =
    'KAMAL_LOCK=true is set here, as in a hook under a lock, but no deploy holds one: it is not believed. Type: unset KAMAL_LOCK';
  session.run.emit({ type: 'warning', text });
  return undefined;
}

/** Whether this run is going to act under a lock that is there already. @throws Failure `lock-held` when it was lost */
export async function isLent(session: Session, fleet: Fleet): Promise<boolean> {
  const handle = handleFor(session.config, session.run.env);
  if (handle === undefined) {
    const found = saysLocked(session) ? await kamalsLock(session, fleet) : undefined;
    await found?.close();
    return found !== undefined;
  }
  if (isOf(handle, await holderOn(session, await fleet.connected(handle.host)))) return true;
  throw lostByCaller(handle);
}

function saysLocked({ run }: Session): boolean {
  return run.env['KAMAL_LOCK'] === 'true';
}

async function underHandle(session: Session, fleet: Fleet, handle: LockHandle): Promise<HeldLock> {
  const { ownerToken, turn, host: name } = handle;
  const look = async () => isOf(handle, await holderOn(session, await fleet.connected(name)));
  const sinceTaken = elapsed();
  if (!(await look())) throw lostByCaller(handle);
  const lease = keepLease({ host: name, seconds: leaseSeconds, sinceTaken, renew: look });
  const roster = rosterDirectory(session.config);
  const enlisted = keepRoster({ roster, ownerToken, seat: { turn, dead: [], busy: 0 }, lease });
  // While the machines are looked at; one that failed is tried again before its first change.
  for (const host of fleet.hosts.values()) enlisted.enlist(host).catch(() => undefined);
  return lent({ ...lease, before: enlisted.before });
}

/**
 * Whether the caller's lease has more than half of it left, so that half of it may go by until it is asked about again; one that has less
 * belongs to a run that is about to stop. @throws Failure while that is not known
 */
function isOf({ ownerToken, host }: LockHandle, holder: LockHolder | undefined): boolean {
  const lease = holder?.lease;
  if (lease?.ownerToken !== ownerToken || lease.secondsLeft <= 0) return false;
  if (lease.secondsLeft > leaseSeconds / 2) return true;
  throw new Failure(
    'connection-lost',
    `The run whose hook called this one has not renewed its lock on ${host} for ${leaseSeconds - lease.secondsLeft} s, so nothing is changed`,
  );
}

function lostByCaller({ host }: LockHandle): Failure {
  return new Failure('lock-held', `The run whose hook called this one no longer has the lock on ${host}`, {
    details: ['Nothing was changed: what a hook does belongs to its run, and that one is over, or lost its lock.'],
    hint: 'In a shell that no hook has started any more, type: unset LONGSHORE_LOCK KAMAL_LOCK',
  });
}

interface KamalsLock {
  /** The machine that it lies on. */
  readonly name: string;
  readonly details: string;
  connected(): Promise<Host>;
  close(): Promise<void>;
}

/** Kamal's lock lies on the first machine of its host filter, which may be none that this run has to do with. */
async function kamalsLock(session: Session, fleet: Fleet): Promise<KamalsLock | undefined> {
  const primary = await fleet.connected(session.config.primaryHost);
  const [near] = await withoutLease(session, [...new Set([primary, ...fleet.hosts.values()])]);
  if (near !== undefined) {
    const { host, details } = near;
    return { name: host.name, details, connected: () => fleet.connected(host.name), close: async () => undefined };
  }
  const others = await connectBystanders(session, fleet);
  const [far] = await withoutLease(session, others);
  await Promise.all(others.filter((host) => host !== far?.host).map((host) => host.close()));
  return far && { name: far.host.name, details: far.details, ...ownConnection(session, far.host) };
}

async function withoutLease(session: Session, hosts: readonly Host[]): Promise<{ host: Host; details: string }[]> {
  const asked = hosts.map(async (host) => {
    const holder = await holderOn(session, host);
    return holder === undefined || holder.lease !== undefined ? [] : [{ host, details: holder.details }];
  });
  return (await Promise.all(asked)).flat();
}

/** Made again when it was lost; the machine is none of the fleet's. */
function ownConnection({ connect }: Session, first: Host): Pick<KamalsLock, 'connected' | 'close'> {
  let host: Promise<Host> | undefined;
  const keep = (one: Host) => {
    const kept = Promise.resolve(one);
    host = kept;
    void one.closed.then(() => host === kept && (host = undefined));
    return one;
  };
  keep(first);
  return {
    connected: async () => host ?? connect(first.name, new AbortController().signal).then(keep),
    close: async () => (await host)?.close(),
  };
}

function underKamals(session: Session, { name, details, connected, close }: KamalsLock): HeldLock {
  const renew = async () => {
    const holder = await holderOn(session, await connected());
    return holder !== undefined && holder.lease === undefined && holder.details === details;
  };
  const lease = keepLease({ host: name, seconds: leaseSeconds, sinceTaken: elapsed(), renew });
  const stop = () => {
    lease.stop();
    void close().catch(() => undefined);
  };
  return lent({ ...lease, stop, before: (_host, fence) => fence });
}

/** The caller gives it back. */
function lent({
  stop,
  ...lock
}: Omit<HeldLock, 'release' | 'alone' | 'tookOver' | 'everywhere'> & { stop(): void }): HeldLock {
  return {
    ...lock,
    // The caller saw to that.
    alone: async () => false,
    tookOver: () => false,
    everywhere: async () => [],
    async release() {
      const isTaken = await lock.isTaken();
      stop();
      return !isTaken;
    },
  };
}

async function holderOn({ config }: Session, host: Host): Promise<LockHolder | undefined> {
  const query = { lockDirectory: lockDirectory(config), releasesFile: '/dev/null', files: [], paths: [] };
  return (await host.readState(query)).lock;
}
