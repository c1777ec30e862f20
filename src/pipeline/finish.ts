import { abbreviateVersion } from '../build/version.ts';
import { Failure } from '../errors.ts';
import type { Timing } from './accessories/stopwatch.ts';
import type { CarriedOut } from './carry-out.ts';
import type { Fleet } from './fleet.ts';
import { runHookHere, runHookOnHosts } from './hooks.ts';
import type { Phases } from './phases.ts';
import type { DeployResult } from '../report/results.ts';
import type { Session } from './session.ts';

/** What came of a deploy; `timings`: of the accessories that were made or started before it. */
type Done = CarriedOut & { readonly timings?: readonly Timing[] };

/** post-deploy runs when everything serves and the lock is back; its failure reverts nothing. */
export async function finish(
  session: Session,
  fleet: Fleet,
  { version, phases, done }: { version: string; phases: Phases; done: Done },
): Promise<DeployResult> {
  if (done.changed && session.hooks.has('post-deploy')) {
    const runtimeSeconds = phases.seconds();
    phases.enter('after');
    const call = {
      hook: 'post-deploy',
      version,
      hosts: session.selected.hosts,
      lockHeld: false,
      runtimeSeconds,
    } as const;
    try {
      await runHookHere(session, call);
      await runHookOnHosts(session, call, fleet);
    } catch (error) {
      throw afterwards(error, session, version);
    }
  }
  return resultOf(session, { version, phases, done });
}

/** Whatever stopped the hook, the new version serves, so the status says that a person should look. */
function afterwards(error: unknown, { typed }: Session, version: string): unknown {
  if (!(error instanceof Failure)) return error;
  return new Failure(
    'post-deploy-hook-failed',
    `${abbreviateVersion(version)} serves, but post-deploy failed: ${error.message}`,
    {
      details: error.details,
      hint: error.hint ?? `Nothing was taken back; \`${typed('status')}\` shows what serves.`,
    },
  );
}

export function resultOf(
  session: Session,
  { version, phases, done }: { version: string; phases: Phases; done: Done },
): DeployResult {
  const { config, selected } = session;
  return {
    service: config.service,
    ...(config.destinationName === undefined ? {} : { destination: config.destinationName }),
    version,
    ...(done.previousVersion === undefined ? {} : { previousVersion: done.previousVersion }),
    changed: done.changed,
    ...(done.cutOff === undefined ? {} : { cutOff: done.cutOff }),
    seconds: phases.seconds(),
    ...(done.changed ? { phases: phases.times() } : {}),
    hosts: selected.hosts.map((host) => ({
      host,
      roles: Object.fromEntries(
        selected.roles
          .filter((role) => role.hosts.some((entry) => entry.host === host))
          .map(({ name }) => [name, version]),
      ),
    })),
    ...(done.timings === undefined || done.timings.length === 0 ? {} : { accessories: done.timings }),
  };
}
