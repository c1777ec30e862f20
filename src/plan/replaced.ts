import type { Config, Role } from '../config/config.ts';
import { watchedDirectory, identityLabels } from '../containers/names.ts';
import type { Observed, ObservedContainer, ObservedHost } from '../observe/observed.ts';
import { appContainers, isUp, observedHost } from './current.ts';
import { reference, type Decision } from './decide.ts';
import type { Lane, Step, WatchedAs } from './plan.ts';

/** How what is replaced stops taking work, and stops. */

/** Every running container of the role on its machine that is not the wanted one. */
export function oldContainers(
  { wanted, action, existing }: Decision,
  host: ObservedHost,
  config: Config,
): ObservedContainer[] {
  return appContainers(host, config, wanted.role.name).filter(
    (container) => isUp(container) && (action === 'replace' || container.id !== existing?.id),
  );
}

interface Old {
  readonly host: string;
  readonly container: ObservedContainer;
}

/** A singleton's containers on other machines than its own. */
export function elsewhere({ wanted }: Pick<Decision, 'wanted'>, observed: Observed, config: Config): Old[] {
  const { role, host } = wanted;
  if (!role.isSingleton) return [];
  return observed.hosts
    .filter((other) => other.host !== host)
    .flatMap((other) =>
      appContainers(other, config, role.name)
        .filter(isUp)
        .map((container) => ({ host: other.host, container })),
    );
}

/** Containers that may come back to life on a machine because they are watched over: its own role's, running or not. */
export function watchedThere(host: ObservedHost, config: Config, role: string): ObservedContainer[] {
  return appContainers(host, config, role).filter(({ id }) => host.watched.some(({ container }) => container === id));
}

/** Right before the swap: no new jobs for what is going to be replaced. */
export function quietLanes(decisions: readonly Decision[], observed: Observed, config: Config): Lane[] {
  return decisions.flatMap((decision) => {
    const { role, host } = decision.wanted;
    const here = oldContainers(decision, observedHost(observed, host), config);
    const all = [...here.map((container) => ({ host, container })), ...elsewhere(decision, observed, config)];
    return all.map((old): Lane => ({
      host: old.host,
      role: role.name,
      steps: quietSteps(role, old.container, config),
    }));
  });
}

export function quietSteps(role: Role, container: ObservedContainer, config: Config): Step[] {
  if (role.quiet === undefined) return [];
  const because = 'it is about to be replaced';
  const watched = watchingOf(role, config);
  return [{ kind: 'quiet-container', container: reference(container), by: role.quiet.by, watched, because }];
}

/** Of a singleton that comes from another machine: two never run. */
export function makeRoomLanes(decisions: readonly Decision[], observed: Observed, config: Config): Lane[] {
  return decisions.flatMap((decision) =>
    elsewhere(decision, observed, config).map(({ host, container }): Lane => {
      const { role } = decision.wanted;
      const because = `a singleton: its machine is ${decision.wanted.host} now`;
      return {
        host,
        role: role.name,
        steps: [...watchSteps(role, container, config), ...stopSteps({ role, container, config, because })],
      };
    }),
  );
}

/** Of a role of which two never run; nothing where it is quieted, which has it watched too. */
export function watchSteps(role: Role, container: ObservedContainer, config: Config): Step[] {
  if (role.mayOverlap || role.quiet !== undefined) return [];
  const because = 'it is started again should this deploy be cut off';
  return [{ kind: 'watch-container', container: reference(container), watched: watchingOf(role, config), because }];
}

/** Its jobs are finished first, as far as the role says how one knows. */
export function stopSteps(input: {
  role: Pick<Role, 'proxy' | 'quiet' | 'stopTimeoutSeconds' | 'stopSignal' | 'mayOverlap'>;
  container: ObservedContainer;
  config: Config;
  because: string;
  /** Absent: until it has stopped, where the role's are watched at all. */
  watchedUntil?: 'successor-starts';
}): Step[] {
  const { role, container, config, because, watchedUntil } = input;
  const { quiet, stopTimeoutSeconds, stopSignal } = role;
  const isWatched = watchedUntil === undefined && (quiet !== undefined || !role.mayOverlap);
  const drained: Step[] =
    quiet?.drained === undefined
      ? []
      : [
          {
            kind: 'wait-until-drained',
            container: reference(container),
            drained: quiet.drained,
            because: 'its jobs are finished first',
          },
        ];
  return [
    ...drained,
    {
      kind: 'stop-container',
      container: reference(container),
      ...(stopTimeoutSeconds === undefined ? {} : { timeoutSeconds: stopTimeoutSeconds }),
      ...(stopSignal === undefined ? {} : { signal: stopSignal }),
      ...(role.proxy === undefined ? { hasJobs: true as const } : {}),
      ...(isWatched ? { watched: watchedDirectory(config) } : {}),
      because,
    },
  ];
}

function watchingOf(role: Role, config: Config): WatchedAs {
  const { service = '', role: name = '', destination = '' } = identityLabels(config, role.name);
  return {
    directory: watchedDirectory(config),
    role: { service, role: name, destination },
    ...(role.stopTimeoutSeconds === undefined ? {} : { stopTimeoutSeconds: role.stopTimeoutSeconds }),
  };
}
