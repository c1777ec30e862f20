import type { ObservedContainer } from '../../observe/observed.ts';
import { isUp } from '../current.ts';
import { reference } from '../decide.ts';
import type { Step } from '../plan.ts';
import { lastOf, ranBefore } from './before.ts';
import type { Met } from './current.ts';
import { heldOn, undecidedOn, whyHeld, type Held } from './held.ts';
import { keepDownSteps, policyOf } from './restart-policy.ts';
import { stopStep } from './steps.ts';

/** What becomes of an accessory after a replacement that failed. */

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

export interface Verdict {
  readonly met: Met;
  readonly stops: readonly Step[];
  /** To be brought back; absent: nothing is, because nothing has to or because a person decides. */
  readonly old?: ObservedContainer;
  readonly failed?: ObservedContainer;
  readonly held?: Held;
  readonly kept?: Kept['as'];
}

/** The restart policy of what is to come back; undefined when nobody knows. */
export function policyBefore(was: Met | undefined): string | undefined {
  const old = was && lastOf(was);
  return was && old && policyOf(was, old);
}

export function verdictOn(
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
