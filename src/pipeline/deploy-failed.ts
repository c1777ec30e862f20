import { Failure, messageOf } from '../errors.ts';
import { execute, type Outcome } from '../execute/execute.ts';
import { hookConfigOf, hostsFor } from '../hooks/hooks.ts';
import { describe } from '../plan/describe.ts';
import { thisMachine, type FailedRun } from '../plan/plan.ts';
import { deployFailedStages, endOfNotes } from '../plan/unfinished.ts';
import type { Deployment } from './carry-out.ts';
import { executionBack } from './execution.ts';
import type { Ended } from './go-back.ts';

/**
 * Once pre-deploy had begun, runs the deploy-failed hook, still under the lock. @returns what to throw: the failure itself, or exit 6
 * where what pre-deploy did on machines remains
 */
export async function afterFailure(deployment: Deployment, ended: Ended, thrown: unknown): Promise<unknown> {
  const { outcome } = ended;
  // Whoever has the lock now does so first of all.
  if (await deployment.lock.isTaken()) return thrown;
  const ofDeadRun = outcome.problems.flatMap(({ step, error }) =>
    step.kind === 'run-hook' && step.failed !== undefined ? [{ failed: step.failed, error }] : [],
  )[0];
  if (ofDeadRun !== undefined) {
    return unsettled(deployment, thrown, { ...ofDeadRun.failed, why: `deploy-failed: ${messageOf(ofDeadRun.error)}` });
  }
  const begun = outcome.hooksBegun.filter(({ hook }) => hook === 'pre-deploy');
  const [first] = begun;
  if (first === undefined) {
    // Whoever comes next would take the note for a dead run's.
    if (outcome.noted.length > 0) await endNotes(deployment, ended, outcome.noted);
    return thrown;
  }
  const hookedHosts = [...new Set(begun.map(({ host }) => host))].filter((host) => host !== thisMachine);
  const failed: FailedRun = {
    command: deployment.command,
    version: deployment.version,
    step: failedStep(outcome),
    exitStatus: thrown instanceof Failure ? thrown.exitStatus : 1,
    hookedHosts,
  };
  const why = await runDeployFailed(deployment, ended, { failed, hosts: first.hosts });
  return why === undefined ? thrown : unsettled(deployment, thrown, { hookedHosts, why });
}

async function endNotes({ session, fleet, lock, version }: Deployment, { execution }: Ended, hosts: readonly string[]) {
  const { config, selected } = session;
  const stages = endOfNotes(
    selected,
    [...new Set(hosts)].filter((host) => fleet.hosts.has(host)),
  );
  const undisturbed = executionBack(execution, { session, fleet, version, lock });
  await execute({ service: config.service, version, stages, notes: [] }, 'after the failure', undisturbed);
}

/** @returns why what pre-deploy did may remain; undefined when nothing does, or there was no machine that it ran on */
async function runDeployFailed(
  { session, fleet, lock, version }: Deployment,
  { execution }: Ended,
  { failed, hosts }: { failed: FailedRun; hosts: readonly string[] },
): Promise<string | undefined> {
  const { selected, config, hooks, run } = session;
  const reached = [config.primaryHost, ...hosts].filter((host) => fleet.hosts.has(host));
  const stages = deployFailedStages({
    config: selected,
    hosts: [...new Set(reached)],
    hooks,
    failed,
    because: 'the run did not come to its end',
  });
  const plan = { service: config.service, version: failed.version, stages, notes: [] };
  // What Ctrl-C began is taken back all the same; only another run that has the lock stops it.
  const undisturbed = executionBack(execution, { session, fleet, version, lock });
  const { problems, result } = await execute(plan, 'after the failure', undisturbed);
  const isThere = hooks.has('deploy-failed');
  if (!isThere)
    return failed.hookedHosts.length === 0 ? undefined : `there is no hook ${config.hooksPath}/deploy-failed`;
  const [problem] = problems;
  if (problem !== undefined) return `deploy-failed: ${messageOf(problem.error)}`;
  if (result !== 'done') return 'deploy-failed was not run to its end';
  const away = hostsFor(hookConfigOf(config, 'deploy-failed'), selected).filter(
    (host) => hosts.includes(host) && !reached.includes(host),
  );
  if (away.length === 0) return undefined;
  run.emit({ type: 'warning', text: `deploy-failed did not run on ${away.join(', ')}, which cannot be reached` });
  return `deploy-failed: ${away.join(', ')} cannot be reached`;
}

function failedStep({ problems, result }: Outcome): string {
  const [first] = problems;
  if (first === undefined) return result === 'interrupted' ? 'interrupted' : 'the last look at the routes';
  return `${[first.host, first.role].filter(Boolean).join(' ')}: ${describe(first.step)}`;
}

function unsettled(
  { session: { config, run } }: Deployment,
  thrown: unknown,
  { hookedHosts, why }: Pick<FailedRun, 'hookedHosts'> & { why: string },
): unknown {
  const where = hookedHosts.length === 0 ? 'here' : `on ${hookedHosts.join(', ')}`;
  const remains = `what the pre-deploy hook did ${where} remains`;
  if (!(thrown instanceof Failure)) {
    run.emit({ type: 'warning', text: `${remains}: ${why}` });
    return thrown;
  }
  const hint = `Undo ${where} what ${config.hooksPath}/pre-deploy did; a hook called deploy-failed does so by itself.`;
  return new Failure('deploy-unsettled', `${thrown.message}; ${remains}`, {
    details: [why, ...thrown.details],
    hint: [hint, thrown.hint].filter((text) => text !== undefined).join(' '),
    cause: thrown,
  });
}
