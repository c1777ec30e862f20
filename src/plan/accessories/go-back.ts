import type { WantedAccessory } from '../../accessories/wanted.ts';
import type { Config } from '../../config/config.ts';
import type { Observed, ObservedContainer } from '../../observe/observed.ts';
import { isUp } from '../current.ts';
import { reference } from '../decide.ts';
import type { Lane, Plan, Step } from '../plan.ts';
import { stage } from '../prepare.ts';
import { lane, planOf } from './boot.ts';
import { currentOf, meet, type Met } from './current.ts';
import { bootSteps, stopStep } from './steps.ts';

/** An accessory whose new image ran and may have changed the data on disk: a person decides. */
export interface Held {
  readonly host: string;
  readonly name: string;
  readonly service: string;
  /** The container that ran before, under the name it has now. */
  readonly old: string;
  /** The id of the new one, stopped. */
  readonly failed: string;
  readonly because: string;
}

/**
 * After a replacement that failed: brings the old container of each accessory back, as it was, unless a new image ran with a writable
 * mount. Then it may have changed what the old one reads, so the new one is stopped and both are kept. One whose old container is gone
 * was replaced to the end, and is left alone: stopping it would take another member away. So is one that is new and healthy.
 */
export function planAccessoryGoBack(input: {
  config: Config;
  wanted: readonly WantedAccessory[];
  before: Observed;
  now: Observed;
  /** Lanes of the plan that failed which were not walked to their end. */
  left: readonly Lane[];
}): { plan: Plan; held: readonly Held[]; replaced: readonly string[]; made: readonly string[] } {
  const { config, wanted } = input;
  const was = meet(wanted, input.before);
  const all = meet(wanted, input.now).map((met, index) => {
    return verdictOn(met, { before: currentOf(was[index] ?? met), isProven: isProven(met, input.left) });
  });
  const stages = [
    ...stage(
      'Stop',
      all.map(({ met, stops }) => lane(met, stops)),
    ),
    ...stage(
      'Bring back',
      all.map(({ met, old, failed }) => lane(met, old === undefined ? [] : backSteps(met, { old, failed, config }))),
    ),
  ];
  return {
    plan: planOf(config, stages, []),
    held: all.flatMap(({ held }) => held ?? []),
    replaced: all.flatMap(({ replaced }) => replaced ?? []),
    made: all.flatMap(({ made }) => made ?? []),
  };
}

interface Verdict {
  readonly met: Met;
  readonly stops: readonly Step[];
  /** To be brought back; absent: nothing is, because nothing has to or because a person decides. */
  readonly old?: ObservedContainer;
  readonly failed?: ObservedContainer;
  readonly held?: Held;
  /** `dal-01: cache`, of one that had been replaced before another one failed. */
  readonly replaced?: string;
  /** The same of one that there was none of, and that got healthy. */
  readonly made?: string;
}

function isProven({ wanted }: Met, left: readonly Lane[]): boolean {
  const proofs: readonly Step['kind'][] = ['start-container', 'wait-until-healthy', 'send-traffic'];
  return !left.some(
    ({ host, role, steps }) =>
      host === wanted.host && role === wanted.accessory.name && steps.some(({ kind }) => proofs.includes(kind)),
  );
}

function verdictOn(
  met: Met,
  { before, isProven }: { before: ObservedContainer | undefined; isProven: boolean },
): Verdict {
  const { wanted, host } = met;
  const old = host.containers.find(({ id }) => id === before?.id);
  const failed = host.containers.find(
    ({ id, name, labels }) =>
      id !== before?.id &&
      labels['service'] === wanted.spec.name &&
      (name === wanted.spec.name || name.startsWith(`${wanted.spec.name}_next_`)),
  );
  if (before !== undefined && old === undefined) {
    return { met, stops: [], replaced: `${wanted.host}: ${wanted.accessory.name}` };
  }
  if (before === undefined && failed !== undefined && isUp(failed) && isProven) {
    return { met, stops: [], made: `${wanted.host}: ${wanted.accessory.name}` };
  }
  const stops = failed !== undefined && isUp(failed) ? [stopStep(met, failed, 'it did not get healthy')] : [];
  if (old === undefined) return { met, stops };
  if (isUp(old) && old.name === wanted.spec.name)
    return { met, stops, old, ...(failed === undefined ? {} : { failed }) };
  const because = failed === undefined ? undefined : whyHeld(met, old, failed);
  if (failed === undefined || because === undefined)
    return { met, stops, old, ...(failed === undefined ? {} : { failed }) };
  const { name, service } = wanted.accessory;
  return {
    met,
    stops,
    held: { host: wanted.host, name, service, old: old.name, failed: failed.id.slice(0, 12), because },
  };
}

function whyHeld({ wanted }: Met, old: ObservedContainer, failed: ObservedContainer): string | undefined {
  if (failed.state === 'created' || failed.imageId === old.imageId || wanted.accessory.revert) return undefined;
  const writable = failed.mounts.filter(({ type, isWritable }) => isWritable && type !== 'tmpfs');
  if (writable.length === 0) return undefined;
  const brought = wanted.accessory.files.map(({ remote }) => remote);
  const data = writable.filter(({ destination }) => !brought.includes(destination));
  const changed = data.length === 0 ? writable : data;
  return `the new image ran, and may have changed ${changed.map(({ name, source }) => name ?? source).join(', ')}`;
}

function backSteps(
  met: Met,
  { old, failed, config }: { old: ObservedContainer; failed: ObservedContainer | undefined; config: Config },
): Step[] {
  const { name } = met.wanted.spec;
  const because = 'it ran before';
  const container = { id: old.id, name };
  return [
    ...(failed === undefined
      ? []
      : [{ kind: 'remove-container', container: reference(failed), because: 'it did not make it' } as const]),
    ...(old.name === name
      ? []
      : [{ kind: 'rename-container', container: reference(old), name, because: 'its name before' } as const]),
    ...(isUp(old) ? [] : bootSteps(met, { container, config, because })),
  ];
}
