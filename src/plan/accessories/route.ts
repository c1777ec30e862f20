import type { Config } from '../../config/config.ts';
import { rolePrefix } from '../../containers/names.ts';
import { certificateFiles, certificatesDirectory, inProxy, type RouteFiles } from '../../proxy/files.ts';
import { routeDifferences, routeSettings, routeTarget, type RouteSettings } from '../../proxy/route.ts';
import type { RecordedRoute } from '../../proxy/state.ts';
import { targetContainer } from '../current.ts';
import { reference, whatOfRouteDiffers } from '../decide.ts';
import type { ContainerRef, Step } from '../plan.ts';
import { isRunning, type Met } from './current.ts';

/** The route of an accessory that the proxy leads to. */

/**
 * The certificate in its place, and the error pages that a route of the app's names on this machine: Kamal names pages that may never
 * have been there, which the proxy refuses.
 */
function routeFilesOf({ wanted, host }: Met, config: Config): RouteFiles {
  const { accessory, certificateId } = wanted;
  const directory = certificatesDirectory(config, accessory.name);
  const pages = host.proxy.routes
    .filter(({ service }) => config.roles.some((role) => service === rolePrefix(config, role.name)))
    .map(({ settings }) => settings.errorPages)
    .find((path) => path !== '');
  return {
    ...(pages === undefined ? {} : { errorPages: pages }),
    ...(certificateId === undefined ? {} : certificateFiles(directory, certificateId)),
  };
}

export function routeOf({ wanted, host }: Met): RecordedRoute | undefined {
  return host.proxy.routes.find(({ service }) => service === wanted.accessory.service);
}

/** Why nothing of it is reached, though it runs; undefined when it is reached, or is not to be. */
export function whyRouteIsLost(met: Met): string | undefined {
  const { proxy } = met.wanted.accessory;
  const { container } = met.observed;
  if (proxy === undefined || container === undefined || !isRunning(met)) return undefined;
  const route = routeOf(met);
  if (route === undefined) return 'no traffic is sent to it';
  if (route.targets.join() === routeTarget(container.id, proxy)) return undefined;
  const target = targetContainer(met.host, route)?.name;
  return `traffic goes to ${target ?? `${route.targets.join(', ')}, which is gone`}`;
}

/** Why the route of one that runs has to be set again or taken away; undefined when it is as the file says. */
export function whyRouteDiffers(met: Met, config: Config): string | undefined {
  if (!isRunning(met)) return undefined;
  const { proxy } = met.wanted.accessory;
  const route = routeOf(met);
  if (proxy === undefined)
    return route === undefined ? undefined : 'the proxy leads to it, and the file does not say so';
  const lost = whyRouteIsLost(met);
  if (lost !== undefined || route === undefined) return lost;
  const differing = routeDifferences(routeSettings(proxy, routeFilesOf(met, config)), route.settings).filter(
    (name) => !uncompared(met).some((one) => one === name),
  );
  return differing.length === 0 ? undefined : whatOfRouteDiffers(differing);
}

/** Which error pages a route has is a matter of the last deploy; a certificate that nobody has read here cannot be compared. */
function uncompared({ wanted }: Met): (keyof RouteSettings)[] {
  const isUnread = wanted.accessory.proxy?.certificate !== undefined && wanted.certificateId === undefined;
  return ['errorPages', ...(isUnread ? (['certificate', 'privateKey'] as const) : [])];
}

/** Writes the certificate where it is not there yet, before any route names it. */
export function certificateSteps({ wanted, host }: Met, config: Config): Step[] {
  const { accessory, certificateId: id } = wanted;
  const secrets = accessory.proxy?.certificate;
  if (secrets === undefined || id === undefined || host.certificates[accessory.name]?.includes(id)) return [];
  const directory = certificatesDirectory(config, accessory.name);
  return [{ kind: 'write-certificate', directory, id, ...secrets, because: 'this host does not have it' }];
}

export function trafficSteps(
  met: Met,
  { config, container, because }: { config: Config; container: ContainerRef; because: string },
): Step[] {
  const { proxy, service } = met.wanted.accessory;
  if (proxy === undefined) return [];
  const { deployTimeoutSeconds, drainTimeoutSeconds } = config;
  const files = routeFilesOf(met, config);
  return [
    {
      kind: 'send-traffic',
      service,
      container,
      route: proxy,
      files,
      deployTimeoutSeconds,
      drainTimeoutSeconds,
      because,
    },
  ];
}

/** A proxy that does not run takes no commands. */
export function removeRouteSteps(met: Met, because: string): Step[] {
  const { service } = met.wanted.accessory;
  if (routeOf(met) === undefined || met.host.proxy.container?.state !== 'running') return [];
  return [{ kind: 'remove-route', service, because }];
}

/** What sends the traffic of one that runs back to it. */
export function lostRouteSteps(met: Met, config: Config): Step[] {
  const { container } = met.observed;
  const because = whyRouteIsLost(met);
  if (container === undefined || because === undefined) return [];
  return trafficSteps(met, { config, container: reference(container), because });
}

/** Sets the route of one that runs as the file says, or takes it away. */
export function routeSteps(met: Met, config: Config): Step[] {
  const because = whyRouteDiffers(met, config);
  const { container } = met.observed;
  if (because === undefined || container === undefined) return [];
  if (met.wanted.accessory.proxy === undefined) return removeRouteSteps(met, because);
  return trafficSteps(met, { config, container: reference(container), because });
}

/** Certificates of before, once its route is set again. */
export function staleCertificateSteps(met: Met, config: Config): Step[] {
  const paths = unnamedCertificates(met, config, routeFilesOf(met, config));
  return paths.length === 0 ? [] : [{ kind: 'remove-directories', paths, because: 'no route names them' }];
}

/** Where its certificates lie that neither its own route nor another one names. */
export function unnamedCertificates({ wanted, host }: Met, config: Config, own: RouteFiles): string[] {
  const { name, service } = wanted.accessory;
  const directory = certificatesDirectory(config, name);
  const others = host.proxy.routes.filter((route) => route.service !== service).map(({ settings }) => settings);
  const named = [...others, own].flatMap(({ certificate }) => certificate ?? []);
  return (host.certificates[name] ?? [])
    .map((entry) => `${directory}/${entry}`)
    .filter((path) => !named.some((one) => one === inProxy(path) || one.startsWith(`${inProxy(path)}/`)));
}
