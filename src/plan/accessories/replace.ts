import { crashesAllowed } from '../../accessories/health.ts';
import type { WantedAccessory } from '../../accessories/wanted.ts';
import type { Config } from '../../config/config.ts';
import type { Observed, ObservedContainer } from '../../observe/observed.ts';
import { isIn, isUp } from '../current.ts';
import { reference } from '../decide.ts';
import type { ContainerRef, Lane, Plan, Stage, Step } from '../plan.ts';
import { stage } from '../prepare.ts';
import { lane, planOf } from './boot.ts';
import { currentOf, type Met } from './current.ts';
import { fileSteps, swapEndSteps, swapSteps } from './files.ts';
import { feltNotes } from './felt.ts';
import { movedHere } from './moved.ts';
import { keepDownSteps } from './restart-policy.ts';
import { lostRouteSteps, routeSteps, staleCertificateSteps } from './route.ts';
import {
  auditLanes,
  bootSteps,
  membersSteps,
  nextNameOf,
  prepareStage,
  proofSteps,
  replacedNameOf,
  stopStep,
} from './steps.ts';
import { inTurn } from './turns.ts';

/** What a run knows of its own beginning, when it plans the rest. */
export interface Since {
  /** The machines before its first step. */
  readonly before: Observed;
  /** What was not done of its last plan. */
  readonly left: readonly Lane[];
}

export interface ReplaceRequest {
  readonly config: Config;
  readonly wanted: readonly WantedAccessory[];
  readonly observed: Observed;
  /** Why, for each one; undefined leaves it alone. */
  readonly because: (met: Met) => string | undefined;
  /** Whether the container of its name is the wanted one, and only what a run that was cut off left is to be settled. */
  readonly isSettled?: (met: Met) => boolean;
  /** Why the image is to be pulled first; undefined: what is there is used. */
  readonly pulls: (met: Met) => string | undefined;
  /** All at once instead of one container after the other. */
  readonly isParallel: boolean;
  /** Kamal's word for the audit log. */
  readonly audit: (name: string) => string;
  /** For the rest of a plan whose reply was lost. */
  readonly since?: Since | undefined;
}

/**
 * Makes containers anew, one after the other over the whole fleet. The new one is made while the old
 * one still runs, so that the time between is that of stopping and starting; the old one goes only when the new one is healthy. Where
 * only the route is unlike the file, it is set again.
 */
export function planReplace(request: ReplaceRequest): Plan {
  const { config, observed, isParallel } = request;
  const every = inTurn(request.wanted, observed, config);
  const all = every.flatMap((met) => {
    const because = request.because(met);
    return because === undefined ? [] : [{ met, because }];
  });
  const lanes = all.map(({ met, because }) => lane(met, replaceSteps(met, because, request)));
  const replaced = all.map(({ met }) => met);
  const rerouted = every.filter((met) => !replaced.includes(met) && routeSteps(met, config).length > 0);
  const swap: Stage[] = isParallel
    ? stage('Replace', lanes)
    : lanes.flatMap((one) => stage(`Replace ${one.role ?? ''}`, [one]));
  return planOf(
    config,
    [
      ...prepareStage(replaced, { config, pulls: request.pulls, routed: rerouted }),
      ...swap,
      ...stage(
        'Route',
        rerouted.map((met) => lane(met, routeSteps(met, config))),
      ),
      ...stage('Write down', auditLanes(config, [...replaced, ...rerouted], request.audit)),
      ...stage(
        'Clean up',
        [...replaced, ...rerouted].map((met) => ({ ...lane(met, staleCertificateSteps(met, config)), optional: true })),
      ),
    ],
    [...replaced.flatMap(tagNote), ...feltNotes(config, replaced)],
  );
}

/** Made anew for whatever reason, it runs what its tag names by now. */
function tagNote(met: Met): string[] {
  const { host, accessory, spec } = met.wanted;
  if (movedHere(met) === undefined) return [];
  return [`${host}: ${accessory.name} gets another image than it has now: ${spec.image} moved`];
}

function replaceSteps(met: Met, because: string, request: ReplaceRequest): Step[] {
  const { config, since } = request;
  const { container } = met.observed;
  if (container !== undefined) {
    const isOwn = since !== undefined && !isIn(since.before, container.id);
    if (isOwn || request.isSettled?.(met) === true) return rest(met, container, { config, because });
  }
  const { spec } = met.wanted;
  const old = currentOf(met);
  const aside = old === undefined ? undefined : { id: old.id, name: replacedNameOf(old, spec.name) };
  const next = nextNameOf(spec.name, old);
  const members = request.isParallel ? [] : membersSteps(met, { all: request.wanted, config });
  const others = met.observed.leftovers.filter(({ id }) => id !== old?.id);
  const stale = others.filter(({ name }) => name === next);
  const files = swapSteps(met);
  return [
    ...(old === undefined ? [] : commandSteps(met, since)),
    // Never without one: it says whose the files are that lie beside their places.
    ...stale.map((container): Step => ({
      kind: 'rename-container',
      container: reference(container),
      name: nextNameOf(spec.name, container),
      because: 'it makes room',
    })),
    ...(old === undefined ? [] : files.clears),
    { kind: 'create-container', spec: { ...spec, name: next }, because },
    ...stale.map(({ id }) => remove({ id, name: nextNameOf(spec.name, { id }) }, 'a run that was cut off left it')),
    ...(old === undefined
      ? fileSteps(met)
      : [...files.uploads, ...members, stopStep(met, old, because), ...files.swaps]),
    ...(old === undefined || aside === undefined || old.name === aside.name
      ? []
      : [{ kind: 'rename-container', container: reference(old), name: aside.name, because: 'it makes room' } as const]),
    ...(aside === undefined ? [] : keepDownSteps(met, aside, 'its successor gets its data')),
    { kind: 'rename-container', container: { name: next }, name: spec.name, because: 'its name from now on' },
    ...bootSteps(met, {
      container: { name: spec.name },
      config,
      ...(old === undefined ? { because } : { because: 'the one before it has stopped', crashes: crashesAllowed }),
    }),
    ...(aside === undefined ? [] : [remove(aside, 'its successor is healthy')]),
    ...others
      .filter(({ name }) => name !== next)
      .map((container) => remove(reference(container), 'its successor is healthy')),
    ...(old === undefined ? [] : files.ends),
  ];
}

/** The user's command, which is not run again once this run has seen it succeed. */
function commandSteps({ wanted }: Met, since: Since | undefined): Step[] {
  const { name, beforeReplace } = wanted.accessory;
  const isLeft = ({ host, role, steps }: Lane) =>
    host === wanted.host && role === name && steps.some(({ kind }) => kind === 'run-command');
  if (beforeReplace === undefined || since?.left.some(isLeft) === false) return [];
  return [{ kind: 'run-command', name: 'before_replace', ...beforeReplace, because: `before ${name} is replaced` }];
}

/** The new one is made already; whether it is healthy nobody saw, and traffic may still go to the one before it. */
function rest(
  met: Met,
  container: ObservedContainer,
  { config, because }: { config: Config; because: string },
): Step[] {
  const proof = { container: reference(container), because, crashes: crashesAllowed };
  return [
    ...(isUp(container)
      ? [...proofSteps(met, proof), ...lostRouteSteps(met, config)]
      : bootSteps(met, { ...proof, config })),
    ...met.observed.leftovers.map((old) => remove(reference(old), 'its successor is healthy')),
    ...swapEndSteps(met),
  ];
}

function remove(container: ContainerRef, because: string): Step {
  return { kind: 'remove-container', container, because };
}
