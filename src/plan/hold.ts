import type { Config } from '../config/config.ts';
import type { Observed, ObservedContainer, ObservedHost } from '../observe/observed.ts';
import { appContainers, currentContainer, isUp, observedHost, routeOf, targetContainer, versionOf } from './current.ts';
import { reference } from './decide.ts';
import type { Lane, Plan, Step } from './plan.ts';
import { stage } from './prepare.ts';
import { allPairs, isAlone, isNewIn, pairsOf, type Pair } from './pairs.ts';
import { stopSteps } from './replaced.ts';
import { bringBack, stopStep, takeAway, writeDown, type RevertRequest } from './revert.ts';
import { needsWaking } from './wake.ts';

export interface HoldRequest extends RevertRequest {
  /** What the run did not get to, or not through. */
  readonly left: readonly Lane[];
  /** The steps that went wrong. */
  readonly problems: readonly { readonly host: string; readonly role?: string; readonly step: Step }[];
  /** Whether traffic may be sent back to the version that served before. */
  readonly oldVersion: 'can-serve' | 'cannot-serve';
}

/** Without these a role has not moved; those that come later it may lack and serve all the same. */
const swapping: readonly Step['kind'][] = [
  'create-container',
  'start-container',
  'wait-until-ready',
  'wait-until-healthy',
  'send-traffic',
  'smoke-request',
  'smoke-command',
];
/** Whose failure says nothing about the new container. */
const retiring: readonly Step['kind'][] = [
  ...(['quiet-container', 'wait-until-drained', 'stop-container', 'remove-container', 'remove-route'] as const),
];

/**
 * After a failure that is not brought back: where a role did not make it on a machine, its new containers stop and what served before goes
 * on; where it made it, it stays, and what it replaced is stopped. Nothing is removed, so that the next deploy finishes.
 */
export function planHold(request: HoldRequest): Plan {
  const { config, version, command, origin } = request;
  const all = [...pairsOf(request), ...allPairs(request).filter(({ role, isStray }) => isStray && role.isSingleton)];
  const pairs = all.map((pair) => ({
    ...pair,
    lane: { host: pair.is.host, role: pair.role.name },
    made: all.filter((other) => isSettledBy(other, pair)).every((other) => madeIt(other, request)),
  }));
  const failed = pairs.filter((pair) => !pair.made && !staysAsItIs(pair, request));
  const back = failed.map(({ lane, role, was, is }): Lane => ({ ...lane, steps: bringBack(config, role, was, is) }));
  const stopsOf = (some: typeof failed) =>
    some.map(({ lane, role, was, is }): Lane => ({
      ...lane,
      steps: takeAway(config, role, was, is).filter(
        ({ kind }) => retiring.includes(kind) && kind !== 'remove-container',
      ),
    }));
  const retired = pairs
    .filter(({ made }) => made)
    .map(({ lane, role, was, is }): Lane => ({ ...lane, steps: retire(config, role, was, is) }));
  const notes = [...new Set(pairs.map(({ is }) => is.host))].map((host): Lane => ({
    host,
    optional: true,
    steps: writeDown(config, { version, command, outcome: 'held', ...origin }),
  }));
  return {
    service: config.service,
    ...(config.destination === undefined ? {} : { destination: config.destination }),
    version,
    stages: [
      ...stage('Make room', stopsOf(failed.filter(isAlone))),
      ...stage('Keep serving', back),
      ...stage('Hold', [...stopsOf(failed.filter((pair) => !isAlone(pair))), ...retired, ...notes]),
    ],
    notes: [],
  };
}

/** A singleton that comes from another machine has made it there when it has made it on its own. */
function isSettledBy(other: Pair, pair: Pair): boolean {
  return pair.isStray ? !other.isStray && other.role.name === pair.role.name : other === pair;
}

function madeIt({ role, is }: Pair, { config, left, problems }: HoldRequest): boolean {
  const isHere = (lane: { host: string; role?: string }) => lane.host === is.host && lane.role === role.name;
  const serving = currentContainer(is, config, role);
  const target = role.proxy === undefined ? serving : targetContainer(is, routeOf(is, config, role.name));
  return (
    serving?.id === target?.id &&
    serving?.state === 'running' &&
    !left.some((lane) => isHere(lane) && lane.steps.some(({ kind }) => swapping.includes(kind))) &&
    !problems.some((problem) => isHere(problem) && !retiring.includes(problem.step.kind))
  );
}

/** Where the old version cannot serve, a new container that runs and has the traffic is the better one, whatever failed about it. */
function staysAsItIs({ role, was, is }: Pair, { config, oldVersion }: HoldRequest): boolean {
  if (oldVersion === 'can-serve' || role.proxy === undefined) return false;
  const target = targetContainer(is, routeOf(is, config, role.name));
  return target?.state === 'running' && isNewIn(was, target);
}

/** What ran before and is replaced by a container that was not there, or did not run. */
function retire(config: Config, role: Pair['role'], was: ObservedHost, is: ObservedHost): Step[] {
  const ran = ({ id }: ObservedContainer) => was.containers.some((container) => container.id === id && isUp(container));
  const serving = currentContainer(is, config, role);
  if (serving === undefined || ran(serving)) return [];
  const because = `replaced by ${versionOf(serving, config, role.name)}`;
  const quiet = needsWaking(is, config, role.name);
  const stops = appContainers(is, config, role.name)
    .filter((container) => isUp(container) && ran(container))
    .flatMap((container) =>
      quiet.has(container.id) ? stopSteps({ role, container, config, because }) : [stopStep(container, role, because)],
    );
  const check: Step = { kind: 'check-running', container: reference(serving), because: 'it has to go on by itself' };
  return stops.length === 0 ? [] : [check, ...stops];
}

/** What each role serves on each machine, a line each: `web-01 worker: v1`. */
export function servedByRole(observed: Observed, config: Config): string[] {
  return config.roles.flatMap((role) =>
    role.hosts.map(({ host }) => {
      if (!observed.hosts.some((there) => there.host === host)) return `${host} ${role.name}: not reached`;
      const container = currentContainer(observedHost(observed, host), config, role);
      const version = container && versionOf(container, config, role.name).replace(/_replaced_[0-9a-f]+$/, '');
      return `${host} ${role.name}: ${version ?? 'nothing runs'}`;
    }),
  );
}
