import type { ObservedContainer } from '../../observe/observed.ts';
import { isUp } from '../current.ts';
import type { ContainerRef, Step } from '../plan.ts';
import type { Met } from './current.ts';

/** Which container Docker starts by itself when its engine starts: never two that write to the same data. */

/** Of one that is put aside or held: the engine does not start it beside the one that has its data now. */
export function keepDownSteps(met: Met, container: ContainerRef, because: string): Step[] {
  return policySteps(met, container, { policy: 'no', because });
}

/** Of one that comes back. @param policy what it had before it was put aside; absent where nobody knows: as the file says */
export function givePolicySteps(met: Met, container: ContainerRef, policy = met.wanted.spec.restartPolicy): Step[] {
  return policySteps(met, container, { policy, because: 'Docker starts it again by itself, as before' });
}

/** Of one that is started under its own name, where a run or a person that put it aside did not come to give it back. */
export function lostPolicySteps(met: Met, container: ObservedContainer): Step[] {
  if (isUp(container) || policyOf(met, container) !== 'no') return [];
  return givePolicySteps(met, container);
}

/** Undefined where nobody looked, as at one that does not have the accessory's name. */
export function policyOf({ observed }: Met, { id }: ContainerRef): string | undefined {
  return observed.container?.id === id ? observed.container?.atStart?.restartPolicy : undefined;
}

function policySteps(
  met: Met,
  { id, name }: ContainerRef,
  { policy, because }: { policy: string; because: string },
): Step[] {
  const container = id === undefined ? { name } : { id, name };
  if (policyOf(met, container) === policy) return [];
  return [{ kind: 'set-restart-policy', container, policy, because }];
}
