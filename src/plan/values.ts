import type { WantedContainer } from '../app/wanted.ts';
import type { Config } from '../config/config.ts';
import { valueDifferences, type ValueSources } from '../containers/delivery.ts';
import { valuesLabel } from '../containers/names.ts';
import type { Observed } from '../observe/observed.ts';
import { appContainers, isUp, observedHost } from './current.ts';
import type { Decision } from './decide.ts';
import type { Plan, RoleValue } from './plan.ts';

/** Values that Kamal would deliver otherwise, each once for a role; none once the file says how they arrive. */
export function openValues(
  wanted: readonly WantedContainer[],
  secrets: Pick<ValueSources, 'secrets' | 'secretsByKamal'>,
): RoleValue[] {
  const values = wanted
    .filter(({ spec }) => spec.values === undefined)
    .flatMap(({ role, spec }) => valueDifferences(spec, secrets).map((one) => ({ role: role.name, ...one })));
  return [...new Map(values.map((value) => [JSON.stringify(value), value])).values()];
}

/** What to say about them, and which of them a deploy may not decide by itself: an app that Kamal delivered to may have adapted. */
export function planValues(input: {
  config: Config;
  observed: Observed;
  decisions: readonly Decision[];
  open: readonly RoleValue[];
}): Pick<Plan, 'notes' | 'undecided'> {
  const { open } = input;
  if (open.length === 0) return { notes: [] };
  const roles = rolesOverKamals(input);
  const undecided = open.filter(({ role }) => roles.has(role));
  const conclusion =
    undecided.length === 0
      ? 'these values arrive as they are written; `values: exact` in the file says that this is meant'
      : 'a deploy stops here until the file says `values: kamal` or `values: exact`';
  return {
    notes: [...open.map(describeValue), conclusion],
    ...(undecided.length === 0 ? {} : { undecided }),
  };
}

/** `env KEY of web: with Kamal a line break is \\n` */
export function describeValue({ role, what, name, reason }: RoleValue): string {
  return `${what} ${name} of ${role}: with Kamal ${reason}`;
}

/** Roles that get a container on a machine where they run in one that Kamal made. */
function rolesOverKamals({ config, observed, decisions }: Omit<Parameters<typeof planValues>[0], 'open'>): Set<string> {
  const making = decisions.filter(({ action }) => action === 'create' || action === 'replace');
  const overKamals = making.filter(({ wanted: { host, role } }) =>
    appContainers(observedHost(observed, host), config, role.name).some(
      (container) => isUp(container) && container.labels[valuesLabel] === undefined,
    ),
  );
  return new Set(overKamals.map(({ wanted }) => wanted.role.name));
}
