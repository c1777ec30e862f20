import type { WantedAccessory } from '../../accessories/wanted.ts';
import type {
  AccessoryContainer,
  ObservedAccessory,
  ObservedContainer,
  ObservedHost,
  Observed,
} from '../../observe/observed.ts';
import { isUp, observedHost } from '../current.ts';

/** An accessory as the file wants it, and as it was found on its machine. */
export interface Met {
  readonly wanted: WantedAccessory;
  readonly host: ObservedHost;
  readonly observed: ObservedAccessory;
}

export function meet(wanted: readonly WantedAccessory[], observed: Observed): Met[] {
  return wanted.map((one) => {
    const host = observedHost(observed, one.host);
    const found = host.accessories.find(({ name }) => name === one.accessory.name);
    if (found === undefined) throw new Error(`${one.accessory.name} was not looked at on ${one.host}`);
    return { wanted: one, host, observed: found };
  });
}

/** What holds the accessory's data and settings: the container of its name, else the newest that made room for one that never came. */
export function currentOf({ observed, wanted }: Met): AccessoryContainer | ObservedContainer | undefined {
  if (observed.container !== undefined) return observed.container;
  return observed.leftovers.find(({ name }) => name.startsWith(`${wanted.spec.name}_replaced_`));
}

/** Everything that differs from the file: settings, the image's name, and files on disk. */
export function differencesOf(met: Met): string[] {
  const { container, gone = [] } = met.observed;
  if (container === undefined) return [];
  return [
    ...new Set([
      ...(container.differences ?? []),
      ...gone.map((path) => `${path} is gone`),
      ...filesToMend(met).map(({ path, because }) => `${path}: ${because}`),
    ]),
  ];
}

/** Files and directories that are to be made as the file says: where nobody may look, only for a first container. */
export function filesToMend(met: Met): ObservedAccessory['files'] {
  const isFirst = currentOf(met) === undefined;
  return met.observed.files.filter(({ isUnseen }) => isFirst || isUnseen !== true);
}

export function isRunning({ observed }: Met): boolean {
  return observed.container !== undefined && isUp(observed.container);
}

/** Runs, and is not one that exits and is started again. */
export function isSteady(met: Met): boolean {
  return isRunning(met) && met.observed.container?.state !== 'restarting';
}
