import { execute, isMore, type Outcome } from '../execute/execute.ts';
import type { Execution } from '../execute/execution.ts';
import type { Observed } from '../observe/observed.ts';
import type { Plan } from '../plan/plan.ts';
import type { Fleet, FleetLook } from './fleet.ts';
import type { HeldLock } from './held-lock.ts';

const mostPasses = 3;

/**
 * Looks, plans and carries out until a look finds nothing more to do: what was asked of a machine over a connection that was lost may
 * come to it after the look that the plan was made from. A plan that failed, or a lock that was taken, ends it.
 */
export async function untilSettled(
  input: { fleet: Fleet; lock: HeldLock; look: FleetLook; execution: Execution; title: string },
  planFor: (now: Observed) => Plan,
): Promise<{ outcome: Outcome; after: Observed }> {
  const { fleet, lock, look, execution, title } = input;
  let plan = planFor((await fleet.observeReachable(look)).observed);
  for (let pass = 1; ; pass += 1) {
    const outcome = await execute(plan, title, execution);
    const after = (await fleet.observeReachable(look)).observed;
    const mayGoOn = outcome.result === 'unknown' || outcome.result === 'done';
    if (!mayGoOn || pass === mostPasses || (await lock.isTaken())) return { outcome, after };
    plan = planFor(after);
    const isMoreToDo = plan.stages.some(({ lanes }) => isMore(lanes.filter(({ steps }) => steps.length > 0)));
    if (outcome.result === 'done' && !isMoreToDo) return { outcome, after };
  }
}
