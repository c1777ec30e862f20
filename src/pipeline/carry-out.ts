import { abbreviateVersion } from '../build/version.ts';
import { wantedContainers } from '../app/wanted.ts';
import { execute, type Outcome } from '../execute/execute.ts';
import type { CutOff, Execution } from '../execute/execution.ts';
import type { Observed, ReleaseRecord } from '../observe/observed.ts';
import { currentVersion } from '../plan/current.ts';

import type { Plan } from '../plan/plan.ts';
import { checkRoutes } from './check.ts';
import { afterFailure } from './deploy-failed.ts';
import { executionFor } from './execution.ts';
import type { Fleet, FleetLook } from './fleet.ts';
import { goBack, takenOver } from './go-back.ts';
import { holdWhatServes } from './hold-what-serves.ts';
import type { HeldLock } from './held-lock.ts';
import { preflight } from './preflight.ts';
import { approveRelease, heedIrreversible } from './release.ts';
import type { ImageAsked } from './room.ts';
import type { Session } from './session.ts';

export interface Deployment {
  readonly session: Session;
  readonly fleet: Fleet;
  readonly lock: HeldLock;
  readonly command: ReleaseRecord['command'];
  readonly version: string;
  /** What is known by then of the image that is pulled. */
  readonly image?: ImageAsked | undefined;
  /** What is typed to do it again; absent: the command. */
  readonly again?: string;
  /** `before` is given for the rest of a plan whose reply was lost: the machines as they were before its first step. */
  plan(observed: Observed, before?: Observed): Plan;
  /** What is looked at besides the roles. */
  readonly look?: Pick<FleetLook, 'accessories'>;
  /** Hears of the machines before anything is changed. */
  seen?(observed: Observed): void;
}

export interface CarriedOut {
  readonly changed: boolean;
  readonly previousVersion?: string;
  /** Containers whose jobs were cut off. */
  readonly cutOff?: readonly CutOff[];
}

const mostPasses = 3;

/** The changing half of the story, under the lock: observe, plan, execute, and after a failure bring every machine back. */
export async function carryOut(deployment: Deployment): Promise<CarriedOut> {
  const { session, fleet, version, lock } = deployment;
  const { run, selected } = session;
  const look = { version, wanted: wantedContainers(selected, version), ...deployment.look };
  let before = await fleet.observe(look);
  if (await lock.alone()) before = await fleet.observe(look);
  deployment.seen?.(before);
  let plan = deployment.plan(before);
  const previous = currentVersion(before, selected);
  for (const text of plan.notes) run.emit({ type: 'note', text });
  if (plan.stages.length === 0)
    return { changed: false, ...(previous === undefined ? {} : { previousVersion: previous }) };
  plan = await preflight(session, fleet, { observed: before, plan, image: deployment.image });
  await approveRelease(session, plan);
  heedIrreversible(session, before);

  const execution = executionFor(session, fleet, { version, observed: before, lock });
  const title = `${run.command} ${abbreviateVersion(version)}`;
  let outcome = await execute(plan, title, execution);
  for (let pass = 2; outcome.result === 'unknown' && pass <= mostPasses; pass += 1) {
    const { observed: now, away } = await fleet.observeReachable(look);
    await lock.renew();
    if (away.length > 0 || lock.lost.aborted) break;
    run.emit({ type: 'note', text: 'A reply was lost: looking at the machines again and going on from what is there' });
    const { swapBegan, hooksBegun, noted } = outcome;
    outcome = await execute(deployment.plan(now, before), title, execution);
    outcome = {
      ...outcome,
      swapBegan: outcome.swapBegan || swapBegan,
      hooksBegun: [...hooksBegun, ...outcome.hooksBegun],
      noted: [...noted, ...outcome.noted],
    };
  }
  if (outcome.result !== 'done') await fail(deployment, { before, outcome, execution });
  // What the last steps met may have been a warning only.
  if (await lock.isTaken()) throw await takenOver(deployment, before);
  await checkRoutes(session, fleet, version).catch(async (error: unknown) => {
    if (await lock.isTaken()) throw await takenOver(deployment, before);
    throw await afterFailure(deployment, { before, outcome, execution }, error);
  });
  const cutOff = [...execution.cutOff.values()];
  return {
    changed: true,
    ...(cutOff.length === 0 ? {} : { cutOff }),
    ...(previous === undefined || previous === version ? {} : { previousVersion: previous }),
  };
}

/** Always throws: after bringing everything back or holding it, or at once when somebody else holds the lock by now. */
async function fail(
  deployment: Deployment,
  ended: { before: Observed; outcome: Outcome; execution: Execution },
): Promise<never> {
  const { session, fleet, lock } = deployment;
  const { reason } = session.hold;
  if (!lock.taken.aborted) {
    const { away } = await fleet.observeReachable({});
    if (!away.includes(session.config.primaryHost)) await lock.renew();
  }
  if (lock.taken.aborted) throw await takenOver(deployment, ended.before);
  // Before the first swap there is nothing that could be held, unless the old version is over.
  const holds = reason !== undefined && (ended.outcome.swapBegan || reason.oldVersion === 'cannot-serve');
  const failure = holds ? await holdWhatServes(deployment, ended, reason) : await goBack(deployment, ended);
  throw await afterFailure(deployment, ended, failure);
}
