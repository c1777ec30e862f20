import type { Accessory } from '../../config/config-accessory.ts';
import { replacedName } from '../../containers/names.ts';
import type { ObservedContainer, ObservedHost } from '../../observe/observed.ts';
import { isUp } from '../current.ts';

/** An accessory whose new image ran and may have changed the data on disk: a person decides. */
export interface Held {
  readonly host: string;
  readonly name: string;
  readonly service: string;
  /** The container that ran before, under the name it has now. */
  readonly old: string;
  /** The id of the new one. */
  readonly failed: string;
  /** Whether that one is stopped, and no engine starts it. */
  readonly isDown: boolean;
  /** Files that the old one would not find as they were, with what was there beside them. */
  readonly formers: readonly string[];
  /** As in `docker run --restart`: what Docker is to do with each by itself, once a person has decided for it. */
  readonly policies: { readonly old: string; readonly failed: string };
  readonly because: string;
}

/** The two containers of a replacement that a person would have to decide about, if the new one failed. */
export interface Undecided {
  readonly old: ObservedContainer;
  readonly failed: ObservedContainer;
  readonly because: string;
}

/** What a failed replacement has left for a person to decide; undefined when there is no such thing on this machine. */
export function heldOn(observed: ObservedHost, accessory: Accessory): Held | undefined {
  const undecided = undecidedOn(observed, accessory);
  if (undecided === undefined) return undefined;
  const { old, failed, because } = undecided;
  const one = observed.accessories.find(({ name }) => name === accessory.name);
  const { givenUp, container, formers = [] } = one ?? {};
  // A run that gives one up says so by its restart policy.
  const isGivenPolicy = container?.atStart?.restartPolicy === 'no';
  // One that only does not run may have been well for long: a run that was cut off saw neither.
  if (givenUp === undefined && (isUp(failed) || !isGivenPolicy)) return undefined;
  const { name, service, restartPolicy } = accessory;
  return {
    host: observed.host,
    name,
    service,
    old: old.name,
    failed: failed.id.slice(0, 12),
    isDown: !isUp(failed) && isGivenPolicy,
    formers,
    policies: { old: restartPolicy, failed: restartPolicy },
    because: [because, whyFailed(failed, givenUp) ?? []].flat().join(', and '),
  };
}

function whyFailed(failed: ObservedContainer, givenUp: string | undefined): string | undefined {
  return isUp(failed) ? `it runs but is not healthy: ${givenUp}` : givenUp;
}

export function undecidedOn({ containers }: ObservedHost, accessory: Accessory): Undecided | undefined {
  const { service } = accessory;
  const failed = containers.find((one) => one.name === service);
  const old = containers
    .filter((one) => one.labels['service'] === service && one.name.startsWith(replacedName(service, '')))
    .toSorted((a, b) => b.createdSeconds - a.createdSeconds)[0];
  const because = failed === undefined || old === undefined ? undefined : whyHeld(accessory, old, failed);
  return failed === undefined || old === undefined || because === undefined ? undefined : { old, failed, because };
}

export function whyHeld(accessory: Accessory, old: ObservedContainer, failed: ObservedContainer): string | undefined {
  if (failed.state === 'created' || failed.imageId === old.imageId || accessory.revert) return undefined;
  const writable = failed.mounts.filter(({ type, isWritable }) => isWritable && type !== 'tmpfs');
  if (writable.length === 0) return undefined;
  const brought = accessory.files.map(({ remote }) => remote);
  const data = writable.filter(({ destination }) => !brought.includes(destination));
  const changed = data.length === 0 ? writable : data;
  return `the new image ran, and may have changed ${changed.map(({ name, source }) => name ?? source).join(', ')}`;
}
