import type { Config } from '../config/config.ts';
import { auditFile, envFilePath, latestTag, rolePrefix } from '../containers/names.ts';
import type { Observed, ObservedContainer, ObservedHost } from '../observe/observed.ts';
import { certificatesDirectory } from '../proxy/files.ts';
import type { RecordedRoute } from '../proxy/state.ts';
import { appContainers, isUp, routeOf } from './current.ts';
import { reference } from './decide.ts';
import type { Lane, Stage, Step } from './plan.ts';
import { stage } from './prepare.ts';
import { quietSteps, stopSteps, watchSteps } from './replaced.ts';

/** A role of this service and destination on a machine that the file does not have it on: it moved away, or is gone from the file. */
export interface Stray {
  readonly host: string;
  readonly role: string;
  /** Running or not. */
  readonly containers: readonly ObservedContainer[];
  readonly route?: RecordedRoute;
}

export function straysOn(host: ObservedHost, file: Config): Stray[] {
  const here = new Set(
    file.roles.flatMap(({ name, hosts }) => (hosts.some((entry) => entry.host === host.host) ? [name] : [])),
  );
  const labelled = appContainers(host, file).map(({ labels }) => labels['role'] ?? '');
  return [...new Set(labelled)]
    .filter((role) => !here.has(role))
    .map((role) => {
      const route = routeOf(host, file, role);
      const containers = appContainers(host, file, role);
      return { host: host.host, role, containers, ...(route === undefined ? {} : { route }) };
    });
}

function withoutStrays(host: ObservedHost, file: Config): ObservedHost {
  const strays = straysOn(host, file);
  if (strays.length === 0) return host;
  const gone = new Set(strays.flatMap(({ containers }) => containers.map(({ id }) => id)));
  const services = new Set(strays.map(({ role }) => rolePrefix(file, role)));
  const routes = host.proxy.routes.filter(({ service }) => !services.has(service));
  return {
    ...host,
    containers: host.containers.filter(({ id }) => !gone.has(id)),
    proxy: { ...host.proxy, routes },
  };
}

/** Whether a run is about everything in the file: only then is what replaces a stray known to be healthy. */
export function isWhole(selected: Config, file: Config): boolean {
  const placesOf = ({ roles }: Config) =>
    roles.flatMap(({ name, hosts }) => hosts.map(({ host }) => `${name} ${host}`));
  return placesOf(selected).length === placesOf(file).length;
}

export interface StrayPlan {
  /** Right before the swap: no new jobs for those that run. */
  readonly quiet: readonly Lane[];
  /**
   * Once everything new has been seen to stay up, as there is no other container to go back to on their machines: their requests are
   * answered, their routes taken away, they stop; then nothing of them is left.
   */
  readonly stages: readonly Stage[];
  /** Where they are. */
  readonly hosts: readonly string[];
  /** The machines as they are then. */
  readonly after: Observed;
  /** Those that are left alone. */
  readonly notes: readonly string[];
}

/** What becomes of what the file has elsewhere by now, or nowhere. */
export function planStrays(selected: Config, file: Config, observed: Observed): StrayPlan {
  if (!isWhole(selected, file))
    return { quiet: [], stages: [], hosts: [], after: observed, notes: leftAlone(selected, file, observed) };
  const strays = observed.hosts.flatMap((host) => straysOn(host, file));
  const running = strays.filter(({ containers }) => containers.some(isUp));
  return {
    quiet: strays.flatMap((stray) =>
      stopping(stray, file).map(({ role, container }): Lane => ({
        ...laneOf(stray),
        steps: role === undefined ? [] : quietSteps(role, container, file),
      })),
    ),
    stages: [
      ...stage('Retire what moved', [
        ...strays.map((stray): Lane => ({ ...laneOf(stray), steps: retireSteps(stray, file) })),
        ...running.map((stray): Lane => ({ host: stray.host, optional: true, steps: [auditStep(stray, file)] })),
      ]),
      ...stage(
        'Remove',
        observed.hosts.map((host): Lane => ({ host: host.host, optional: true, steps: removeSteps(host, file) })),
      ),
    ],
    hosts: [...new Set(strays.map(({ host }) => host))],
    after: { hosts: observed.hosts.map((host) => withoutStrays(host, file)) },
    notes: [],
  };
}

