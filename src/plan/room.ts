import type { Config } from '../config/config.ts';
import type { Observed, ObservedHost } from '../observe/observed.ts';
import { observedHost } from './current.ts';
import type { Lane, Plan, Step } from './plan.ts';
import { stage } from './prepare.ts';
import { pruneOf } from './prune.ts';

/** A machine on which an image that has to be pulled may not fit. */
export interface Shortage {
  readonly host: string;
  readonly freeBytes: number;
  readonly neededBytes: number;
  /** What may be removed to make room: old containers and images, none of which serves. */
  readonly removable: readonly Step[];
  /** At most freed by that, as images share layers. */
  readonly removableBytes: number;
}

const leastFreeBytes = 256 * 1024 * 1024;

/** A new image is taken to need as much as the largest one of this service that is there. */
export function shortagesOf(config: Config, observed: Observed, plan: Plan): Shortage[] {
  return pulling(plan).flatMap((name): Shortage[] => {
    const host = observedHost(observed, name);
    const own = host.images.filter(({ labels }) => labels['service'] === config.service);
    const neededBytes = Math.max(leastFreeBytes, ...own.map(({ bytes }) => bytes));
    if (host.freeBytes >= neededBytes) return [];
    const removable = removableOn(host, config, plan);
    const names = new Set(removable.flatMap((step) => (step.kind === 'remove-image' ? [step.image] : [])));
    const freed = own.filter(({ id, tags }) => [id, ...tags].some((one) => names.has(one)));
    const removableBytes = freed.reduce((sum, { bytes }) => sum + bytes, 0);
    return [{ host: name, freeBytes: host.freeBytes, neededBytes, removable, removableBytes }];
  });
}

/** The plan with room made first on the machines that are short of it, and looked whether it is enough before anything else. */
export function withRoom(plan: Plan, shortages: readonly Shortage[]): Plan {
  const lanes = shortages.map(({ host, neededBytes, removable }): Lane => ({
    host,
    steps: [...removable, { kind: 'check-space', bytes: neededBytes, because: 'the image has to fit' }],
  }));
  return { ...plan, stages: [...stage('Make room', lanes), ...plan.stages] };
}

function pulling({ stages }: Plan): string[] {
  const lanes = stages.flatMap((one) => one.lanes);
  return [
    ...new Set(lanes.filter(({ steps }) => steps.some(({ kind }) => kind === 'pull-image')).map(({ host }) => host)),
  ];
}

/** What serves now, and what the plan itself has to do with, stays. */
function removableOn(host: ObservedHost, config: Config, { version, stages }: Plan): Step[] {
  const lanes = stages.flatMap((one) => one.lanes).filter((lane) => lane.host === host.host);
  const named = lanes.flatMap(({ steps }) => steps.flatMap((step) => ('container' in step ? [step.container.id] : [])));
  const containers = host.containers.map((one) => (named.includes(one.id) ? { ...one, state: 'running' } : one));
  const kept = { version, wayBack: undefined, stopping: [], decisions: [] };
  const prune = pruneOf({ ...host, containers }, { ...config, retainContainers: 0 }, kept);
  return [...prune.containers, ...prune.rest.filter(({ kind }) => kind === 'remove-image')].map((step) => ({
    ...step,
    because: '--prune makes room',
  }));
}
