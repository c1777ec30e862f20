import { machineLockDirectory, machineRosterDirectory } from '../containers/names.ts';
import { Failure } from '../errors.ts';
import { pause } from '../execute/ready.ts';
import type { Host } from '../hosts/host.ts';
import { shortNames } from '../plan/describe.ts';
import type { Fleet } from './fleet.ts';
import { elapsed } from './lease.ts';
import type { Enlisted } from './roster.ts';
import type { Session } from './session.ts';

const pollMilliseconds = 500;
/** Between TERM and KILL of a hook, and the answer to it. */
const hookSeconds = 25;

/**
 * Waits until nothing that dead runs began is at work: their hooks and scripts, and containers that Docker is stopping for them. Requests
 * to the proxy are waited for whenever the machines are looked at.
 */
export async function waitUntilQuiet(session: Session, fleet: Fleet, enlisted: Enlisted): Promise<void> {
  await Promise.all([...fleet.hosts.values()].map((host) => quietOn(session, host, enlisted)));
}

/** The same on one machine. */
export async function quietOn({ run, config }: Session, host: Host, enlisted: Enlisted): Promise<void> {
  const since = elapsed();
  const longest = longestStopSeconds(config);
  const most = config.deployTimeoutSeconds + config.drainTimeoutSeconds + hookSeconds;
  let { busy } = await enlisted.enlist(host);
  for (let waited = false; ; waited = true) {
    // What was told to stop before this run came is over after the longest time that a container is given.
    const seconds = since() / 1000;
    const what = [...scripts(busy), ...(seconds > longest ? [] : await stops(host, longest))];
    if (what.length === 0) return giveBackFor(enlisted.dead, host);
    if (!waited)
      run.emit({ type: 'note', text: `${host.name}: waiting for what the dead run began: ${what.join(', ')}` });
    if (seconds > Math.max(most, longest)) {
      run.emit({ type: 'warning', text: `${host.name}: going on, though this is not over: ${what.join(', ')}` });
      return;
    }
    await pause(pollMilliseconds);
    if (run.signal.aborted) throw new Failure('interrupted', 'Interrupted while waiting for what a dead run began');
    ({ busy } = await enlisted.askAgain(host));
  }
}

/** What a dead run held of what all services of the machine share is over, too. */
async function giveBackFor(dead: readonly string[], host: Host): Promise<void> {
  const lock = { directory: machineLockDirectory, roster: machineRosterDirectory };
  await Promise.all(dead.map((ownerToken) => host.releaseLock({ ...lock, ownerToken })));
}

function scripts(busy: number): string[] {
  return busy === 0 ? [] : [busy === 1 ? 'a script is at work' : `${busy} scripts are at work`];
}

async function stops({ docker }: Host, withinSeconds: number): Promise<string[]> {
  const { names, isComplete } = await docker.listStopping(withinSeconds).catch((error: unknown) => {
    if (error instanceof Failure && error.code === 'host-without-docker') return { names: [], isComplete: true };
    throw error;
  });
  const stopping = names.map((name) => `${shortNames(name)} is being stopped`);
  return isComplete ? stopping : [...stopping, 'Docker has forgotten what it was told'];
}

/** What Docker gives a container to stop when nobody says otherwise. */
const usualStopSeconds = 10;

function longestStopSeconds({ roles, accessories }: Session['config']): number {
  return Math.max(
    usualStopSeconds,
    ...[...roles, ...accessories].map(({ stopTimeoutSeconds }) => stopTimeoutSeconds ?? 0),
  );
}
