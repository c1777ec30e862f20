import { Failure } from '../errors.ts';
import type { Host } from '../hosts/host.ts';
import type { RegistryResult } from '../report/results.ts';
import { loginOf } from './build.ts';
import { connectFleet } from './connecting.ts';
import { together } from './together.ts';
import { runHookHere } from './hooks.ts';
import { startRegistry } from './local-registry.ts';
import type { Run } from './run.ts';
import { openSession, type Session } from './session.ts';
import { asTask } from './task.ts';

/** Where a command acts: `-L` and `-R` leave one of them out. */
export interface RegistryPlaces {
  readonly here: boolean;
  readonly machines: boolean;
}

/** `registry login`: docker here and on the machines logs in, and stays so. @throws Failure `registry-refused` */
export async function registryLogin(places: RegistryPlaces, run: Run): Promise<RegistryResult> {
  const session = await sessionFor(run, places, ['registry']);
  refuseLocal(session, 'login', 'setup');
  return login(session, places);
}

/** `registry logout`: docker here and on the machines forgets the login. @throws Failure */
export async function registryLogout(places: RegistryPlaces, run: Run): Promise<RegistryResult> {
  const session = await sessionFor(run, places, []);
  refuseLocal(session, 'logout', 'remove');
  return logout(session, places);
}

/** `registry setup`: starts the registry on this machine, or logs in to the one that is elsewhere. @throws Failure */
export async function registrySetup(places: RegistryPlaces, run: Run): Promise<RegistryResult> {
  const session = await sessionFor(run, places, ['registry']);
  if (places.here) {
    const { findDockerClient } = await import('../hosts/this-machine/docker-client.ts');
    await findDockerClient({ env: run.env, signal: run.signal, needs: 'build' });
  }
  const { localPort } = session.config.registry;
  if (localPort === undefined) return login(session, places);
  if (places.here) await startRegistry(session, localPort);
  return { server: serverOf(session), done: 'running', places: places.here ? ['this machine'] : [] };
}

/** `registry remove`: removes the registry on this machine, or logs out of the one that is elsewhere. @throws Failure */
export async function registryRemove(places: RegistryPlaces, run: Run): Promise<RegistryResult> {
  const session = await sessionFor(run, places, []);
  if (session.config.registry.localPort === undefined) return logout(session, places);
  if (!places.here) return { server: serverOf(session), done: 'removed', places: [] };
  const { removeLocalRegistry } = await import('../hosts/this-machine/local-registry.ts');
  const removed = await removeLocalRegistry(run);
  return { server: serverOf(session), done: 'removed', places: removed ? ['this machine'] : [] };
}

async function sessionFor(run: Run, { machines }: RegistryPlaces, needs: readonly 'registry'[]): Promise<Session> {
  const session = await openSession(run, {
    changes: machines ? 'login' : 'this-machine',
    hooks: machines ? ['pre-connect'] : [],
    needs,
  });
  return session;
}

async function login(session: Session, places: RegistryPlaces): Promise<RegistryResult> {
  const { credentials, run, mask } = session;
  if (credentials === undefined) throw new Error('a registry elsewhere has no login');
  const { loginHere } = await import('../hosts/this-machine/docker-login.ts');
  const { loginOn } = await import('../hosts/docker-login.ts');
  return inPlaces(session, places, {
    done: 'logged in',
    task: 'log in',
    here: () => loginHere(loginOf(credentials), { env: run.env, signal: run.signal, mask }),
    on: (host) => loginOn(host, credentials, { signal: run.signal, mask }),
  });
}

async function logout(session: Session, places: RegistryPlaces): Promise<RegistryResult> {
  const { run, mask, config } = session;
  const { logoutHere } = await import('../hosts/this-machine/docker-login.ts');
  const { logoutOn } = await import('../hosts/docker-login.ts');
  return inPlaces(session, places, {
    done: 'logged out',
    task: 'log out',
    here: () => logoutHere(config.registry.server, { env: run.env, signal: run.signal, mask }),
    on: (host) => logoutOn(host, config.registry.server, { signal: run.signal, mask }),
  });
}

/** Here first: what is refused here would be refused everywhere. Then on all machines at once. */
async function inPlaces(
  session: Session,
  places: RegistryPlaces,
  act: { done: 'logged in' | 'logged out'; task: string; here: () => Promise<void>; on: (host: Host) => Promise<void> },
): Promise<RegistryResult> {
  const { run, config, selected } = session;
  const server = serverOf(session);
  const done = places.here ? ['this machine'] : [];
  if (places.here) await asTask(run, `${act.task} here`, act.here);
  if (!places.machines) return { server, done: act.done, places: done };
  const isFiltered = run.primaryOnly || run.hosts.length > 0 || run.roles.length > 0;
  const hosts = isFiltered ? selected.hosts : config.allHosts;
  await runHookHere(session, { hook: 'pre-connect', version: run.version ?? '', hosts, lockHeld: false });
  const fleet = await connectFleet(session, hosts);
  try {
    const settled = await Promise.allSettled(
      [...fleet.hosts].map(([name, host]) => asTask(run, `${act.task} on ${name}`, () => act.on(host))),
    );
    const problems = settled.flatMap((result): unknown[] => (result.status === 'rejected' ? [result.reason] : []));
    if (problems.length > 0) throw together(problems);
  } finally {
    await fleet.close();
  }
  return { server, done: act.done, places: [...done, ...hosts] };
}

function refuseLocal({ config }: Session, command: 'login' | 'logout', instead: 'setup' | 'remove'): void {
  if (config.registry.localPort === undefined) return;
  throw new Failure('usage', `${config.registry.server} is a registry on this machine, which knows no ${command}`, {
    hint: `Type: longshore registry ${instead}`,
  });
}

function serverOf({ config }: Session): string {
  return config.registry.server ?? 'docker.io';
}
