import { Failure, messageOf } from '../errors.ts';
import { execute } from '../execute/execute.ts';
import type { Host } from '../hosts/host.ts';
import { planSettle } from '../plan/settle.ts';
import { executionFor } from './execution.ts';
import { fleetOf } from './fleet.ts';
import type { HeldLock } from './held-lock.ts';
import type { Session } from './session.ts';
import { together } from './together.ts';

/**
 * First of all after a take-over, on every machine of the file that can be reached: what the dead run left quiet takes jobs again, and its
 * deploy-failed hook runs. @throws Failure `deploy-unsettled` where that hook fails
 */
export async function settleDead(from: Session, lock: HeldLock, version: string): Promise<void> {
  const session = await from.forDeadRun();
  const { config, run, hooks, origin } = session;
  const hosts = await ready(await lock.everywhere());
  const fleet = fleetOf(session, new Map(hosts.map((host) => [host.name, host])));
  const observed = await fleet.observe({});
  const plan = planSettle({ config, version, observed, hooks, origin });
  for (const text of plan.notes) run.emit({ type: 'note', text });
  if (plan.stages.length === 0) return;
  const execution = executionFor(session, fleet, { version, observed, lock });
  const { problems, result } = await execute(plan, 'what a run that was cut off left', execution);
  const [hook] = problems.flatMap(({ step, error }) =>
    step.kind === 'run-hook' && step.failed !== undefined ? [{ failed: step.failed, error }] : [],
  );
  if (hook !== undefined) throw unsettled(session, hook);
  if (result === 'interrupted') throw new Failure('interrupted', `${run.command} was interrupted`);
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
