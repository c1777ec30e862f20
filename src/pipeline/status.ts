import type { ObservedHost } from '../observe/observed.ts';
import { stillLeftOut } from '../plan/left-out.ts';
import { routeOf, targetContainer, versionOf } from '../plan/current.ts';
import { accessoryStatuses, othersOn } from './accessories/status.ts';
import { downOn, shownContainers } from './down.ts';
import { onEachHost } from './each.ts';
import type { Fleet } from './fleet.ts';
import type { DownStatus, HostStatus, StatusResult } from '../report/results.ts';
import type { Run } from './run.ts';
import { openSession, type Session } from './session.ts';

/** What runs where; a machine that cannot be reached is a line, not an end. */
export async function status(run: Run): Promise<StatusResult> {
  const session = await openSession(run, { changes: 'nothing', hooks: [], needs: [] });
  const { config, selected } = session;
  const names = [...new Set([config.primaryHost, ...selected.allHosts])];
  const looked = await onEachHost(session, names, (fleet) => lookAt(session, fleet));
  const seen = looked.flatMap((one) => ('value' in one ? one.value : []));
  const lock = seen.find(({ observed }) => observed.host === config.primaryHost)?.observed.lock;
  return {
    service: config.service,
    ...(config.destinationName === undefined ? {} : { destination: config.destinationName }),
    hosts: looked.flatMap((one) => {
      if ('problem' in one) return [{ host: one.name, problem: one.problem, ...nothing }];
      if (!selected.allHosts.includes(one.name)) return [];
      return one.value.map(({ observed, down }) => hostStatus(session, observed, down));
    }),
    down: seen.flatMap(({ observed, down }) => (selected.allHosts.includes(observed.host) ? down : [])),
    leftOut: stillLeftOut({ hosts: seen.map(({ observed }) => observed) }, config),
    ...(lock === undefined ? {} : { lock }),
  };
}

async function lookAt(
  session: Session,
  fleet: Fleet,
): Promise<{ observed: ObservedHost; down: readonly DownStatus[] }[]> {
  const { hosts } = await fleet.observe({});
  return Promise.all(
    hosts.map(async (observed) => {
      const host = fleet.hosts.get(observed.host);
      return { observed, down: host === undefined ? [] : await downOn(session, host, observed) };
    }),
  );
}

const nothing = { containers: [], accessories: [], others: [], routes: [] };

function hostStatus(session: Session, host: ObservedHost, down: readonly DownStatus[]): HostStatus {
  const { config, selected } = session;
  return {
    host: host.host,
    engineVersion: host.engineVersion,
    containers: selected.roles.flatMap((role) => {
      const target = targetContainer(host, routeOf(host, selected, role.name));
      return shownContainers(host, selected, role).map((container) => ({
        role: role.name,
        version: versionOf(container, selected, role.name),
        state: container.state,
        status: container.status,
        servesTraffic: container.id === target?.id,
      }));
    }),
    accessories: accessoryStatuses(session, host, down),
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
