import { Failure } from '../errors.ts';
import type { ObservedHost } from '../observe/observed.ts';
import { routeOf, targetContainer, versionOf } from '../plan/current.ts';
import { accessoryStatuses, othersOn } from './accessories/status.ts';
import { downOn, shownContainers } from './down.ts';
import { connectFleet, type Fleet } from './fleet.ts';
import type { DownStatus, HostStatus, StatusResult } from '../report/results.ts';
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
    hosts: looked.flatMap(({ name, observed, down, problem }) => {
      if (observed === undefined) return [{ host: name, problem: problem ?? '', ...nothing }];
      return selected.allHosts.includes(name) ? [hostStatus(session, observed, down)] : [];
    }),
    down: looked.flatMap(({ name, down }) => (selected.allHosts.includes(name) ? down : [])),
    ...(lock === undefined ? {} : { lock }),
  };
}

interface Looked {
  readonly name: string;
  readonly observed?: ObservedHost;
  readonly down: readonly DownStatus[];
  readonly problem?: string;
}

async function lookAt(session: Session, name: string): Promise<Looked> {
  let fleet: Fleet | undefined;
  try {
    fleet = await connectFleet(session, [name]);
    const [observed] = (await fleet.observe({})).hosts;
    const host = fleet.hosts.get(name);
    if (observed === undefined || host === undefined) return { name, down: [] };
    return { name, observed, down: await downOn(session, host, observed) };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return { name, down: [], problem: error.message };
  } finally {
    await fleet?.close();
  }
}

const nothing = { containers: [], accessories: [], others: [], routes: [] };

function hostStatus({ config, selected }: Session, host: ObservedHost, down: readonly DownStatus[]): HostStatus {
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
    accessories: accessoryStatuses(host, selected, down),
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
