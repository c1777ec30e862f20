import { lockDirectory } from '../containers/names.ts';
import { Failure } from '../errors.ts';
import type { Host } from '../hosts/host.ts';
import { connectFleet } from './fleet.ts';
import { lockHeld, lockRequest } from './lock.ts';
import type { LockResult } from '../report/results.ts';
import type { Run } from './run.ts';
import { openSession, versionOfRun, type Session } from './session.ts';

/** Who holds the deploy lock. */
export function lockStatus(run: Run): Promise<LockResult> {
  return onLockHost(run, 'nothing', async (_session, host, directory) => {
    const { lock } = await host.readState({
      lockDirectory: directory,
      releasesFile: '/dev/null',
      files: [],
      paths: [],
    });
    return { held: lock !== undefined, host: host.name, ...(lock === undefined ? {} : { holder: lock }) };
  });
}

/** Takes the lock by hand: it stays until it is released. @throws Failure `lock-held` */
export function acquireLock(message: string, run: Run): Promise<LockResult> {
  return onLockHost(run, 'lock', async (session, host) => {
    const request = lockRequest(session, { version: versionOfRun(session), message });
    const answer = await host.acquireLock(request);
    if (!answer.taken) throw lockHeld(session, host.name, answer.holder);
    return { held: true, host: host.name, holder: { details: request.details } };
  });
}

/** Gives back anybody's lock; a live run whose lock goes stops by itself. @throws Failure `lock-missing` */
export function releaseLock(run: Run): Promise<LockResult> {
  return onLockHost(run, 'lock', async (session, host, directory) => {
    if (await host.releaseLock(directory)) return { held: false, host: host.name };
    throw new Failure('lock-missing', `There is no deploy lock on ${host.name}`, {
      hint: `Look with \`${session.typed('lock status')}\`.`,
    });
  });
}

async function onLockHost(
  run: Run,
  changes: 'lock' | 'nothing',
  work: (session: Session, host: Host, directory: string) => Promise<LockResult>,
): Promise<LockResult> {
  const session = await openSession(run, { changes, hooks: [], needs: [] });
  const { primaryHost } = session.config;
  const fleet = await connectFleet(session, [primaryHost]);
  try {
    const host = fleet.hosts.get(primaryHost);
    if (host === undefined) throw new Error(`${primaryHost} is not connected`);
    return await work(session, host, lockDirectory(session.config));
  } finally {
    await fleet.close();
  }
}
