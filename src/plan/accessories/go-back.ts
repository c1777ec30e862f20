import type { WantedAccessory } from '../../accessories/wanted.ts';
import type { Config } from '../../config/config.ts';
import type { Observed, ObservedContainer } from '../../observe/observed.ts';
import { isIn, isUp } from '../current.ts';
import { reference } from '../decide.ts';
import type { Lane, Plan, Step } from '../plan.ts';
import { stage } from '../prepare.ts';
import { ranBefore, staleFormers, wasMakingRoom } from './before.ts';
import { lane, planOf } from './boot.ts';
import { meet, type Met } from './current.ts';
import { dropSteps, swapBackSteps } from './files.ts';
import type { Held } from './held.ts';
import { givePolicySteps, policyOf } from './restart-policy.ts';
import { lostRouteSteps, whyRouteIsLost } from './route.ts';
import { bootSteps, nextNameOf, proofSteps } from './steps.ts';
import { policyBefore, verdictOn, type Kept } from './verdict.ts';

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
  const remove = (one: ObservedContainer): Step => ({
    kind: 'remove-container',
    container: reference(one),
    because: 'it did not make it',
  });
  const [first, last] = failed?.state === 'created' ? [failed, undefined] : [undefined, failed];
  return [
    ...(first === undefined ? [] : [remove(first)]),
    ...(last === undefined ? [] : rename(last, nextNameOf(name, old), 'it makes room')),
    // Until it has its own files its name says that a run was cut off, and whose they are.
    ...(isUp(old) ? [] : swapBackSteps(met, because, stale)),
    ...(old.name === name && policyOf(met, old) !== 'no' ? [] : givePolicySteps(met, container, policy)),
    ...rename(old, name, 'its name before'),
    ...(ran ? again : []),
    ...dropSteps(met),
    ...(last === undefined ? [] : [remove(last)]),
  ];
}
