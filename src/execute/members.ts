import { Failure } from '../errors.ts';
import type { Step } from '../plan/plan.ts';
import { hostOf, type Execution } from './execution.ts';

/** Looks at the other machines right before one is stopped: they may have died since the plan was made. @throws Failure `accessory-down` */
export async function checkMembers(
  { name: container, hosts, command }: Extract<Step, { kind: 'check-members' }>,
  execution: Execution,
): Promise<void> {
  const away = await Promise.all(
    hosts.map(async (name) => {
      const found = await hostOf(execution, name).docker.inspectContainer(container);
      if (found === undefined) return [`it is not on ${name}`];
      const { Running, Restarting, Status, Health } = found.State;
      if (!Running || Restarting) return [`on ${name} it is ${Status}`];
      return Health?.Status === 'unhealthy' ? [`on ${name} it is unhealthy`] : [];
    }),
  );
  if (away.flat().length === 0) return;
  const why = `one more of ${container} would be down with it, as ${away.flat().join(', ')}`;
  throw new Failure('accessory-down', `it was not stopped: ${why}; type \`${command}\` first`);
}
