import { publishedBy } from '../ports.ts';
import { isUp } from '../current.ts';
import { isOf } from '../owners.ts';
import type { Step } from '../plan.ts';
import type { ObservedContainer, ObservedHost } from '../../observe/observed.ts';
import type { CollisionRequest } from './collisions.ts';
import { isSameOwner } from './standing.ts';

/**
 * By machine, ids of containers whose ports `docker ps` does not show, as they are stopped: those that plans start, and where plans publish
 * ports, those of other owners. No entry where nobody's ports are touched, so that an ordinary deploy asks nothing more.
 */
export function closerLook({ config, observed, plans }: CollisionRequest): Map<string, string[]> {
  const lanes = plans.flatMap(({ stages }) => stages.flatMap((stage) => stage.lanes));
  return new Map(
    observed.hosts.flatMap((host): [string, string[]][] => {
      const steps = lanes.filter((lane) => lane.host === host.host).flatMap((lane) => lane.steps);
      const started = startedBy(steps, host);
      const open = started.filter(({ atStart }) => atStart === undefined);
      const publishes = steps.some(publishesPorts) || started.some(({ atStart }) => (atStart?.ports.length ?? 0) > 0);
      if (!publishes && open.length === 0) return [];
      const others = host.containers.filter(
        (one) => !isUp(one) && one.atStart === undefined && !isOf(one, config) && !isReplaced(one, host),
      );
      return [[host.host, [...new Set([...open, ...others].map(({ id }) => id))]]];
    }),
  );
}

function publishesPorts(step: Step): boolean {
  if (step.kind !== 'create-container' && step.kind !== 'boot-proxy') return false;
  return publishedBy(step.spec).some(({ ports }) => ports.length > 0);
}

function startedBy(steps: readonly Step[], { containers }: ObservedHost): ObservedContainer[] {
  const ids = steps.flatMap((step) => (step.kind === 'start-container' ? (step.container.id ?? []) : []));
  const startsProxy = steps.some(({ kind }) => kind === 'start-proxy');
  return containers.filter(
    (one) => !isUp(one) && (ids.includes(one.id) || (startsProxy && one.name === 'kamal-proxy')),
  );
}

function isReplaced(container: ObservedContainer, { containers }: ObservedHost): boolean {
  return (
    container.labels['service'] !== undefined && containers.some((one) => isUp(one) && isSameOwner(one, container))
  );
}
