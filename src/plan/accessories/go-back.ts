import type { WantedAccessory } from '../../accessories/wanted.ts';
import type { Config } from '../../config/config.ts';
import type { Observed, ObservedContainer } from '../../observe/observed.ts';
import { isIn, isUp } from '../current.ts';
import { reference } from '../decide.ts';
import type { Lane, Plan, Step } from '../plan.ts';
import { stage } from '../prepare.ts';
import { lastOf, ranBefore, staleFormers, wasMakingRoom } from './before.ts';
import { lane, planOf } from './boot.ts';
import { meet, type Met } from './current.ts';
import { dropSteps, swapBackSteps } from './files.ts';
import { heldOn, undecidedOn, whyHeld, type Held } from './held.ts';
import { givePolicySteps, keepDownSteps, policyOf } from './restart-policy.ts';
import { lostRouteSteps, whyRouteIsLost } from './route.ts';
import { bootSteps, nextNameOf, proofSteps, stopStep } from './steps.ts';

/**
 * After a replacement that failed: brings the old container of each accessory back, as it was, unless a new image ran with a writable
 * mount. Then it may have changed what the old one reads, so the new one is stopped and both are kept. One whose old container is gone
 * was replaced to the end, and is left alone: stopping it would take another member away. So is one that is new and healthy.
 */
export function planAccessoryGoBack(input: {
  config: Config;
  wanted: readonly WantedAccessory[];
  before: Observed;
  now: Observed;
  /** Lanes of the plan that failed which were not walked to their end. */
  left: readonly Lane[];
  /** The same of the way back, where it was tried before; what was not tried yet is as the plan that failed left it. */
  unproven?: readonly Lane[];
  /** What was stopped for a person to decide when it was tried before. */
  held?: readonly Held[];
  /** Accessories that it had begun to change: another one that does not run any more ended by itself, and stays as it is. */
  touched: readonly Pick<Lane, 'host' | 'role'>[];
}): { plan: Plan; held: readonly Held[]; kept: readonly Kept[] } {
  const { config, wanted, unproven = input.left, held = [] } = input;
  const was = meet(wanted, input.before);
  const verdicts = meet(wanted, input.now).map((met, index) =>
    verdictOn(met, { was: was[index], isProven: isProven(met, input.left), held }),
  );
  const all = verdicts.map(({ met, ...verdict }, index) => ({
    met,
    ...verdict,
    stale: was[index] === undefined || hasSwapped(met, verdict.failed, input) ? [] : staleFormers(was[index]),
    policy: policyBefore(was[index]),
    ran: was[index] !== undefined && isToRun(was[index], input.touched),
    isUnsure: isUnsure(met, unproven),
    hadRoute: was[index] !== undefined && whyRouteIsLost(was[index]) === undefined,
  }));
  const stages = [
    ...stage(
      'Stop',
      all.map(({ met, stops }) => lane(met, stops)),
    ),
    ...stage(
      broughtBack,
      all.map(({ met, old, ...rest }) => lane(met, old === undefined ? [] : backSteps(met, { old, ...rest, config }))),
    ),
  ];
  return {
    plan: planOf(config, stages, []),
    held: all.flatMap(({ held }) => held ?? []),
    kept: all.flatMap(({ met, kept }) =>
      kept === undefined ? [] : [{ host: met.wanted.host, name: met.wanted.accessory.name, as: kept }],
    ),
  };
}

/** The stage in which old containers come back. */
export const broughtBack = 'Bring back';

/** What ran, and was stopped by this run or by one before it that was cut off; what ended by itself stays so. */
function isToRun(was: Met, touched: readonly Pick<Lane, 'host' | 'role'>[]): boolean {
  return wasMakingRoom(was) || (ranBefore(was) && lanesOf(was, touched).length > 0);
}

