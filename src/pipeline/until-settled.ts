import { execute, isMore, type Outcome } from '../execute/execute.ts';
import type { Execution } from '../execute/execution.ts';
import { pause } from '../execute/ready.ts';
import type { Observed } from '../observe/observed.ts';
import type { Plan } from '../plan/plan.ts';
import type { Fleet, FleetLook } from './fleet.ts';
import type { HeldLock } from './held-lock.ts';

const mostPasses = 3;
/** An engine that was restarted has its containers up again by then. */
const secondsToRecover = 5;

/**
 * Looks, plans and carries out until a look finds nothing more to do: what was asked of a machine over a connection that was lost may
 * come to it after the look that the plan was made from. What failed is tried once more, some seconds later; a lock that was taken ends it.
 */
export async function untilSettled(
  input: { fleet: Fleet; lock: HeldLock; look: FleetLook; execution: Execution; title: string },
  planFor: (now: Observed) => Plan,
): Promise<{ outcome: Outcome; after: Observed }> {
  const { fleet, lock, look, execution, title } = input;
  let plan = planFor((await fleet.observeReachable(look)).observed);
  let hasFailed = false;
  for (let pass = 1; ; pass += 1) {
    const outcome = await execute(plan, title, execution);
    const isOver = outcome.result === 'interrupted' || (outcome.result === 'failed' && hasFailed);
    hasFailed ||= outcome.result === 'failed';
    if (hasFailed && !isOver) await pause(secondsToRecover * 1000);
    const after = (await fleet.observeReachable(look)).observed;
    if (isOver || pass === mostPasses || (await lock.isTaken())) return { outcome, after };
    plan = planFor(after);
    const isMoreToDo = plan.stages.some(({ lanes }) => isMore(lanes.filter(({ steps }) => steps.length > 0)));
    if (outcome.result === 'done' && !isMoreToDo) return { outcome, after };
  }
}
