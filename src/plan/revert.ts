import type { Config } from '../config/config.ts';
import { auditFile, releasesFile, rolePrefix } from '../containers/names.ts';
import type {
  Observed,
  ObservedContainer,
  ObservedHost,
  PlannedRecord,
  ReleaseOrigin,
  ReleaseRecord,
} from '../observe/observed.ts';
import { filesFromSettings, routeFromSettings } from '../proxy/state.ts';
import { appContainers, isUp, routeOf, targetContainer } from './current.ts';
import { reference, wakeStep } from './decide.ts';
import { allPairs, isAlone, isNewIn, type Pair } from './pairs.ts';
import type { Lane, Plan, Stage, Step } from './plan.ts';
import { stage } from './prepare.ts';
import { groupName, groupsOf } from './swap.ts';
import { needsWaking } from './wake.ts';

export interface RevertRequest {
  /** What the run was about. */
  readonly config: Config;
  /** The whole file. */
  readonly file: Config;
  /** The version that did not make it. */
  readonly version: string;
  /** As observed under the lock, before the first step. */
  readonly before: Observed;
  readonly now: Observed;
  readonly command: ReleaseRecord['command'];
  readonly origin: ReleaseOrigin;
}

/**
 * Puts every machine back to what served before, container by container and route by route, by id; today's settings are never looked
 * at. Traffic is sent back first; only then are the new containers stopped and removed, but for roles of which two never run.
 */
export function planRevert(request: RevertRequest): Plan {
  const { config, version, command, origin } = request;
  const pairs = allPairs(request);
  const lanesOf = (steps: typeof bringBack, some: readonly Pair[]) =>
    some.map(({ role, was, is }): Lane => ({ host: is.host, role: role.name, steps: steps(config, role, was, is) }));
  const hosts = [...new Set(pairs.map(({ is }) => is.host))];
  const notes = hosts.map((host): Lane => ({
    host,
    optional: true,
    steps: writeDown(config, { version, command, outcome: 'failed', ...origin }),
  }));
  return {
    service: config.service,
    ...(config.destination === undefined ? {} : { destination: config.destination }),
    version,
    stages: [
      ...stage('Make room', lanesOf(takeAway, pairs.filter(isAlone))),
      ...waves('Bring back', lanesOf(bringBack, pairs), config.boot.limit),
      ...stage('Take away', [
        ...lanesOf(
          takeAway,
          pairs.filter((pair) => !isAlone(pair)),
        ),
        ...notes,
      ]),
    ],
    notes: [],
  };
}

/** As many machines at a time as swap at a time; those with nothing to do are not counted. */
function waves(name: string, lanes: readonly Lane[], limit: number | undefined): Stage[] {
  const busy = lanes.filter(({ steps }) => steps.length > 0);
  const groups = groupsOf([...new Set(busy.map(({ host }) => host))], limit);
  return groups.map((hosts, index) => ({
    name: groupName(name, index, groups.length),
    lanes: busy.filter(({ host }) => hosts.includes(host)),
  }));
}

export function bringBack(config: Config, role: Pair['role'], was: ObservedHost, is: ObservedHost): Step[] {
  const service = rolePrefix(config, role.name);
  const because = 'it ran before';
  const asleep = needsWaking(is, config, role.name);
  const starts = appContainers(was, config, role.name)
    .filter(isUp)
    .flatMap(({ id }) => is.containers.filter((container) => container.id === id))
    .filter((container) => asleep.has(container.id) || !isUp(container))
    .map((container): Step =>
      asleep.has(container.id)
        ? wakeStep(reference(container), role, { config, because })
        : { kind: 'start-container', container: reference(container), because },
    );
  const [routeWas, routeIs] = [routeOf(was, config, role.name), routeOf(is, config, role.name)];
  const served = targetContainer(was, routeWas);
  const target = routeWas?.targets[0];
  const moved = JSON.stringify(routeWas) !== JSON.stringify(routeIs) || starts.length > 0;
  if (role.proxy === undefined) return [...starts, ...waits(config, starts)];
  if (!moved || routeWas === undefined || served === undefined || target === undefined) return starts;
  const isLeaving = routeIs?.isLeaving === true && !routeWas.isLeaving;
  return [
    ...starts,
    ...(isLeaving ? [{ kind: 'remove-route', service, because: 'it was being taken away' } as const] : []),
    {
      kind: 'send-traffic',
      service,
      container: reference(served),
      route: routeFromSettings(routeWas.settings, target),
      files: filesFromSettings(routeWas.settings),
      deployTimeoutSeconds: config.deployTimeoutSeconds,
      drainTimeoutSeconds: config.drainTimeoutSeconds,
      because: `${served.name} served before`,
    },
  ];
}

