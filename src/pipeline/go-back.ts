import { abbreviateVersion } from '../build/version.ts';
import { wantedContainers } from '../app/wanted.ts';
import type { Config } from '../config/config.ts';
import { Failure, messageOf } from '../errors.ts';
import { diagnose } from '../execute/diagnose.ts';
import { execute, type Outcome } from '../execute/execute.ts';
import type { Execution } from '../execute/execution.ts';
import type { Observed } from '../observe/observed.ts';
import { versionsByHost } from '../plan/current.ts';

import { planPrune } from '../plan/prune.ts';
import { differencesToBefore, planRevert } from '../plan/revert.ts';
import type { Deployment } from './carry-out.ts';
import { executionBack } from './execution.ts';
import { untilSettled } from './until-settled.ts';

export interface Ended {
  readonly before: Observed;
  readonly outcome: Outcome;
  readonly execution: Execution;
}

/** Brings every machine that can be reached back to what it served. @returns what to throw: 5 or 3 when it did, else 6 */
export async function goBack(deployment: Deployment, { before, outcome, execution }: Ended): Promise<unknown> {
  const { session, fleet, version, command, lock } = deployment;
  const { selected, config: file, origin } = session;
  await tellWhy(deployment, { before, outcome, execution });
  const look = { version, wanted: wantedContainers(selected, version) };
  const undisturbed = executionBack(execution, { session, fleet, version, lock });
  const { outcome: reverted, after } = await untilSettled(
    { fleet, lock, look, execution: undisturbed, title: 'bring back what served before' },
    (now) => planRevert({ config: selected, file, version, before, now, command, origin }),
  );
  if (await lock.isTaken()) return takenOver(deployment, before);
  const bug = outcome.problems.find(({ error }) => !(error instanceof Failure))?.error;
  if (bug !== undefined) return bug;
  const left = differencesToBefore({ config: selected, file, before, now: after });
  const prune = planPrune({ config: selected, observed: after });
  if (left.length === 0 && prune.stages.length > 0) {
    await execute(prune, 'take away what it left', undisturbed);
    if (await lock.isTaken()) return takenOver(deployment, before);
  }
  return failureOf({ deployment, outcome, before, reverted, left });
}

/** Another run has the lock: nothing may be changed any more, so it is said what is unlike before. */
export async function takenOver(deployment: Deployment, before: Observed): Promise<Failure> {
  const { session, fleet, version } = deployment;
  const { observed: now } = await fleet.observeReachable({});
  const left = differencesToBefore({ config: session.selected, file: session.config, before, now });
  const message = `The lock was taken by another run while ${abbreviateVersion(version)} was deployed; nothing more was done`;
  return new Failure('lock-held', message, {
    details: left,
    hint: `Look at \`${session.typed('status')}\` and \`${session.typed('lock status')}\`.`,
  });
}

/** Logs and health checks of what failed, while its containers are still there. */
export async function tellWhy({ session, command }: Deployment, { outcome, execution }: Ended): Promise<void> {
  const next = `mend it, commit, and type: ${session.typed(command === 'rollback' ? 'deploy' : command)}`;
  const diagnoses = await Promise.all(
    outcome.problems.map((problem) => diagnose(problem, execution, next).catch(() => undefined)),
  );
  for (const diagnosis of diagnoses) {
    if (diagnosis === undefined) continue;
    const logLines = diagnosis.logLines.map(session.mask);
    const probeLines = diagnosis.probeLines.map(session.mask);
    session.run.emit({ type: 'diagnosis', diagnosis: { ...diagnosis, logLines, probeLines } });
  }
}

function failureOf(input: {
  deployment: Deployment;
  outcome: Outcome;
  before: Observed;
  reverted: Outcome;
  left: readonly string[];
}): Failure {
  const { deployment, outcome, before, reverted, left } = input;
  const { session, version, command, lock } = deployment;
  const again = `\`${session.typed(deployment.again ?? command)}\``;
  const failures = outcome.problems.flatMap(({ error }) => (error instanceof Failure ? [error] : []));
  const problems = problemLines([...outcome.problems, ...reverted.problems]);
  if (left.length > 0 || reverted.result !== 'done') {
    const message = `${abbreviateVersion(version)} failed, and not every machine is back to what it served`;
    return new Failure('deploy-unsettled', message, {
      details: [...problems, ...left, ...failures.flatMap(({ details }) => details)],
      hint: `Look at \`${session.typed('status')}\`; ${again} finishes what is left once the cause is mended.`,
    });
  }
  const serving = servingText(session.selected, before);
  if (outcome.result === 'interrupted' && !session.run.signal.aborted && lock.lost.aborted) {
    const text = `the machine of the lock did not answer for half of the lease, so this run gave up: ${serving}`;
    return new Failure('run-given-up', `${abbreviateVersion(version)} was not finished, as ${text}`, {
      details: problems,
      hint: `${again} starts again.`,
      exitStatus: outcome.swapBegan ? 5 : 3,
    });
  }
  if (outcome.result === 'interrupted') {
    return new Failure('interrupted', `Interrupted: ${serving}`, { details: problems, hint: `${again} starts again.` });
  }
  return new Failure('deploy-reverted', `${abbreviateVersion(version)} failed: ${serving}`, {
    details: [...problems, ...failures.flatMap(({ details }) => details)],
    hint: failures.find(({ hint }) => hint !== undefined)?.hint ?? `Mend it, commit, and type ${again}.`,
    exitStatus: outcome.swapBegan ? 5 : Math.min(failures[0]?.exitStatus ?? 5, 5),
  });
}

export function problemLines(problems: Outcome['problems']): string[] {
  return problems.map(({ host, role, error }) => {
    const where = [host, role].filter(Boolean).join(' ');
    return `${where}: ${messageOf(error).replace(`${host}: `, '')}`;
  });
}

function servingText(config: Config, before: Observed): string {
  const versions = versionsByHost(before, config);
  const [first, ...others] = [...new Set(versions.map(({ version }) => version))];
  if (first === undefined) return 'nothing served before, and nothing does now';
  if (others.length === 0) return `every machine serves ${abbreviateVersion(first)} as before`;
  return `as before, ${versions.map(({ host, version }) => `${host} serves ${abbreviateVersion(version)}`).join(', ')}`;
}
