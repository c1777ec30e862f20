import { hookConfigOf, hostsFor } from '../hooks/hooks.ts';
import type { CarriedOut } from './carry-out.ts';
import type { Fleet } from './fleet.ts';
import { runHookHere, runHookOnHost } from './hooks.ts';
import type { DeployResult } from '../report/results.ts';
import type { Session } from './session.ts';

/** post-deploy runs when everything serves and the lock is back; its failure reverts nothing. */
export async function finish(
  session: Session,
  fleet: Fleet,
  { version, started, done }: { version: string; started: number; done: CarriedOut },
): Promise<DeployResult> {
  if (done.changed && session.hooks.has('post-deploy')) {
    const runtimeSeconds = (Date.now() - started) / 1000;
    const call = {
      hook: 'post-deploy',
      version,
      hosts: session.selected.hosts,
      lockHeld: false,
      runtimeSeconds,
    } as const;
    await runHookHere(session, call);
    const hosts = hostsFor(hookConfigOf(session.config, 'post-deploy'), session.selected);
    await Promise.all(
      hosts.flatMap((name) =>
        fleet.hosts.get(name) === undefined ? [] : [runHookOnHost(session, call, fleet.hosts.get(name)!)],
      ),
    );
  }
  return resultOf(session, { version, started, done });
}

export function resultOf(
  session: Session,
  { version, started, done }: { version: string; started: number; done: CarriedOut },
): DeployResult {
  const { config, selected } = session;
  return {
    service: config.service,
    ...(config.destinationName === undefined ? {} : { destination: config.destinationName }),
    version,
    ...(done.previousVersion === undefined ? {} : { previousVersion: done.previousVersion }),
    changed: done.changed,
    seconds: (Date.now() - started) / 1000,
    hosts: selected.hosts.map((host) => ({
      host,
      roles: Object.fromEntries(
        selected.roles
          .filter((role) => role.hosts.some((entry) => entry.host === host))
          .map(({ name }) => [name, version]),
      ),
    })),
  };
}