function waits(config: Config, starts: readonly Step[]): Step[] {
  return starts.flatMap((step) =>
    step.kind === 'start-container' || step.kind === 'wake-container'
      ? [
          {
            kind: 'wait-until-ready',
            container: step.container,
            readinessDelaySeconds: config.readinessDelaySeconds,
            timeoutSeconds: config.deployTimeoutSeconds,
            because: 'it ran before',
          } as const,
        ]
      : [],
  );
}

export function takeAway(config: Config, role: Pair['role'], was: ObservedHost, is: ObservedHost): Step[] {
  const isRouteNew = routeOf(was, config, role.name) === undefined && routeOf(is, config, role.name) !== undefined;
  const route: Step = {
    kind: 'remove-route',
    service: rolePrefix(config, role.name),
    drainTimeoutSeconds: config.drainTimeoutSeconds,
    because: 'there was none before',
  };
  const removals = appContainers(is, config, role.name)
    .filter((container) => isNewIn(was, container))
    .flatMap((container): Step[] => [
      ...(isUp(container) ? [stopStep(container, role, 'it did not make it')] : []),
      { kind: 'remove-container', container: reference(container), because: 'it did not make it' },
    ]);
  const stops = appContainers(was, config, role.name)
    .filter((container) => !isUp(container))
    .flatMap(({ id }) => is.containers.filter((container) => container.id === id && isUp(container)))
    .map((container) => stopStep(container, role, 'it was stopped before'));
  const names = appContainers(was, config, role.name).flatMap(({ id, name }): Step[] => {
    const renamed = is.containers.find((container) => container.id === id && container.name !== name);
    return renamed === undefined
      ? []
      : [{ kind: 'rename-container', container: reference(renamed), name, because: 'its name before' }];
  });
  return [...(isRouteNew ? [route] : []), ...removals, ...stops, ...names];
}

export function stopStep(container: ObservedContainer, role: Pair['role'], because: string): Step {
  const timeout = role.stopTimeoutSeconds === undefined ? {} : { timeoutSeconds: role.stopTimeoutSeconds };
  const jobs = role.proxy === undefined ? { hasJobs: true as const } : {};
  return { kind: 'stop-container', container: reference(container), ...timeout, ...jobs, because };
}

export function writeDown(config: Config, record: PlannedRecord): Step[] {
  const tags = config.destination === undefined ? [] : [config.destination];
  const what = record.outcome === 'held' ? 'Held' : 'Reverted';
  const entries = [{ tags, text: `${what} ${record.command} of app version ${record.version}` }];
  return [
    { kind: 'audit', file: auditFile(config), entries, because: 'who did what is kept on the host' },
    { kind: 'record-release', file: releasesFile(config), record, because: 'a failed release is no way back' },
  ];
}

/** What is left unlike before, in words; empty when every machine serves what it served. */
export function differencesToBefore(request: Pick<RevertRequest, 'config' | 'file' | 'before' | 'now'>): string[] {
  const { config, now } = request;
  const unseen = config.roles.flatMap(({ name, hosts }) =>
    hosts
      .filter(({ host }) => !now.hosts.some((observed) => observed.host === host))
      .map(({ host }) => `${host} ${name}: not reached`),
  );
  const differences = allPairs(request).flatMap(({ role, was, is }): string[] => {
    const ran = appContainers(was, config, role.name).filter(isUp);
    const runs = appContainers(is, config, role.name).filter(isUp);
    const lost = ran
      .filter(({ id }) => !runs.some((container) => container.id === id))
      .map(({ name }) => `${name} does not run`);
    const extra = runs
      .filter(({ id }) => !ran.some((container) => container.id === id))
      .map(({ name }) => `${name} still runs`);
    const routes =
      routeOf(was, config, role.name)?.targets.join() === routeOf(is, config, role.name)?.targets.join()
        ? []
        : ['its traffic goes elsewhere'];
    const sleeping = needsWaking(is, config, role.name);
    const asleep = runs.filter(({ id }) => sleeping.has(id)).map(({ name }) => `${name} takes no jobs`);
    return [...lost, ...extra, ...asleep, ...routes].map((text) => `${is.host} ${role.name}: ${text}`);
  });
  return [...unseen, ...differences];
}
