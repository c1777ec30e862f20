import { wantedContainers } from '../app/wanted.ts';
import { abbreviateVersion } from '../build/version.ts';
import { Failure } from '../errors.ts';
import { shortNames } from '../plan/describe.ts';
import { planHold, servedByRole } from '../plan/hold.ts';
import type { Deployment } from './carry-out.ts';
import { executionBack } from './execution.ts';
import { problemLines, takenOver, tellWhy, type Ended } from './go-back.ts';
import type { HoldReason } from './hold.ts';
import { untilSettled } from './until-settled.ts';

/** Stops what did not make it, and leaves the rest to the next deploy. @returns what to throw: 6, or 5 when all serve as before */
export async function holdWhatServes(deployment: Deployment, ended: Ended, reason: HoldReason): Promise<unknown> {
  const { session, fleet, version, command, again = command, lock } = deployment;
  const { selected, origin } = session;
  const { before, outcome, execution } = ended;
  await tellWhy(deployment, ended);
  const look = { version, wanted: wantedContainers(selected, version) };
  const undisturbed = executionBack(execution, { session, fleet, version, lock });
  const title = `hold what serves (${reason.because})`;
  const { outcome: held, after } = await untilSettled({ fleet, lock, look, execution: undisturbed, title }, (now) =>
    planHold({
      config: selected,
      file: session.config,
      version,
      before,
      now,
      left: outcome.left,
      problems: outcome.problems,
      oldVersion: reason.oldVersion,
      command,
      origin,
    }),
  );
  if (await lock.isTaken()) return takenOver(deployment, before);
  const bug = outcome.problems.find(({ error }) => !(error instanceof Failure))?.error;
  if (bug !== undefined) return bug;
  const [serves, served] = [servedByRole(after, selected), servedByRole(before, selected)];
  const isAsBefore = serves.join() === served.join() && held.result === 'done';
  const what = outcome.result === 'interrupted' ? 'was interrupted' : 'failed';
  const where = isAsBefore ? 'everything serves as before' : 'it was not brought back everywhere';
  const message = `${abbreviateVersion(version)} ${what} and is held (${reason.because}): ${where}`;
  return new Failure('deploy-held', message, {
    details: [
      ...problemLines([...outcome.problems, ...held.problems]),
      ...serves.map(shortNames),
      ...outcome.problems.flatMap(({ error }) => (error instanceof Failure ? error.details : [])),
    ],
    hint: `Mend it, and type \`${session.typed(again)}\`: it finishes.`,
    ...(isAsBefore && reason.oldVersion === 'can-serve' ? { exitStatus: 5 } : {}),
  });
}
