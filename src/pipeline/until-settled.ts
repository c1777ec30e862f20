import { Failure } from '../errors.ts';
import { execute, isMore, nothingToDo, type Outcome } from '../execute/execute.ts';
import type { Execution } from '../execute/execution.ts';
import { pause } from '../execute/ready.ts';
import type { Observed } from '../observe/observed.ts';
import type { Plan } from '../plan/plan.ts';
import type { Fleet, FleetLook } from './fleet.ts';
import type { HeldLock } from './held-lock.ts';

const mostPasses = 3;
/** An engine that is restarted has its containers up again by then. */
const secondsToRecover = 20;
const pauseSeconds = 4;

/**
 * Looks, plans and carries out until a look finds nothing more to do: what was asked of a machine over a connection that was lost may
 * come to it after the look that the plan was made from. What failed is tried again for some seconds, but not what did not get ready in
 * all of its time; a lock that was taken ends it.
 */
export async function untilSettled(
  input: {
    fleet: Fleet;
    lock: HeldLock;
    look: FleetLook;
    execution: Execution;
    title: string | ((plan: Plan) => string);
  },
  /** From what is there, and what the pass before came to. */
  planFor: (now: Observed, last: Outcome | undefined) => Plan,
): Promise<{ outcome: Outcome; after: Observed; away: readonly string[] }> {
  const { fleet, lock, look, execution, title } = input;
  const seen = await fleet.observeReachable(look);
  let plan = planFor(seen.observed, undefined);
  if (plan.stages.length === 0) return { outcome: nothingToDo, after: seen.observed, away: seen.away };
  let recoversUntil: number | undefined;
  for (let passes = 0; ;) {
    const outcome = await execute(plan, typeof title === 'string' ? title : title(plan), execution);
    const hasFailed = outcome.result === 'failed';
    if (hasFailed) recoversUntil ??= Date.now() + secondsToRecover * 1000;
    else passes += 1;
    const isOver = hasFailed
      ? Date.now() >= (recoversUntil ?? 0) || outcome.problems.every(hadItsTime)
      : outcome.result === 'interrupted' || passes === mostPasses;
    if (hasFailed && !isOver) await pause(pauseSeconds * 1000);
    const { observed: after, away } = await fleet.observeReachable(look);
    if (isOver || (await lock.isTaken())) return { outcome, after, away };
    plan = planFor(after, outcome);
    if (plan.stages.length === 0) return { outcome: nothingToDo, after, away };
    const isMoreToDo = plan.stages.some(({ lanes }) => isMore(lanes.filter(({ steps }) => steps.length > 0)));
    if (outcome.result === 'done' && !isMoreToDo) return { outcome, after, away };
  }
}

/** What was waited for in vain is not waited for again. */
function hadItsTime({ error }: Outcome['problems'][number]): boolean {
  return error instanceof Failure && error.code === 'container-not-ready';
}
