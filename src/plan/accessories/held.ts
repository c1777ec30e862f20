import type { Accessory } from '../../config/config-accessory.ts';
import { replacedName } from '../../containers/names.ts';
import type { ObservedContainer, ObservedHost } from '../../observe/observed.ts';

/** An accessory whose new image ran and may have changed the data on disk: a person decides. */
export interface Held {
  readonly host: string;
  readonly name: string;
  readonly service: string;
  /** The container that ran before, under the name it has now. */
  readonly old: string;
  /** The id of the new one, stopped. */
  readonly failed: string;
  /** Files that it would not find as they were, with what was there beside them. */
  readonly formers: readonly string[];
  /** As in `docker run --restart`: what Docker is to do with each by itself, once a person has decided for it. */
  readonly policies: { readonly old: string; readonly failed: string };
  readonly because: string;
}

/** What a failed replacement has left for a person to decide; undefined when there is no such thing on this machine. */
export function heldOn({ host, containers, accessories }: ObservedHost, accessory: Accessory): Held | undefined {
  const { name, service, restartPolicy } = accessory;
  const failed = containers.find((one) => one.name === service && (one.state === 'exited' || one.state === 'dead'));
  const old = containers
    .filter((one) => one.labels['service'] === service && one.name.startsWith(replacedName(service, '')))
    .toSorted((a, b) => b.createdSeconds - a.createdSeconds)[0];
  const because = failed === undefined || old === undefined ? undefined : whyHeld(accessory, old, failed);
  if (failed === undefined || old === undefined || because === undefined) return undefined;
  const { formers = [] } = accessories.find((one) => one.name === name) ?? {};
  const policies = { old: restartPolicy, failed: restartPolicy };
  return { host, name, service, old: old.name, failed: failed.id.slice(0, 12), formers, policies, because };
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