/** What is not as it was before, and stays so. */
export interface Kept {
  readonly host: string;
  readonly name: string;
  /**
   * `replaced`: to the end, before another one failed; `removed`: its container is gone; `made`: there was none, and it got healthy;
   * `started`: it did not run before; `unhealthy`: the same, and nobody saw it healthy.
   */
  readonly as: 'replaced' | 'removed' | 'made' | 'started' | 'unhealthy';
}

interface Verdict {
  readonly met: Met;
  readonly stops: readonly Step[];
  /** To be brought back; absent: nothing is, because nothing has to or because a person decides. */
  readonly old?: ObservedContainer;
  readonly failed?: ObservedContainer;
  readonly held?: Held;
  readonly kept?: Kept['as'];
}

const proofs: readonly Step['kind'][] = ['start-container', 'wait-until-healthy', 'send-traffic'];

function isProven(met: Met, left: readonly Lane[]): boolean {
  return !lanesOf(met, left).some(({ steps }) => steps.some(({ kind }) => proofs.includes(kind)));
}

/** Started since, and nobody saw it healthy: nothing is left to be stopped, and its proof is. */
function isUnsure(met: Met, left: readonly Lane[]): boolean {
  return lanesOf(met, left).some((lane) => {
    return !isProven(met, [lane]) && !lane.steps.some(({ kind }) => kind === 'stop-container');
  });
}

/** Whether this run had put files into their places: it does so once it has made a successor and stopped the old one. */
function hasSwapped(
  met: Met,
  failed: ObservedContainer | undefined,
  { before, left }: { before: Observed; left: readonly Lane[] },
): boolean {
  const isToStop = lanesOf(met, left).some(({ steps }) => steps.some(({ kind }) => kind === 'stop-container'));
  return failed !== undefined && !isIn(before, failed.id) && !isToStop;
}

export function lanesOf<T extends Pick<Lane, 'host' | 'role'>>(
  { wanted }: Pick<Met, 'wanted'>,
  lanes: readonly T[],
): T[] {
  return lanes.filter(({ host, role }) => host === wanted.host && role === wanted.accessory.name);
}

/** The restart policy of what is to come back; undefined when nobody knows. */
function policyBefore(was: Met | undefined): string | undefined {
  const old = was && lastOf(was);
  return was && old && policyOf(was, old);
}

function verdictOn(
  met: Met,
  { was, isProven, held }: { was: Met | undefined; isProven: boolean; held: readonly Held[] },
): Verdict {
  const { wanted, host } = met;
  const before = lastOf(was ?? met);
  const left = heldBefore(met, held) ?? stillHeld(met);
  if (left !== undefined) return left;
  const old = host.containers.find(({ id }) => id === before?.id);
  const failed = host.containers.find(
    ({ id, name, labels }) =>
      id !== before?.id &&
      labels['service'] === wanted.spec.name &&
      (name === wanted.spec.name || name.startsWith(`${wanted.spec.name}_next_`)),
  );
  if (before !== undefined && old === undefined)
    return { met, stops: [], kept: met.observed.container === undefined ? 'removed' : 'replaced' };
  if (before === undefined && failed !== undefined && isUp(failed) && isProven) return { met, stops: [], kept: 'made' };
  const stop = failed !== undefined && isUp(failed) ? [stopStep(met, failed, 'it did not get healthy')] : [];
  if (old === undefined) return { met, stops: stop };
  if (isUp(old) && old.name === wanted.spec.name) {
    const isNew = was !== undefined && !ranBefore(was);
    const kept = isNew ? ({ kept: isProven ? 'started' : 'unhealthy' } as const) : {};
    return { met, stops: stop, old, ...kept, ...(failed === undefined ? {} : { failed }) };
  }
  const stops = failed === undefined ? [] : downSteps(met, failed);
  const because = failed === undefined ? undefined : whyHeld(wanted.accessory, old, failed);
  if (failed === undefined || because === undefined)
    return { met, stops, old, ...(failed === undefined ? {} : { failed }) };
  const { name, service } = wanted.accessory;
  const { formers = [] } = met.observed;
  return {
    met,
    stops,
    held: {
      host: wanted.host,
      name,
      service,
      old: old.name,
      failed: failed.id.slice(0, 12),
      isDown: true,
      because,
      formers,
      policies: { old: policyBefore(was) ?? wanted.spec.restartPolicy, failed: wanted.spec.restartPolicy },
    },
  };
}

