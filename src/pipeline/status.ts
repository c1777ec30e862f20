import { Failure } from '../errors.ts';
import type { ObservedHost } from '../observe/observed.ts';
import { appContainers, isUp, routeOf, targetContainer, versionOf } from '../plan/current.ts';
import { connectFleet, type Fleet } from './fleet.ts';
import type { HostStatus, StatusResult } from '../report/results.ts';
import type { Run } from './run.ts';
import { openSession, type Session } from './session.ts';

/** What runs where; a machine that cannot be reached is a line, not an end. */
export async function status(run: Run): Promise<StatusResult> {
  const session = await openSession(run, { changes: 'nothing', hooks: [], needs: [] });
  const { config, selected } = session;
  const names = [...new Set([config.primaryHost, ...selected.hosts])];
  const looked = await Promise.all(names.map((name) => lookAt(session, name)));
  const lock = looked.find((answer) => answer.observed?.host === config.primaryHost)?.observed?.lock;
  return {
    service: config.service,
    ...(config.destinationName === undefined ? {} : { destination: config.destinationName }),
    hosts: looked.flatMap(({ name, observed, problem }) => {
      if (observed === undefined) return [{ host: name, problem: problem ?? '', containers: [], routes: [] }];
      return selected.hosts.includes(name) ? [hostStatus(session, observed)] : [];
    }),
    ...(lock === undefined ? {} : { lock }),
  };
}

async function lookAt(
  session: Session,
  name: string,
): Promise<{ name: string; observed?: ObservedHost; problem?: string }> {
  let fleet: Fleet | undefined;
  try {
    fleet = await connectFleet(session, [name]);
    const [observed] = (await fleet.observe({})).hosts;
    return observed === undefined ? { name } : { name, observed };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return { name, problem: error.message };
  } finally {
    await fleet?.close();
  }
}

function hostStatus({ selected }: Session, host: ObservedHost): HostStatus {
  return {
    host: host.host,
    engineVersion: host.engineVersion,
    containers: selected.roles.flatMap((role) => {
      const target = targetContainer(host, routeOf(host, selected, role.name));
      return appContainers(host, selected, role.name)
        .filter((container) => isUp(container) || container.id === target?.id)
        .map((container) => ({
          role: role.name,
          version: versionOf(container, selected, role.name),
          state: container.state,
          status: container.status,
          servesTraffic: container.id === target?.id,
        }));
    }),
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
