import { abbreviateVersion } from '../build/version.ts';
import { createHash } from 'node:crypto';
import type { WantedContainer } from '../app/wanted.ts';
import type { Config, Role } from '../config/config.ts';
import type { Healthcheck } from '../config/config-accessory.ts';
import { watchedDirectory, networkName, rolePrefix } from '../containers/names.ts';
import type { ObservedContainer, ObservedHost } from '../observe/observed.ts';
import type { RouteFiles } from '../proxy/files.ts';
import { routeDifferences, routeSettings, routeTarget } from '../proxy/route.ts';
import { lostAssets } from './assets.ts';
import { appContainers, isUp, routeOf, targetContainer } from './current.ts';
import { asKamalHasThem, routeFilesFor, type WantedFiles } from './route-files.ts';
import type { ContainerRef, Step } from './plan.ts';
import { whyStarted } from './why-down.ts';

/** What has to happen so that a role on a machine runs the wanted container and has its traffic. */
export interface Decision {
  readonly wanted: WantedContainer;
  readonly action: 'keep' | 'start' | 'create' | 'replace';
  /** Why, for every action but `keep`. */
  readonly because: string;
  /** What the role's route names. */
  readonly files: RouteFiles;
  /** The container of the wanted name, if there is one. */
  readonly existing?: ObservedContainer;
  /** Whether a run that was cut off had the existing one watched, so that it has to be woken. */
  readonly isWatched: boolean;
  /** Why traffic must be sent to it; absent when it goes there already, or the role has none. */
  readonly trafficBecause?: string;
  /** Why its route has to be made anew; absent when it has none, or nothing is wrong with it. */
  readonly anewBecause?: string;
  /** Why a container without traffic has to be seen ready; absent when nothing casts doubt on it. */
  readonly waitBecause?: string;
}

/** What a deploy must do about one container. */
export function decideForDeploy(
  wanted: WantedContainer,
  host: ObservedHost,
  input: {
    config: Config;
    version: string;
    replaces: (existing: ObservedContainer) => boolean;
    imageWillChange: boolean;
    unproven: ReadonlySet<string>;
    files: WantedFiles;
  },
): Decision {
  const existing = host.containers.find(({ name }) => name === wanted.spec.name);
  const lost = existing === undefined ? [] : lostAssets(existing, host, input.config);
  const decision = actionFor(existing, { ...input, host, lost });
  return withProof({ wanted, ...decision, ...(existing === undefined ? {} : { existing }) }, host, input);
}

function actionFor(
  existing: ObservedContainer | undefined,
  {
    version,
    host,
    replaces,
    imageWillChange,
    lost,
  }: {
    version: string;
    host: ObservedHost;
    replaces: (existing: ObservedContainer) => boolean;
    imageWillChange: boolean;
    lost: readonly string[];
  },
): Pick<Decision, 'action' | 'because'> {
  if (existing === undefined) return { action: 'create', because: `${abbreviateVersion(version)} is not on this host` };
  if (replaces(existing)) return { action: 'replace', because: 'a redeploy makes it anew' };
  const differences = [
    ...(existing.differences ?? []),
    ...(imageWillChange ? ['its image was built anew'] : []),
    ...(existing.missing ?? []),
    ...lost,
  ];
  if (differences.length > 0) return { action: 'replace', because: [...new Set(differences)].join(', ') };
  if (existing.state === 'created') return { action: 'start', because: 'it was made but never started' };
  if (existing.state !== 'running') return { action: 'start', because: whyStarted(existing, host) };
  return { action: 'keep', because: '' };
}

/** Adds what has to be seen of the container before it counts: traffic sent to it, or its readiness where its role has no traffic. */
export function withProof(
  bare: Omit<Decision, 'trafficBecause' | 'waitBecause' | 'files' | 'isWatched'>,
  host: ObservedHost,
  { config, unproven, files: wantedFiles }: { config: Config; unproven: ReadonlySet<string>; files: WantedFiles },
): Decision {
  const { role } = bare.wanted;
  const isWatched = host.watched.some(({ container }) => container === bare.existing?.id);
  const decision = {
    ...bare,
    isWatched,
    files: role.proxy === undefined ? {} : routeFilesFor(role, host, config, wantedFiles),
  };
  if (role.proxy === undefined) return withWait(decision, host, { config, unproven });
  const route = routeOf(host, config, role.name);
  const target = targetContainer(host, route);
  if (route === undefined) return { ...decision, trafficBecause: 'no traffic is sent to this role yet' };
  if (route.isLeaving) {
    const because = 'its route was being taken away';
    return { ...decision, anewBecause: because, trafficBecause: because };
  }
  if (target === undefined)
    return { ...decision, trafficBecause: `traffic goes to ${route.targets.join(', ')}, which is gone` };
  if (decision.action === 'create' || decision.action === 'replace' || target.id !== decision.existing?.id) {
    return { ...decision, trafficBecause: `traffic goes to ${target.name}` };
  }
  if (route.targets.join() !== routeTarget(target.id, role.proxy)) {
    return { ...decision, trafficBecause: `traffic goes to ${route.targets.join(', ')}` };
  }
  const files = asKamalHasThem(decision.files, route.settings, host, { config, role });
  const differing = routeDifferences(routeSettings(role.proxy, files), route.settings);
  if (differing.length > 0) return { ...decision, trafficBecause: whatOfRouteDiffers(differing) };
  if (decision.action === 'start') return { ...decision, trafficBecause: 'its health is to be seen again' };
  return { ...decision, files };
}

