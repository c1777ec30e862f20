import type { WantedAccessory } from '../../accessories/wanted.ts';
import { execute, type Outcome } from '../../execute/execute.ts';
import type { Execution } from '../../execute/execution.ts';
import type { AccessoryLook } from '../../observe/accessories.ts';
import type { Observed } from '../../observe/observed.ts';
import type { Since } from '../../plan/accessories/replace.ts';
import type { Plan } from '../../plan/plan.ts';
import { executionFor } from '../execution.ts';
import type { Fleet } from '../fleet.ts';
import type { HeldLock } from '../held-lock.ts';
import { refuse } from '../refusals.ts';
import type { Session } from '../session.ts';
import { agreeOnShared } from '../shared.ts';
import { digestsOf, readFiles } from './files.ts';
import { goBack, takenOver } from './go-back.ts';
import { stopwatch, type Timing } from './stopwatch.ts';

export interface AccessoryWork {
  readonly session: Session;
  readonly fleet: Fleet;
  readonly lock: HeldLock;
  readonly wanted: readonly WantedAccessory[];
  readonly title: string;
  /** Throws before anything is done for what must not be done unsaid. */
  readonly check?: (observed: Observed) => void | Promise<void>;
  /** `since` is given for the rest of a plan whose reply was lost. */
  readonly plan: (observed: Observed, since?: Since) => Plan;
}

export interface AccessoriesDone {
  readonly changed: boolean;
  /** How long each was down, and took to be healthy. */
  readonly timings: readonly Timing[];
  readonly notes: readonly string[];
}

const mostPasses = 3;

/** Under the lock: observe, plan, execute, and after a failure bring back what ran before. @throws Failure */
export async function carryOutAccessories(work: AccessoryWork): Promise<AccessoriesDone> {
  const { session, fleet, lock, wanted, title } = work;
  const { run } = session;
  const files = await readFiles(session, wanted);
  const look: { accessories: AccessoryLook } = { accessories: { wanted, digests: digestsOf(files) } };
  let before = await fleet.observe(look);
  if (await lock.alone()) before = await fleet.observe(look);
  await work.check?.(before);
  const plan = work.plan(before);
  for (const text of plan.notes) run.emit({ type: 'note', text });
  if (plan.stages.length === 0) return { changed: false, timings: [], notes: plan.notes };
  await refuse(session, fleet, { observed: before, plans: [plan] });
  await agreeOnShared(session, { observed: before, plan });

  const watch = stopwatch(run.emit);
  const version = session.tree.headSha;
  const execution: Execution = {
    ...executionFor(session, fleet, { version, observed: before, lock, files }),
    emit: watch.emit,
  };
  let outcome = await execute(plan, title, execution);
  for (let pass = 2; outcome.result === 'unknown' && pass <= mostPasses; pass += 1) {
    const { observed: now, away } = await fleet.observeReachable(look);
    await lock.renew();
    if (away.length > 0 || lock.lost.aborted) break;
    run.emit({ type: 'note', text: 'A reply was lost: looking at the machines again and going on from what is there' });
    const { touched, left } = outcome;
    outcome = await execute(work.plan(now, { before, left }), title, execution);
    outcome = { ...outcome, touched: [...touched, ...outcome.touched] };
  }
  if (outcome.result !== 'done' || (await lock.isTaken()))
    throw await afterFailure(work, { before, outcome, execution, look, away: () => watch.away() });
  return { changed: true, timings: watch.timings(), notes: plan.notes };
}

export interface AccessoryEnded {
  readonly before: Observed;
  readonly outcome: Outcome;
  readonly execution: Execution;
  readonly look: { readonly accessories: AccessoryLook };
  /** How long what was stopped has been down, by now. */
  away(): readonly string[];
}

async function afterFailure(work: AccessoryWork, ended: AccessoryEnded): Promise<unknown> {
  const { session, fleet, lock } = work;
  if (!lock.taken.aborted) {
    const { away } = await fleet.observeReachable({});
    if (!away.includes(session.config.primaryHost)) await lock.renew();
  }
  return lock.taken.aborted ? takenOver(work) : goBack(work, ended);
}
