import type { Config, ProxyRoute } from '../config/config.ts';
import type { SmokeCheck } from '../config/config-phases.ts';
import type { Observed } from '../observe/observed.ts';
import { observedHost, routeOf } from './current.ts';
import { bootSteps, reference, type Decision } from './decide.ts';
import { oldContainers } from './replaced.ts';
import type { ContainerRef, Step } from './plan.ts';

interface Smoke {
  readonly config: Config;
  readonly observed: Observed;
  /** Containers that nobody has seen at work yet. */
  readonly unproven: ReadonlySet<string>;
}

/** What a new container has to answer before what it replaces is stopped; also after a run that was cut off in between. */
export function smokeSteps(decision: Decision, { config, observed, unproven }: Smoke): Step[] {
  const { wanted, action, existing } = decision;
  const host = observedHost(observed, wanted.host);
  const isOver = bootSteps(decision, config).length === 0 && oldContainers(decision, host, config).length === 0;
  if (isOver && !(existing !== undefined && unproven.has(existing.id))) return [];
  const container = action === 'keep' || action === 'start' ? existing && reference(existing) : undefined;
  return wanted.role.smoke
    .filter(({ kind }) => kind === 'command' || !isInMaintenance(decision, { config, observed }))
    .map((check) => stepOf(check, container ?? { name: wanted.spec.name }, wanted.role.proxy));
}

/** Requests that are left out, in words. */
export function smokeNotes(decisions: readonly Decision[], where: Pick<Smoke, 'config' | 'observed'>): string[] {
  return decisions
    .filter((decision) => decision.wanted.role.smoke.some(({ kind }) => kind === 'request'))
    .filter((decision) => isInMaintenance(decision, where))
    .map(({ wanted: { host, role } }) => `${host}: ${role.name} is in maintenance, so no smoke request is made there`);
}

/** The proxy answers by itself then, whatever the new version would. */
function isInMaintenance(
  { wanted: { host, role } }: Decision,
  { config, observed }: Pick<Smoke, 'config' | 'observed'>,
) {
  return routeOf(observedHost(observed, host), config, role.name)?.paused === true;
}

function stepOf(check: SmokeCheck, container: ContainerRef, route: ProxyRoute | undefined): Step {
  const because = 'it has to answer before what it replaces is stopped';
  const { timeoutSeconds } = check;
  if (check.kind === 'command')
    return { kind: 'smoke-command', container, words: check.words, timeoutSeconds, because };
  const host = check.host ?? route?.hosts[0];
  return {
    kind: 'smoke-request',
    container,
    scheme: route?.ssl === true ? 'https' : 'http',
    ...(host === undefined ? {} : { host }),
    path: check.path,
    ...(check.status === undefined ? {} : { status: check.status }),
    timeoutSeconds,
    because,
  };
}
