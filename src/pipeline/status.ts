import { Failure } from '../errors.ts';
import type { Config, Role } from '../config/config.ts';
import type { ObservedContainer, ObservedHost } from '../observe/observed.ts';
import { appContainers, isUp, routeOf, targetContainer, versionOf } from '../plan/current.ts';
import { accessoryStatuses, othersOn } from './accessories/status.ts';
import { connectFleet, type Fleet } from './fleet.ts';
import type { AccessoryStatus, HostStatus, StatusResult } from '../report/results.ts';
import type { Run } from './run.ts';
import { openSession, type Session } from './session.ts';

/** What runs where; a machine that cannot be reached is a line, not an end. */
export async function status(run: Run): Promise<StatusResult> {
  const session = await openSession(run, { changes: 'nothing', hooks: [], needs: [] });
  const { config, selected } = session;
  const names = [...new Set([config.primaryHost, ...selected.allHosts])];
  const looked = await Promise.all(names.map((name) => lookAt(session, name)));
  const lock = looked.find((answer) => answer.observed?.host === config.primaryHost)?.observed?.lock;
  return {
    service: config.service,
    ...(config.destinationName === undefined ? {} : { destination: config.destinationName }),
    hosts: looked.flatMap(({ name, observed, accessories, problem }) => {
      if (observed === undefined) return [{ host: name, problem: problem ?? '', ...nothing }];
      return selected.allHosts.includes(name) ? [hostStatus(session, observed, accessories ?? [])] : [];
    }),
    ...(lock === undefined ? {} : { lock }),
  };
}

async function lookAt(
  session: Session,
  name: string,
): Promise<{ name: string; observed?: ObservedHost; accessories?: AccessoryStatus[]; problem?: string }> {
  let fleet: Fleet | undefined;
  try {
    fleet = await connectFleet(session, [name]);
    const [observed] = (await fleet.observe({})).hosts;
    if (observed === undefined) return { name };
    return { name, observed, accessories: await accessoryStatuses(fleet, observed, session.selected) };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return { name, problem: error.message };
  } finally {
    await fleet?.close();
  }
}

const nothing = { containers: [], accessories: [], others: [], routes: [] };

function hostStatus(
  { config, selected }: Session,
  host: ObservedHost,
  accessories: readonly AccessoryStatus[],
): HostStatus {
  return {
    host: host.host,
    engineVersion: host.engineVersion,
    containers: selected.roles.flatMap((role) => {
      const target = targetContainer(host, routeOf(host, selected, role.name));
      return shownContainers(host, selected, role, target).map((container) => ({
        role: role.name,
        version: versionOf(container, selected, role.name),
        state: container.state,
        status: container.status,
        servesTraffic: container.id === target?.id,
      }));
    }),
    accessories,
    others: othersOn(host, config),
    ...(host.proxy.container === undefined
      ? {}
      : { proxy: { image: host.proxy.container.image, state: host.proxy.container.state } }),
    routes: host.proxy.routes.map((route) => ({
      service: route.service,
      hosts: route.settings.hosts,
      pathPrefixes: route.settings.pathPrefixes,
      target: targetContainer(host, route)?.name ?? route.targets.join(', '),
      paused: route.paused,
    })),
  };
}

/** What is up or gets traffic. Of a role that should run here and does not: the container of the last release, or else the newest. */
function shownContainers(
  host: ObservedHost,
  config: Config,
  role: Role,
  target: ObservedContainer | undefined,
): ObservedContainer[] {
  const all = appContainers(host, config, role.name);
  const shown = all.filter((container) => isUp(container) || container.id === target?.id);
  if (shown.length > 0 || !role.hosts.some((entry) => entry.host === host.host)) return shown;
  const release = host.releases.findLast(({ outcome }) => outcome === 'live')?.version;
  const last = all.find((container) => versionOf(container, config, role.name) === release);
  const [newest] = all.toSorted((a, b) => b.createdSeconds - a.createdSeconds);
  return [last ?? newest ?? []].flat();
}