/** In a few words. */
export function whatOfRouteDiffers(differing: readonly string[]): string {
  const names = differing.filter((name) => name !== 'privateKey');
  if (names.join() === 'certificate') return 'its certificate is another one';
  return `the route's ${names.join(', ')} differ`;
}

/** A container that was started by a run whose end nobody saw may not have been ready. */
function withWait(
  decision: Decision,
  host: ObservedHost,
  { config, unproven }: { config: Config; unproven: ReadonlySet<string> },
): Decision {
  const { action, existing, wanted } = decision;
  if (action !== 'keep') return { ...decision, waitBecause: 'the role has no traffic whose health check would tell' };
  const beside = appContainers(host, config, wanted.role.name).find(
    (other) => isUp(other) && other.id !== existing?.id,
  );
  if (beside !== undefined) return { ...decision, waitBecause: `${beside.name} still runs beside it` };
  if (existing !== undefined && unproven.has(existing.id)) {
    return { ...decision, waitBecause: 'the reply to its start was lost' };
  }
  return decision;
}

/** The steps that make the container exist, in the Create stage. */
export function createSteps({ wanted, action, existing, because }: Decision): Step[] {
  if (action !== 'create' && action !== 'replace') return [];
  const create: Step = {
    kind: 'create-container',
    spec: wanted.spec,
    because,
  };
  if (existing === undefined) return [create];
  return [{ kind: 'rename-container', container: reference(existing), name: replacedName(existing), because }, create];
}

/** The steps that put the container to work, in a Boot stage. `takesOver`: what it starts in the place of. */
export function bootSteps(decision: Decision, config: Config, takesOver?: StartContainer['takesOver']): Step[] {
  const { wanted, action, existing, anewBecause, trafficBecause, waitBecause } = decision;
  const { role, spec } = wanted;
  const isNew = action === 'create' || action === 'replace';
  const container: ContainerRef = isNew || existing === undefined ? { name: spec.name } : reference(existing);
  const start = startSteps(decision, container, { config, takesOver });
  if (role.proxy === undefined) {
    return [
      ...start,
      ...(waitBecause === undefined ? [] : readySteps(role, container, { config, because: waitBecause })),
    ];
  }
  if (trafficBecause === undefined) return start;
  const service = rolePrefix(config, role.name);
  return [
    ...start,
    ...(role.healthcheck === undefined
      ? []
      : [healthyStep(role.healthcheck, container, { config, because: trafficBecause })]),
    ...(anewBecause === undefined ? [] : [{ kind: 'remove-route', service, because: anewBecause } as const]),
    {
      kind: 'send-traffic',
      service,
      container,
      route: role.proxy,
      files: decision.files,
      deployTimeoutSeconds: config.deployTimeoutSeconds,
      drainTimeoutSeconds: config.drainTimeoutSeconds,
      because: trafficBecause,
    },
  ];
}

type StartContainer = Extract<Step, { kind: 'start-container' }>;

function startSteps(
  { wanted, action, isWatched, because }: Decision,
  container: ContainerRef,
  { config, takesOver }: { config: Config; takesOver: StartContainer['takesOver'] },
): Step[] {
  if (action === 'keep') return [];
  if (action === 'start' && isWatched) return [wakeStep(container, wanted.role, { config, because })];
  return [{ kind: 'start-container', container, ...(takesOver === undefined ? {} : { takesOver }), because }];
}

/** Restarts a container that was left quiet, or starts it. */
export function wakeStep(
  container: ContainerRef,
  { stopTimeoutSeconds }: Pick<Role, 'stopTimeoutSeconds'>,
  { config, because }: { config: Config; because: string },
): Step {
  const timeout = stopTimeoutSeconds === undefined ? {} : { timeoutSeconds: stopTimeoutSeconds };
  return { kind: 'wake-container', container, directory: watchedDirectory(config), ...timeout, because };
}

function readySteps(role: Role, container: ContainerRef, about: { config: Config; because: string }): Step[] {
  if (role.healthcheck !== undefined) return [healthyStep(role.healthcheck, container, about)];
  const { readinessDelaySeconds, deployTimeoutSeconds: timeoutSeconds } = about.config;
  return [{ kind: 'wait-until-ready', container, readinessDelaySeconds, timeoutSeconds, because: about.because }];
}

function healthyStep(
  healthcheck: Healthcheck,
  container: ContainerRef,
  { config, because }: { config: Config; because: string },
): Step {
  const health = { ...healthcheck, network: networkName, readinessDelaySeconds: config.readinessDelaySeconds };
  return { kind: 'wait-until-healthy', container, health, crashes: 1, because };
}

export function reference({ id, name }: ObservedContainer): ContainerRef {
  return { id, name };
}

/** Kamal's name for a container whose version is deployed again; the digits follow from the container. */
function replacedName({ id, name }: ObservedContainer): string {
  return `${name}_replaced_${createHash('sha256').update(id).digest('hex').slice(0, 16)}`;
}
