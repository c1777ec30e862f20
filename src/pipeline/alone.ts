import { lockDirectory } from '../containers/names.ts';
import type { Host, LockAnswer, LockHolder, LockRequest } from '../hosts/host.ts';
import type { Observed } from '../observe/observed.ts';
import { connectBystanders } from './bystanders.ts';
import type { Fleet } from './fleet.ts';
import { isLent } from './inherited-lock.ts';
import { theLock, untilTaken } from './lock-wait.ts';
import { waitUntilQuiet } from './quiet.ts';
import type { Enlisted, Standing } from './roster.ts';
import type { Session } from './session.ts';

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
  /** Ends the connections that were made for this only. */
  close(): Promise<void>;
}

/**
 * A run whose primary is left out takes its lock on the next machine, and a `kamal` with a host filter on the first that it chose. So all
 * machines are told of this run first, and then asked who else is at work there: of two that do so, one at least sees the other.
 */
export function beAlone(run: LockedRun): Alone {
  const { fleet, enlisted } = run;
  const bystanders = connectBystanders(run.session, run.fleet);
  const everywhere = async () => [...fleet.hosts.values(), ...(await bystanders)];
  const settle = async () => {
    const hosts = await everywhere();
    const found = await Promise.all(hosts.map(async (host) => settleOn(run, host, await enlisted.enlist(host))));
    const dead = found.flatMap((one) => one.dead);
    if (dead.length > 0) {
      foundDead = true;
      enlisted.end(dead);
      await Promise.all(hosts.map((host) => enlisted.askAgain(host)));
      await waitUntilQuiet(run.session, fleet, enlisted);
    }
    isSettled = true;
    return found.some(({ isOld }) => isOld);
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
    async close() {
      await Promise.all((await bystanders).map((host) => host.close()));
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

async function settleOn(
  { session, enlisted, request, ownerToken }: LockedRun,
  host: Host,
  standing: Standing,
): Promise<Found> {
  if (standing.other === undefined) return { isOld: standing.wasLater, dead: [] };
  const dead: string[] = [];
  await untilTaken(session, host, {
    what: theLock,
    attempt: async () => answerOf((await enlisted.askAgain(host)).other),
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
