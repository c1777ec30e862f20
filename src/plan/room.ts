import type { Config } from '../config/config.ts';
import { imageOf } from '../containers/names.ts';
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
  /** What was counted, to follow `needs …`. */
  readonly counted: string;
  /** What may be removed to make room: old containers and images, none of which serves. */
  readonly removable: readonly Step[];
  /** At most freed by that, as images share layers. */
  readonly removableBytes: number;
  /** Needed after that: more, where layers of the new image go with it. */
  readonly neededThenBytes: number;
}

/** The layers of the new image, and of what a machine has; the lowest is the first. */
export interface KnownLayers {
  readonly ids: readonly string[];
  /** As they travel, in the same order. */
  readonly bytes: readonly number[];
  /** By the id of an image that is there. */
  readonly there: ReadonlyMap<string, readonly string[]>;
}

const leastFreeBytes = 256 * 1024 * 1024;
/** What gzip makes a third of; for a moment both are on the disk. */
const unpackedFactor = 3;

/**
 * By host, what is known of the layers there; where nothing is, as before the build, the new image is taken to need as much as the
 * largest one of this service.
 */
export function shortagesOf(
  config: Config,
  observed: Observed,
  plan: Plan,
  layers: ReadonlyMap<string, KnownLayers> = new Map(),
): Shortage[] {
  return pulling(plan).flatMap((name): Shortage[] => {
    const host = observedHost(observed, name);
    const known = pulls(plan, name, imageOf(config, plan.version)) ? layers.get(name) : undefined;
    const own = host.images.filter(({ labels }) => labels['service'] === config.service);
    const need = (gone: readonly string[]) => (known === undefined ? likeOthers(own) : byLayers(known, gone));
    const { bytes: neededBytes, counted } = need([]);
    if (host.freeBytes >= neededBytes) return [];
    const removable = removableOn(host, config, plan);
    const names = new Set(removable.flatMap((step) => (step.kind === 'remove-image' ? [step.image] : [])));
    const freed = own.filter(({ id, tags }) => [id, ...tags].some((one) => names.has(one)));
    const removableBytes = freed.reduce((sum, { bytes }) => sum + bytes, 0);
    const { bytes: neededThenBytes } = need(freed.map(({ id }) => id));
    return [
      { host: name, freeBytes: host.freeBytes, neededBytes, counted, removable, removableBytes, neededThenBytes },
    ];
  });
}

interface Need {
  readonly bytes: number;
  readonly counted: string;
}

function likeOthers(own: ObservedHost['images']): Need {
  const bytes = Math.max(leastFreeBytes, ...own.map((image) => image.bytes));
  const counted = bytes === leastFreeBytes ? 'the least that is counted' : 'as the largest that is there';
  return { bytes, counted: `${counted} before its layers are known` };
}

/** An engine takes over the layers that another image begins with, too. */
function byLayers({ ids, bytes, there }: KnownLayers, gone: readonly string[]): Need {
  const shared = [...there].map(([image, others]) => {
    const end = gone.includes(image) ? 0 : ids.findIndex((id, index) => id !== others[index]);
    return end === -1 ? ids.length : end;
  });
  const missing = bytes.slice(Math.max(0, ...shared));
  const download = missing.reduce((sum, one) => sum + one, 0);
  return {
    bytes: download * (1 + unpackedFactor),
    counted: `${missing.length} of its ${bytes.length} layers are not there, ${megabytes(download)} to download and about ${megabytes(download * unpackedFactor)} unpacked`,
  };
}

export function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1024 / 1024)} MB`;
}

/** The plan with room made first on the machines that are short of it, and looked whether it is enough before anything else. */
export function withRoom(plan: Plan, shortages: readonly Shortage[]): Plan {
  const lanes = shortages.map(({ host, neededThenBytes, removable }): Lane => ({
    host,
    steps: [...removable, { kind: 'check-space', bytes: neededThenBytes, because: 'the image has to fit' }],
  }));
  return { ...plan, stages: [...stage('Make room', lanes), ...plan.stages] };
}

function pulling({ stages }: Plan): string[] {
  const lanes = stages.flatMap((one) => one.lanes);
  return [
    ...new Set(lanes.filter(({ steps }) => steps.some(({ kind }) => kind === 'pull-image')).map(({ host }) => host)),
  ];
}

function pulls({ stages }: Plan, host: string, image: string): boolean {
  const lanes = stages.flatMap((one) => one.lanes).filter((lane) => lane.host === host);
  return lanes.some(({ steps }) => steps.some((step) => step.kind === 'pull-image' && step.image === image));
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
