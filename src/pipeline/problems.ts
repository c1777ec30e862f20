import type { Observed } from '../observe/observed.ts';
import type { Plan } from '../plan/plan.ts';
import { shortagesOf } from '../plan/room.ts';
import { accessoriesAhead } from './accessories/refuse.ts';
import { stories } from './accessories/stories.ts';
import type { Fleet } from './fleet.ts';
import { machineProblems, spaceProblem } from './preflight.ts';
import { refusalsOf, strangersAmong } from './refusals.ts';
import type { Session } from './session.ts';

/** What stops a deploy of this plan, and what stops one that applies what accessories differ in; and what may be meant. */
export async function problemsOf(
  session: Session,
  fleet: Fleet,
  { plan, observed }: { plan: Plan; observed: Observed },
): Promise<{ problems: string[]; told: readonly string[] }> {
  const ahead = accessoriesAhead(session, stories.apply({ names: [] }), observed);
  const [deploy, more] = await Promise.all([
    refusalsOf(session, fleet, { observed, plans: [plan] }),
    refusalsOf(session, fleet, { observed, plans: [ahead.plan] }),
  ]);
  const machines = plan.stages.length === 0 ? [] : ofMachines(session, { plan, observed });
  const reasons = [...machines, ...strangersAmong(session, observed), ...deploy.open, ...deploy.refused];
  const later = [...ahead.reasons, ...more.refused].filter((reason) => !reasons.includes(reason));
  return {
    problems: [
      ...reasons.map((reason) => `${reason}; a deploy stops here`),
      ...later.map((reason) => `${reason}; \`deploy --accessories\` stops here`),
    ],
    told: deploy.told,
  };
}

/** What would be refused of the machines themselves, before the build. */
function ofMachines(session: Session, { plan, observed }: { plan: Plan; observed: Observed }): string[] {
  const short = shortagesOf(session.config, observed, plan).map((one) => spaceProblem(session, one));
  return [...machineProblems(session, observed), ...short].map(({ message, details }) =>
    details.length === 0 ? message : `${message} (${details.join('; ')})`,
  );
}
