import type { Config, Role } from '../config/config.ts';
import { watchedDirectory } from '../containers/names.ts';
import type { Observed, ObservedHost } from '../observe/observed.ts';
import { observedHost } from './current.ts';
import { hookLanes } from './hook-lanes.ts';
import { bootSteps, reference, type Decision } from './decide.ts';
import type { Lane, Stage, Step } from './plan.ts';
import { stage } from './prepare.ts';
import { noteRun, type StartedRun } from './unfinished.ts';
import {
  elsewhere,
  watchedThere,
  watchSteps,
  makeRoomLanes,
  oldContainers,
  quietLanes,
  stopSteps,
} from './replaced.ts';

interface SwapInput {
  readonly config: Config;
  readonly observed: Observed;
  readonly decisions: readonly Decision[];
  readonly hooks: ReadonlySet<string>;
  readonly run: StartedRun;
  /** What is run once before anything is swapped. */
  readonly release: readonly Stage[];
  /** No new jobs for what the file has elsewhere by now. */
  readonly moved: readonly Lane[];
  /** What a new container has to answer before the run goes on. */
  readonly smoke: (decision: Decision) => readonly Step[];
}

/**
 * pre-deploy hooks, then no new jobs for what is replaced, then the boot groups of the primary role, then every other role. All that can
 * be prepared is, so that workers are quiet for as short as can be.
 */
export function swapStages(input: SwapInput): { stages: Stage[]; quiet: readonly Lane[] } {
  const { config, observed, decisions, hooks } = input;
  const lanes = new Map(decisions.map((decision) => [decision, bootLane(decision, input)]));
  const quiet = [...quietLanes(decisions, observed, config), ...input.moved];
  const busy = decisions.filter(
    (decision) => (lanes.get(decision)?.steps.length ?? 0) > 0 || elsewhere(decision, observed, config).length > 0,
  );
  const smokeStage = (name: string, group: readonly Decision[]) => stage(name, group.map(smokeLane));
  // Those whose boot an earlier run came through.
  const rest = smokeStage(
    'Smoke',
    decisions.filter((decision) => !busy.includes(decision)),
  );
  // Where what they replaced still runs, an earlier run did not come through what follows their boot.
  const unfinished = decisions.filter(
    (one) => !busy.includes(one) && oldContainers(one, observedHost(observed, one.wanted.host), config).length > 0,
  );
  if (busy.length === 0) {
    const hooked = hookStage('post-app-boot', hostsOf(unfinished), input);
    return { stages: [...stage('Quiet', quiet), ...rest, ...hooked], quiet };
  }
  const primary = busy.filter(({ wanted }) => wanted.role.isPrimary);
  const others = busy.filter(({ wanted }) => !wanted.role.isPrimary);
  const limit = config.boot.limit;
  const groups = [
    ...bootGroups(primary, limit).map((group, index, all) => ({
      group,
      name: groupName(`Boot ${roleNames(config)}`, index, all.length),
    })),
    ...bootGroups(others, limit).map((group, index, all) => ({
      group,
      name: groupName('Boot others', index, all.length),
    })),
  ];
  const stages = groups.flatMap(({ group, name }, index) => [
    ...hookStage('pre-app-boot', hostsAround(groups, index, limit, 'pre'), input),
    ...stage('Make room', makeRoomLanes(group, observed, config)),
    ...stage(
      name,
      group.flatMap((decision) => lanes.get(decision) ?? []),
    ),
    ...smokeStage(name.replace('Boot', 'Smoke'), group),
    ...hookStage('post-app-boot', hooked(index), input),
    ...(index < groups.length - 1 ? waitStage(config, hostsOf(group)) : []),
  ]);
  const hosts = hostsOf(busy);
  const preDeploy = hookLanes('pre-deploy', hosts, config, hooks);
  const before = [
    ...noteRun(config, hosts, { hooked: preDeploy, run: input.run }),
    ...preDeploy,
    ...input.release,
    ...stage('Quiet', quiet),
  ];
  return { stages: [...before, ...stages, ...rest], quiet };

  function hooked(index: number): string[] {
    const also = index === groups.length - 1 ? hostsOf(unfinished) : [];
    return [...new Set([...hostsAround(groups, index, limit, 'post'), ...also])];
  }

  function smokeLane(decision: Decision): Lane {
    return { host: decision.wanted.host, role: decision.wanted.role.name, steps: input.smoke(decision) };
  }
}