/** Running strays where a run is about a part of the file only: named, not touched. A singleton makes room all the same. */
function leftAlone(selected: Config, file: Config, observed: Observed): string[] {
  const makesRoom = (role: string) => selected.roles.some(({ name, isSingleton }) => name === role && isSingleton);
  const all = observed.hosts.flatMap((host) => straysOn(host, file).map((stray) => ({ host, stray })));
  return all
    .filter(({ stray }) => !makesRoom(stray.role))
    .flatMap(({ host, stray: { role, containers } }) =>
      containers
        .filter(isUp)
        .map(({ name }) => `${host.host}: ${name} is left alone: this file has no role ${role} there`),
    );
}

function laneOf({ host, role }: Stray): Pick<Lane, 'host' | 'role'> {
  return { host, role };
}

function retireSteps(stray: Stray, file: Config): Step[] {
  const { host, role: name, route } = stray;
  const because = whyAway(name, host, file);
  const stops = stopping(stray, file).flatMap(({ role, container }): Step[] =>
    role === undefined
      ? [{ kind: 'stop-container', container: reference(container), because }]
      : [...watchSteps(role, container, file), ...stopSteps({ role, container, config: file, because })],
  );
  if (route === undefined) return stops;
  const { drainTimeoutSeconds } = file;
  return [{ kind: 'remove-route', service: route.service, drainTimeoutSeconds, because }, ...stops];
}

/** What runs, with its role as the file has it elsewhere; a singleton made room before. */
function stopping({ role: name, containers }: Stray, { roles }: Config) {
  const role = roles.find((known) => known.name === name);
  return role?.isSingleton === true ? [] : containers.filter(isUp).map((container) => ({ role, container }));
}

function removeSteps(host: ObservedHost, file: Config): Step[] {
  const strays = straysOn(host, file);
  const own = strays.flatMap(({ role, containers }): Step[] => {
    const because = whyAway(role, host.host, file);
    const paths = [envFilePath(file, role), certificatesDirectory(file, role)];
    return [
      ...containers.map((container): Step => ({ kind: 'remove-container', container: reference(container), because })),
      { kind: 'remove-directories', paths, because },
    ];
  });
  const isHome = file.roles.some(({ hosts }) => hosts.some((entry) => entry.host === host.host));
  return isHome || strays.length === 0 ? own : [...own, ...imageSteps(host, file, strays)];
}

/** Of a machine that the app left altogether, where no later deploy prunes. */
function imageSteps({ containers, images }: ObservedHost, file: Config, strays: readonly Stray[]): Step[] {
  const gone = strays.flatMap((stray) => stray.containers);
  const kept = new Set(containers.filter((container) => !gone.includes(container)).map(({ image }) => image));
  const tags = new Set([...gone.map(({ image }) => image), `${file.repository}:${latestTag(file)}`]);
  return images
    .flatMap((image) => image.tags)
    .filter((tag) => tags.has(tag) && !kept.has(tag))
    .map((image) => ({ kind: 'remove-image', image, because: 'the app is on other machines' }));
}

function auditStep({ host, role }: Stray, file: Config): Step {
  const tags = [...(file.destination === undefined ? [] : [file.destination]), role];
  const entries = [{ tags, text: `Stopped app: ${whyAway(role, host, file)}` }];
  return { kind: 'audit', file: auditFile(file), entries, because: 'who did what is kept on the host' };
}

function whyAway(role: string, host: string, file: Config): string {
  const hosts = file.roles.find(({ name }) => name === role)?.hosts.map((entry) => entry.host) ?? [];
  return hosts.length === 0 ? `the file has no role ${role}` : `${role} is on ${hosts.join(', ')}, not on ${host}`;
}
