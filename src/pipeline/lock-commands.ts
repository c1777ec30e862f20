import { lockDirectory } from '../containers/names.ts';
import { Failure } from '../errors.ts';
import type { Host, LockHolder } from '../hosts/host.ts';
import { connectFleet } from './connecting.ts';
import { lockRequest } from './lock-request.ts';
import { lockHeld } from './lock-wait.ts';
import type { LockResult } from '../report/results.ts';
import type { Run } from './run.ts';
import { openSession, versionOfRun, type Session } from './session.ts';
import { orWithout } from './way-on.ts';

/** Who holds the deploy lock; also where a `kamal` with a host filter left one on another machine. */
export async function lockStatus(run: Run): Promise<LockResult> {
  return findLocks(await openSession(run, { changes: 'nothing', hooks: [], needs: [] }));
}

/** Takes the lock by hand: it stays until it is released. @throws Failure `lock-held` */
export async function acquireLock(message: string, run: Run): Promise<LockResult> {
  const session = await openSession(run, { changes: 'lock', hooks: [], needs: [] });
  const { primaryHost } = session.config;
  const fleet = await connectFleet(session, [primaryHost]);
  try {
    const host = fleet.hosts.get(primaryHost);
    if (host === undefined) throw new Error(`${primaryHost} is not connected`);
    const request = lockRequest(session, { version: versionOfRun(session), message });
    const answer = await host.acquireLock(request);
    if (!answer.taken) throw lockHeld(session, host.name, answer.holder);
    return { held: true, host: host.name, holder: { details: request.details } };
  } finally {
    await fleet.close();
  }
}

/** Gives back anybody's locks, on whichever machine; a live run whose lock goes stops by itself. @throws Failure `lock-missing` */
export async function releaseLock(run: Run): Promise<LockResult> {
  return giveBackLocks(await openSession(run, { changes: 'lock', hooks: [], needs: [] }));
}

export function findLocks(session: Session): Promise<LockResult> {
  return onMachines(session, async (locks) => {
    const { primaryHost } = session.config;
    const holder = locks.find(({ host }) => host.name === primaryHost)?.holder;
    const elsewhere = locks.filter(({ host }) => host.name !== primaryHost);
    return {
      held: holder !== undefined,
      host: primaryHost,
      ...(holder === undefined ? {} : { holder }),
      ...(elsewhere.length === 0
        ? {}
        : { elsewhere: elsewhere.map(({ host, holder: other }) => ({ host: host.name, holder: other })) }),
    };
  });
}

export function giveBackLocks(session: Session): Promise<LockResult> {
  return onMachines(session, async (locks, directory) => {
    const { run, config } = session;
    for (const { host, holder } of locks) await askAboutLive(run, host.name, holder);
    const released = await Promise.all(
      locks.map(async ({ host }) => ((await host.releaseLock({ directory })) ? [host] : [])),
    );
    if (released.flat().length === 0) {
      const where = config.allHosts.length === 1 ? config.primaryHost : 'any machine of this file';
      throw new Failure('lock-missing', `There is no deploy lock on ${where}`, {
        hint: `Look with \`${session.typed('lock status')}\`.`,
      });
    }
    return { held: false, host: config.primaryHost, releasedOn: released.flat().map(({ name }) => name) };
  });
}

/** Whose run is alive would be stopped half way. @throws Failure `lock-held` when a person says no */
async function askAboutLive(run: Run, host: string, { details, lease }: LockHolder): Promise<void> {
  if (lease === undefined || lease.secondsLeft <= 0) return;
  const who = details.split('\n')[0] ?? '';
  const text = `The run that holds the lock on ${host} is alive (${who})`;
  if (run.confirm === undefined) return run.emit({ type: 'warning', text: `${text}; without its lock it stops` });
  if (await run.confirm(`${text}. Without its lock it stops half way. Take it away?`)) return;
  throw new Failure('lock-held', `The lock on ${host} was left alone`, { details: details.split('\n') });
}

interface FoundLock {
  readonly host: Host;
  readonly holder: LockHolder;
}

/** Looks for this service's lock on every machine of the file. One that cannot be reached is a warning, unless it is the lock's own. */
async function onMachines(
  session: Session,
  work: (locks: readonly FoundLock[], directory: string) => Promise<LockResult>,
): Promise<LockResult> {
  const { run, config, connect } = session;
  const lockDirectoryHere = lockDirectory(config);
  const names = [...new Set([config.primaryHost, ...config.allHosts])];
  const settled = await Promise.allSettled(names.map((name) => connect(name, run.signal)));
  const hosts = settled.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  try {
    for (const [index, result] of settled.entries()) {
      if (result.status === 'fulfilled') continue;
      const error: unknown = result.reason;
      if (!(error instanceof Failure)) throw error;
      if (names[index] === config.primaryHost) throw orWithout(session, error, [config.primaryHost]);
      run.emit({ type: 'warning', text: `${error.message} Whether a lock lies there is not known.` });
    }
    const query = { lockDirectory: lockDirectoryHere, releasesFile: '/dev/null', files: [], paths: [] };
    const locks = await Promise.all(
      hosts.map(async (host) => {
        const { lock: holder } = await host.readState(query);
        return holder === undefined ? [] : [{ host, holder }];
      }),
    );
    return await work(locks.flat(), lockDirectoryHere);
  } finally {
    await Promise.all(hosts.map((host) => host.close()));
  }
}
