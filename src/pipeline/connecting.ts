import { Failure } from '../errors.ts';
import type { Host } from '../hosts/host.ts';
import { isWhole } from '../plan/strays.ts';
import { fleetOf, type Fleet } from './fleet.ts';
import { runHookHere } from './hooks.ts';
import type { Session } from './session.ts';
import { together } from './together.ts';
import { away, orWithout } from './way-on.ts';

/**
 * Connects to all machines side by side, and to those beside that can be reached.
 * @throws Failure that names every machine that could not be reached, and why
 */
export async function connectFleet(
  session: Session,
  names: readonly string[],
  beside: readonly string[] = [],
): Promise<Fleet> {
  const reached = Promise.all(beside.map((name) => connectIfReady(name, session)));
  const settled = await Promise.allSettled(names.map((name) => session.connect(name, session.run.signal)));
  const hosts = new Map<string, Host>();
  const problems = new Map<string, unknown>();
  for (const [index, result] of settled.entries()) {
    const name = names[index] ?? '';
    if (result.status === 'fulfilled') hosts.set(name, result.value);
    else problems.set(name, result.reason);
  }
  for (const host of (await reached).flat()) hosts.set(host.name, host);
  const fleet = fleetOf(session, hosts);
  if (problems.size > 0) {
    // All at once: what else is wrong with the machines that could be reached is told in the same breath.
    const others = await Promise.all([...hosts.values()].map((host) => unready(host, session)));
    await fleet.close();
    const all = together([...problems.values(), ...others.flat()], 'Nothing was changed.');
    throw orWithout(session, all, away(problems));
  }
  return fleet;
}

/**
 * Machines that only accessories run on, which matter to a run about the whole file: a role may have moved away from there. To a run about
 * a singleton every machine matters, as it may still run on any.
 */
export function besideApp({ config, selected }: Pick<Session, 'config' | 'selected'>): readonly string[] {
  if (isWhole(selected, config)) return config.accessoryHosts;
  return selected.roles.some(({ isSingleton }) => isSingleton) ? config.allHosts : [];
}

/** A machine that the app does not run on is looked at for what is left there of it; no deploy waits for its repair. */
async function connectIfReady(name: string, session: Session): Promise<Host[]> {
  try {
    const host = await session.connect(name, session.run.signal);
    await host.docker.info();
    return [host];
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    const text = `${error.message} Whether containers of the app are left there is not known`;
    session.run.emit({ type: 'warning', text });
    return [];
  }
}

async function unready(host: Host, { run }: Session): Promise<Failure[]> {
  if (run.command === 'setup' || run.command === 'server bootstrap') return [];
  return host.docker.info().then(
    () => [],
    (error: unknown) => (error instanceof Failure ? [error] : []),
  );
}

/** Connects to the machines, those of the roles when nothing else is said, for the length of some work. */
export async function withFleet<T>(
  session: Session,
  version: string,
  work: (fleet: Fleet) => Promise<T>,
  { hosts = session.selected.hosts, beside = [] }: { hosts?: readonly string[]; beside?: readonly string[] } = {},
): Promise<T> {
  const { config } = session;
  await runHookHere(session, { hook: 'pre-connect', version, hosts, lockHeld: false });
  const names = [...new Set([config.primaryHost, ...hosts])];
  const fleet = await connectFleet(
    session,
    names,
    beside.filter((name) => !names.includes(name)),
  );
  try {
    return await work(fleet);
  } finally {
    await fleet.close();
  }
}
