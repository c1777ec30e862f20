import type { Config, Role } from '../config/config.ts';
import { rolePrefix } from '../containers/names.ts';
import type { Observed, ObservedContainer, ObservedHost } from '../observe/observed.ts';
import type { RecordedRoute } from '../proxy/state.ts';

/** Questions about what was observed that every planner asks. */

export function observedHost(observed: Observed, host: string): ObservedHost {
  const found = observed.hosts.find((candidate) => candidate.host === host);
  if (found === undefined) throw new Error(`${host} was not observed`);
  return found;
}

/** Containers of this service and destination, of one role or of all; never another destination's. */
export function appContainers(host: ObservedHost, config: Config, role?: string): ObservedContainer[] {
  return host.containers.filter(
    ({ labels }) =>
      labels['service'] === config.service &&
      (labels['destination'] ?? '') === (config.destination ?? '') &&
      (role === undefined ? labels['role'] !== undefined : labels['role'] === role),
  );
}

export function isUp({ state }: Pick<ObservedContainer, 'state'>): boolean {
  return state === 'running' || state === 'restarting' || state === 'paused';
}

/** Ids of containers that run now and did not before, so that nobody saw them ready; none without a `before`. */
export function startedSince(before: Observed | undefined, now: Observed): Set<string> {
  if (before === undefined) return new Set();
  const up = ({ hosts }: Observed) => hosts.flatMap(({ containers }) => containers.filter(isUp).map(({ id }) => id));
  const ran = new Set(up(before));
  return new Set(up(now).filter((id) => !ran.has(id)));
}

export function isIn({ hosts }: Observed, id: string): boolean {
  return hosts.some(({ containers }) => containers.some((container) => container.id === id));
}

/** The version in a container's name, as Kamal reads it: what follows the role's prefix. */
export function versionOf(container: Pick<ObservedContainer, 'name'>, config: Config, role: string): string {
  const prefix = `${rolePrefix(config, role)}-`;
  return container.name.startsWith(prefix) ? container.name.slice(prefix.length) : container.name;
}

export function routeOf(host: ObservedHost, config: Config, role: string): RecordedRoute | undefined {
  return host.proxy.routes.find(({ service }) => service === rolePrefix(config, role));
}

/** The container that a route's first target names by its short id. */
export function targetContainer(host: ObservedHost, route: RecordedRoute | undefined): ObservedContainer | undefined {
  const shortId = route?.targets[0]?.split(':')[0];
  return shortId === undefined ? undefined : host.containers.find(({ id }) => id.startsWith(shortId));
}

/** What serves a role on a machine: the container traffic goes to, else the newest that runs. */
export function currentContainer(
  host: ObservedHost,
  config: Config,
  role: Pick<Role, 'name' | 'proxy'>,
): ObservedContainer | undefined {
  const running = appContainers(host, config, role.name).filter(isUp);
  const target = role.proxy === undefined ? undefined : targetContainer(host, routeOf(host, config, role.name));
  if (target !== undefined && running.some(({ id }) => id === target.id)) return target;
  return running.toSorted((a, b) => b.createdSeconds - a.createdSeconds)[0];
}

/** The version of the first role that runs on each machine, without Kamal's `_replaced_…`; machines that run none are left out. */
export function versionsByHost(observed: Observed, config: Config): { host: string; version: string }[] {
  return observed.hosts.flatMap((host) => {
    for (const role of config.roles) {
      if (!role.hosts.some((entry) => entry.host === host.host)) continue;
      const container = currentContainer(host, config, role);
      if (container === undefined) continue;
      return [
        { host: host.host, version: versionOf(container, config, role.name).replace(/_replaced_[0-9a-f]+$/, '') },
      ];
    }
    return [];
  });
}

/**
 * The version that the first machine runs, in the config's order, those that runs went on without last; undefined before the first
 * deploy.
 */
export function currentVersion(observed: Observed, config: Config): string | undefined {
  const versions = versionsByHost(observed, config);
  const leftOut = new Set(observed.hosts.flatMap((host) => host.leftOut.map((one) => one.host)));
  const inOrder = [...config.hosts.filter((host) => !leftOut.has(host)), ...leftOut];
  return inOrder.flatMap((host) => versions.find((entry) => entry.host === host) ?? [])[0]?.version;
}

/** The version that a run to `version` replaces: what served, or what still runs beside it after a run that was cut off. */
export function replacedVersion(observed: Observed, config: Config, version: string): string | undefined {
  const current = currentVersion(observed, config);
  if (current !== version) return current;
  const beside = observed.hosts.flatMap((host) =>
    config.roles.flatMap((role) =>
      appContainers(host, config, role.name)
        .filter(isUp)
        .map((container) => versionOf(container, config, role.name)),
    ),
  );
  return beside.find((other) => !other.startsWith(version));
}