/** What was held when the way back was tried before stays so, while both containers are there. */
function heldBefore(met: Met, all: readonly Held[]): Verdict | undefined {
  const { host, accessory } = met.wanted;
  const held = all.find((one) => one.host === host && one.name === accessory.name);
  const { containers } = met.host;
  const failed = held && containers.find(({ id }) => id.startsWith(held.failed));
  if (held === undefined || failed === undefined || !containers.some(({ name }) => name === held.old)) return undefined;
  return { met, stops: downSteps(met, failed), held };
}

/** What a run that was cut off had started, and this one found not to get healthy. */
function stillHeld(met: Met): Verdict | undefined {
  const { host, wanted } = met;
  const held = heldOn(host, wanted.accessory);
  const undecided = undecidedOn(host, wanted.accessory);
  if (held === undefined || undecided === undefined || !isUp(undecided.failed)) return undefined;
  return { met, stops: downSteps(met, undecided.failed), held: { ...held, isDown: true, because: undecided.because } };
}

/** No engine starts what did not get healthy beside what has its data then, and by that it is known as given up; it is stopped. */
function downSteps(met: Met, failed: ObservedContainer): Step[] {
  // Docker never starts by itself what was never started.
  if (failed.state === 'created') return [];
  const stop = isUp(failed) ? [stopStep(met, failed, 'it did not get healthy')] : [];
  return [...keepDownSteps(met, reference(failed), 'the other one has its data'), ...stop];
}

interface Back {
  readonly old: ObservedContainer;
  readonly failed?: ObservedContainer;
  /** Whether it ran before, or only a run that was cut off had stopped it: what somebody had stopped stays so. */
  readonly ran: boolean;
  readonly isUnsure: boolean;
  /** Files that were kept beside their places before the run, and are not what it had. */
  readonly stale: readonly string[];
  /** Whether traffic was sent to it, where the proxy leads to it. */
  readonly hadRoute: boolean;
  /** Its restart policy before; absent where nobody knows. */
  readonly policy: string | undefined;
  readonly config: Config;
}

/** What failed is removed only when the one before it is known to be well; what never ran goes first, as its start may still come. */
function backSteps(met: Met, { old, failed, ran, isUnsure, stale, hadRoute, policy, config }: Back): Step[] {
  const { name } = met.wanted.spec;
  const because = 'it ran before';
  const container = { id: old.id, name };
  const rename = (from: ObservedContainer, to: string, why: string): Step[] =>
    from.name === to ? [] : [{ kind: 'rename-container', container: reference(from), name: to, because: why }];
  const proof = isUnsure ? proofSteps(met, { container, because }) : [];
  const proven = [...proof, ...(isUnsure || hadRoute ? lostRouteSteps(met, config) : [])];
  const again = isUp(old) ? proven : bootSteps(met, { container, config, because });
  const removal: Step[] =
    failed === undefined
      ? []
      : [{ kind: 'remove-container', container: reference(failed), because: 'it did not make it' }];
  const isFirst = failed?.state === 'created';
  return [
    ...(failed === undefined ? [] : rename(failed, nextNameOf(name, old), 'it makes room')),
    ...rename(old, name, 'its name before'),
    ...(old.name === name && policyOf(met, old) !== 'no' ? [] : givePolicySteps(met, container, policy)),
    ...(isUp(old) ? [] : swapBackSteps(met, because, stale)),
    ...(isFirst ? removal : []),
    ...(ran ? again : []),
    ...dropSteps(met),
    ...(isFirst ? [] : removal),
  ];
}
