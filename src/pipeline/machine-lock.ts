import { randomBytes } from 'node:crypto';
import { machineLockDirectory, machineRosterDirectory, serviceOnMachine } from '../containers/names.ts';
import { Failure } from '../errors.ts';
import { isUnknown, type Execution } from '../execute/execution.ts';
import { fenced, type Fence } from '../hosts/fence.ts';
import type { Host } from '../hosts/host.ts';
import type { Fleet } from './fleet.ts';
import { keepLease, leaseSeconds } from './lease.ts';
import { lockRequest } from './lock-request.ts';
import { acquire } from './lock-wait.ts';
import { quietOn } from './quiet.ts';
import { keepRoster } from './roster.ts';
import type { Session } from './session.ts';

const whatItIs = 'The lock of what all services share';
/** Another run's change of this kind is over in seconds, or its lease is. */
const patience = { timeoutSeconds: 120, intervalSeconds: 1 };

/**
 * What all services of a machine share is changed by one run at a time, whichever service or destination it is of: under a lock of the
 * machine's own, with a lease and the owner token of the run's deploy lock: who takes over that one gives back this. Others wait. Kamal
 * has no such lock, and does not see this one.
 */
export function machineLocks(session: Session, fleet: Fleet): MachineLocks {
  /** Owner tokens of locks that nobody knows to be given back. */
  const open = new Map<string, string>();
  const [directory, roster] = [machineLockDirectory, machineRosterDirectory];
  const giveBack = async (name: string, ownerToken: string) => {
    const release = async () => (await fleet.connected(name)).releaseLock({ directory, ownerToken, roster });
    await release().catch((error: unknown) => (isUnknown(error) ? release() : Promise.reject(error)));
    open.delete(name);
  };

  return async (name, what, work) => {
    const before = open.get(name);
    if (before !== undefined) await giveBack(name, before);
    const ownerToken = [...session.locks].at(-1)?.ownerToken ?? randomBytes(16).toString('hex');
    const host = await fleet.connected(name);
    const lease = { ownerToken, seconds: leaseSeconds };
    const message = `${what}, for ${serviceOnMachine(session.config)}`;
    const request = { ...lockRequest(session, { version: '-', message, lease, roster }), directory };
    open.set(name, ownerToken);
    const { sinceAsked, seat } = await acquire(patient(session), host, request, whatItIs).catch((error: unknown) => {
      if (!(error instanceof Failure) || error.code !== 'lock-held') throw error;
      open.delete(name);
      throw tooLong(name, error);
    });
    if (seat === undefined) throw new Error('a lock with a lease was taken without a seat');
    const renew = async () => (await fleet.connected(name)).refreshLock(directory, ownerToken);
    const kept = keepLease({ host: name, seconds: leaseSeconds, sinceTaken: sinceAsked, renew });
    try {
      const enlisted = keepRoster({ roster, ownerToken, seat, host, lease: kept });
      if (seat.dead.length > 0) await quietOn(session, host, enlisted);
      return await work(kept.fence);
    } finally {
      kept.stop();
      // Its lease runs out by itself.
      await giveBack(name, ownerToken).catch((error: unknown) => {
        if (!(error instanceof Failure)) throw error;
      });
    }
  };
}

/** Does `what` on a machine while no other run changes what is shared there, behind the fence that it is given. */
export type MachineLocks = <T>(name: string, what: string, work: (fence: Fence) => Promise<T>) => Promise<T>;

/** The plan's steps, bound to this session: each machine stands behind both fences. */
export function exclusively(
  locks: MachineLocks,
  hosts: { get(name: string): Host | undefined },
): Execution['exclusively'] {
  return (name, what, work) =>
    locks(name, what, (fence) => {
      const host = hosts.get(name);
      if (host === undefined) throw new Failure('connection-lost', `${name}: not connected`);
      return work(fenced(host, fence));
    });
}

function tooLong(host: string, { details }: Failure): Failure {
  const text = `${host}: another run changes what all services there share, for longer than ${patience.timeoutSeconds} s`;
  return new Failure('lock-held', text, { details, hint: 'Nothing was changed there: run it again later.' });
}

function patient(session: Session): Session {
  return { ...session, run: { ...session.run, lockWait: patience } };
}
