import type { WantedAccessory } from '../../accessories/wanted.ts';
import type { Config } from '../../config/config.ts';
import type { Observed } from '../../observe/observed.ts';
import { bootSteps, type Decision } from '../decide.ts';
import type { Plan, WaitingRole } from '../plan.ts';
import { meet, type Met } from './current.ts';
import { runCommand, whyAway } from './drift.ts';
import { heldOn } from './held.ts';

/**
 * Roles that are to start, or to get traffic, and must not: an accessory they depend on is not there, does not run or is not healthy, on
 * their own machine where it has a container there, else on all of its machines. What nobody looked at holds nothing up.
 */
export function waitingRoles(
  { config, needed = [], observed }: { config: Config; needed?: readonly WantedAccessory[]; observed: Observed },
  decisions: readonly Decision[],
): Pick<Plan, 'waiting'> {
  const all = meet(
    needed.filter((one) => wasLookedAt(one, observed)),
    observed,
  );
  const booting = decisions.filter((decision) => bootSteps(decision, config).length > 0);
  const waiting = booting.flatMap(({ wanted: { role, host } }) =>
    role.dependsOn.flatMap((name) => {
      const members = all.filter(({ wanted }) => wanted.accessory.name === name);
      const near = members.filter(({ wanted }) => wanted.host === host);
      const down = (near.length > 0 ? near : members).map((met) => waitingFor(role.name, met));
      return down.every((one) => one !== undefined) ? down : [];
    }),
  );
  const once = [...new Map(waiting.map((one) => [JSON.stringify(one), one])).values()];
  return once.length === 0 ? {} : { waiting: once };
}

/** `web depends on db, and on dal-01 it does not run (Exited (1))` */
export function describeWaiting({ role, accessory, host, because }: WaitingRole): string {
  return `${role} depends on ${accessory}, and on ${host} ${because}`;
}

function wasLookedAt({ host, accessory }: WantedAccessory, { hosts }: Observed): boolean {
  return hosts.some((one) => one.host === host && one.accessories.some(({ name }) => name === accessory.name));
}

function waitingFor(role: string, met: Met): WaitingRole | undefined {
  const { host, accessory } = met.wanted;
  const held = heldOn(met.host, accessory);
  if (held !== undefined) {
    const because = `a person has to decide about it: ${held.because}`;
    return { role, accessory: accessory.name, host, because, command: '', held };
  }
  const down = whyAway(met);
  const because = down ?? met.observed.unhealthy;
  if (because === undefined) return undefined;
  const command = down === undefined ? `accessory logs ${accessory.name}` : runCommand(met);
  return { role, accessory: accessory.name, host, because, command };
}
