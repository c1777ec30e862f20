import { Failure, messageOf } from '../errors.ts';
import { execute, type Outcome } from '../execute/execute.ts';
import type { Host } from '../hosts/host.ts';
import type { Plan } from '../plan/plan.ts';
import { planDeadRun, planWaking } from '../plan/settle.ts';
import { executionFor } from './execution.ts';
import { fleetOf } from './fleet.ts';
import type { HeldLock } from './held-lock.ts';
import type { Session } from './session.ts';
import { together } from './together.ts';

/**
 * First of all after a take-over, on every machine of the file that can be reached: what the dead run left quiet takes jobs again, and its
 * deploy-failed hook runs, whose secrets are fetched only when it does. @throws Failure `deploy-unsettled` where that hook fails
 */
export async function settleDead(from: Session, lock: HeldLock, version: string): Promise<void> {
  const hosts = await ready(await lock.everywhere());
  const fleet = fleetOf(from, new Map(hosts.map((host) => [host.name, host])));
  const seen = { config: from.config, version, observed: await fleet.observe({}) };
  const carryOut = async (session: Session, plan: Plan) => {
    for (const text of plan.notes) session.run.emit({ type: 'note', text });
    if (plan.stages.length === 0) return;
    const execution = executionFor(session, fleet, { ...seen, lock });
    check(session, await execute(plan, 'what a run that was cut off left', execution));
  };
  const planFor = ({ hooks, origin }: Session) => planDeadRun({ ...seen, hooks, origin });
  await carryOut(from, planWaking(seen));
  if (planFor(from).stages.length === 0) return;
  if (from.run.signal.aborted) throw interrupted(from);
  const session = await from.forDeadRun();
  await carryOut(session, planFor(session));
}

function interrupted({ run }: Session): Failure {
  return new Failure('interrupted', `${run.command} was interrupted`);
}

function check(session: Session, { problems, result }: Outcome): void {
  const [hook] = problems.flatMap(({ step, error }) =>
    step.kind === 'run-hook' && step.failed !== undefined ? [{ failed: step.failed, error }] : [],
  );
  if (hook !== undefined) throw unsettled(session, hook);
  if (result === 'interrupted') throw interrupted(session);
  if (result !== 'done')
    throw together(
      problems.map(({ error }) => error),
      'Nothing else was changed.',
    );
}

/** One whose Docker does not answer, or is not there, stops nobody who has no business on it; its note stays for whoever comes next. */
async function ready(hosts: readonly Host[]): Promise<Host[]> {
  const asked = hosts.map((host) =>
    host.docker.info().then(
      () => [host],
      (error: unknown) => {
        if (error instanceof Failure) return [];
        throw error;
      },
    ),
  );
  return (await Promise.all(asked)).flat();
}

function unsettled(
  { config, typed, run }: Session,
  { failed, error }: { failed: { readonly hookedHosts: readonly string[] }; error: unknown },
): Failure {
  const where = failed.hookedHosts.length === 0 ? 'here' : `on ${failed.hookedHosts.join(', ')}`;
  const text = `The deploy-failed hook of a run that was cut off failed; what the pre-deploy hook did ${where} remains`;
  return new Failure('deploy-unsettled', text, {
    details: [messageOf(error), 'Nothing else was changed.'],
    hint: `Mend ${config.hooksPath}/deploy-failed and type \`${typed(run.command)}\`, which runs it again first.`,
  });
}
