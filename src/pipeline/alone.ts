import { lockDirectory } from '../containers/names.ts';
import { Failure } from '../errors.ts';
import type { Host, LockAnswer, LockHolder, LockRequest } from '../hosts/host.ts';
import type { Observed } from '../observe/observed.ts';
import { connectBystanders, warnUnknown } from './bystanders.ts';
import type { Fleet } from './fleet.ts';
import { isLent } from './inherited-lock.ts';
import { theLock, untilTaken } from './lock-wait.ts';
import { waitUntilQuiet } from './quiet.ts';
import type { Enlisted, Standing } from './roster.ts';
import type { Session } from './session.ts';
import { waitsForWaiting } from './step-aside.ts';

interface LockedRun {
  readonly session: Session;
  readonly fleet: Fleet;
  readonly enlisted: Enlisted;
  /** As this run took its own lock. */
  readonly request: LockRequest;
  readonly ownerToken: string;
}

export interface Alone {
  /** Whether that has been found out. */
  isSettled(): boolean;
  /**
   * Waits until no other run of this service and destination is at work on any machine, wherever its lock lies.
   * @returns whether there was one, so that what was seen before is old. @throws Failure `lock-held`
   */
  settled(): Promise<boolean>;
  /** Whether a run that was there gave no sign of life. */
  foundDead(): boolean;
  /** Every machine that was told of this run. */
  told(): Promise<readonly Host[]>;
  /** Those of them that this run has no other business on, as far as they are connected yet. */
  bystanders(): readonly Host[];
  /** Ends the connections that were made for this only. */
  close(): Promise<void>;
}

/**
 * A run whose primary is left out takes its lock on the next machine, and a `kamal` with a host filter on the first that it chose. So all
 * machines are told of this run first, and then asked who else is at work there: of two that do so, one at least sees the other.
 */
export function beAlone(run: LockedRun): Alone {
  const { fleet, enlisted } = run;
  let near: readonly Host[] = [];
  const connected = connectBystanders(run.session, fleet).then((hosts) => (near = hosts));
  const everywhere = async () => {
    await connected;
    return [...fleet.hosts.values(), ...near];
  };
  const goWithout = (host: Host, error: unknown) => {
    const isBystander = near.includes(host) && error instanceof Failure && error.code !== 'lock-held';
    if (!isBystander) throw error;
    near = near.filter((one) => one !== host);
    warnUnknown(run.session, error.message);
    return undefined;
  };
  const settle = async () => {
    let isOld = false;
    // Whoever fell silent on one machine is ended only where no machine hears of it, or of anybody else.
    for (let ask = enlisted.enlist; ; ask = enlisted.askAgain) {
      const hosts = await everywhere();
      const found = await untilOneFails(run, (waiting) =>
        hosts.map(async (host) => {
          const standing = await ask(host).catch((error: unknown) => goWithout(host, error));
          return standing === undefined ? nothing : settleOn(waiting, host, standing);
        }),
      );
      isOld ||= found.some((one) => one.isOld);
      const dead = found.flatMap((one) => one.dead).filter((token) => !enlisted.dead.includes(token));
      if (dead.length === 0) break;
      enlisted.end(dead);
      foundDead = true;
    }
    if (foundDead) await waitUntilQuiet(run.session, fleet, enlisted);
    isSettled = true;
    return isOld;
  };
  let settling: Promise<boolean> | undefined;
  let isSettled = false;
  let foundDead = false;
  return {
    isSettled: () => isSettled,
    settled() {
      settling ??= settle().catch((error: unknown) => {
        settling = undefined;
        throw error;
      });
      return settling;
    },
    foundDead: () => foundDead,
    told: everywhere,
    bystanders: () => near,
    async close() {
      await Promise.all((await connected).map((host) => host.close()));
    },
  };
}

/** Before a build: ends when nobody is at work by a lock that lies elsewhere, as far as looking can tell. @returns whether that was waited for. @throws Failure `lock-held` */
export async function waitUntilFreeElsewhere(session: Session, fleet: Fleet, observed: Observed): Promise<boolean> {
  const { config } = session;
  const held = observed.hosts.filter(({ host, lock }) => lock !== undefined && host !== config.primaryHost);
  if (held.length === 0 || (await isLent(session, fleet))) return false;
  const query = { lockDirectory: lockDirectory(config), releasesFile: '/dev/null', files: [], paths: [] };
  for (const { host: name } of held) {
    const host = await fleet.connected(name);
    const attempt = async () => answerOf((await host.readState(query)).lock);
    await untilTaken(session, host, { what: theLock, attempt, takeOver: async () => ({ taken: true }) });
  }
  return true;
}

interface Found {
  readonly isOld: boolean;
  /** Runs that gave no sign of life. */
  readonly dead: readonly string[];
}

const nothing: Found = { isOld: false, dead: [] };

/** Whoever still waits when one has failed asks no more: it would tell its machine of this run again. */
async function untilOneFails<T>(run: LockedRun, work: (run: LockedRun) => Promise<T>[]): Promise<T[]> {
  const failed = new AbortController();
  const signal = AbortSignal.any([run.session.run.signal, failed.signal]);
  const all = work({ ...run, session: { ...run.session, run: { ...run.session.run, signal } } });
  try {
    return await Promise.all(all);
  } catch (error) {
    failed.abort();
    await Promise.allSettled(all);
    throw error;
  }
}

async function settleOn(
  { session, enlisted, request, ownerToken }: LockedRun,
  host: Host,
  standing: Standing,
): Promise<Found> {
  const { silent, wasLater } = standing;
  if (standing.other === undefined) return { isOld: wasLater || silent.length > 0, dead: silent };
  const dead: string[] = [];
  const hear = waitsForWaiting(session, host.name);
  let first: Standing | undefined = standing;
  await untilTaken(session, host, {
    what: theLock,
    async attempt() {
      const { other, silent: fellSilent } = first ?? (await enlisted.askAgain(host));
      first = undefined;
      dead.push(...fellSilent);
      hear(other);
      return answerOf(other);
    },
    async takeOver(holder) {
      const answer = await host.takeOverLock(request);
      if (!answer.taken) return answer;
      await host.releaseLock({ directory: request.directory, ownerToken });
      dead.push(...(holder.lease === undefined ? [] : [holder.lease.ownerToken]), ...(answer.seat?.dead ?? []));
      return answer;
    },
  });
  return { isOld: true, dead };
}

function answerOf(holder: LockHolder | undefined): LockAnswer {
  return holder === undefined ? { taken: true } : { taken: false, holder };
}