function bootLane(decision: Decision, { config, observed }: SwapInput): Lane {
  const { role, host } = decision.wanted;
  const steps = role.mayOverlap
    ? bootSteps(decision, config)
    : bootAlone(decision, observedHost(observed, host), config);
  return { host, role: role.name, steps };
}

/** Stops what is replaced first, and starts only in its place: two never run, whoever else may start one. */
function bootAlone(decision: Decision, host: ObservedHost, config: Config): Step[] {
  const { role } = decision.wanted;
  const old = oldContainers(decision, host, config);
  // A container that is woken ends no other's watch.
  const starts = decision.action !== 'keep' && !decision.isWatched;
  const stops = old.flatMap((container) => [
    ...watchSteps(role, container, config),
    ...stopSteps({
      role,
      container,
      config,
      because: `two never run (${role.isSingleton ? 'singleton' : 'overlap: none'})`,
      ...(starts ? { watchedUntil: 'successor-starts' as const } : {}),
    }),
  ]);
  const before = [
    ...old,
    ...watchedThere(host, config, role.name).filter(({ id }) => !old.some((one) => one.id === id)),
  ];
  const from = before.filter(({ id }) => id !== decision.existing?.id || decision.action === 'replace').map(reference);
  const takesOver = from.length === 0 ? undefined : { from, directory: watchedDirectory(config) };
  return [
    ...stops,
    ...bootSteps(decision, config, takesOver),
    ...(starts ? old : []).map((container): Step => ({
      kind: 'end-watch',
      container: reference(container),
      directory: watchedDirectory(config),
      because: 'what runs in its place is ready',
    })),
  ];
}

/** Groups of at most `limit` machines, every machine's roles together. */
function bootGroups(decisions: readonly Decision[], limit: number | undefined): Decision[][] {
  return groupsOf(hostsOf(decisions), limit).map((members) =>
    decisions.filter(({ wanted }) => members.includes(wanted.host)),
  );
}

/** At most `limit` machines to a group; all of them together without one. */
export function groupsOf(hosts: readonly string[], limit: number | undefined): string[][] {
  if (hosts.length === 0) return [];
  const size = limit ?? hosts.length;
  return Array.from({ length: Math.ceil(hosts.length / size) }, (_, index) =>
    hosts.slice(index * size, (index + 1) * size),
  );
}

/** `Boot web, 1 of 2`; the bare name of a group that is the only one. */
export function groupName(what: string, index: number, count: number): string {
  return count === 1 ? what : `${what}, ${index + 1} of ${count}`;
}

function roleNames(config: Config): string {
  return config.roles.find(({ isPrimary }: Role) => isPrimary)?.name ?? config.primaryRole;
}

/** With a limit the boot hooks run around every group; without one, once around all of them, as in Kamal. */
function hostsAround(
  groups: readonly { group: readonly Decision[] }[],
  index: number,
  limit: number | undefined,
  side: 'pre' | 'post',
): string[] {
  if (limit !== undefined) return hostsOf(groups[index]?.group ?? []);
  const edge = side === 'pre' ? 0 : groups.length - 1;
  return index === edge ? hostsOf(groups.flatMap(({ group }) => group)) : [];
}

function hookStage(
  hook: 'pre-app-boot' | 'post-app-boot',
  hosts: readonly string[],
  { config, hooks }: { config: Config; hooks: ReadonlySet<string> },
): Stage[] {
  return hosts.length === 0 ? [] : hookLanes(hook, hosts, config, hooks);
}

function waitStage(config: Config, hosts: readonly string[]): Stage[] {
  const seconds = config.boot.waitSeconds;
  const [host] = hosts;
  if (seconds === 0 || host === undefined) return [];
  return [{ name: 'Wait', lanes: [{ host, steps: [{ kind: 'wait', seconds, because: 'boot.wait' }] }] }];
}

export function hostsOf(decisions: readonly Decision[]): string[] {
  return [...new Set(decisions.map(({ wanted }) => wanted.host))];
}
