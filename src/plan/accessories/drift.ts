import type { WantedAccessory } from '../../accessories/wanted.ts';
import type { Config } from '../../config/config.ts';
import type { Observed } from '../../observe/observed.ts';
import { whyDown } from '../why-down.ts';
import { currentOf, differencesOf, isRunning, meet, type Met } from './current.ts';

/** An accessory that is not as the file says, on one machine. */
export interface AccessoryDrift {
  readonly name: string;
  readonly host: string;
  readonly because: readonly string[];
  /** What is away for a while when it is made anew: itself, and what depends on it. */
  readonly interrupts: readonly string[];
  /** Why it does not run, as far as anybody knows; absent when it runs, or is not there. */
  readonly down?: string;
}

export function accessoryDrift(
  config: Config,
  wanted: readonly WantedAccessory[],
  observed: Observed,
): AccessoryDrift[] {
  return meet(wanted, observed).flatMap((met) => {
    const differences = differencesOf(met);
    const because = [...whyAway(met), ...differences];
    if (because.length === 0) return [];
    const { name } = met.wanted.accessory;
    const isInterrupted = isRunning(met) && differences.length > 0;
    return [
      {
        name,
        host: met.wanted.host,
        because,
        interrupts: isInterrupted ? [name, ...whatNeeds(name, config)] : [],
        ...reasonDown(met),
      },
    ];
  });
}

function whyAway(met: Met): string[] {
  if (isRunning(met)) return [];
  const current = currentOf(met);
  if (current === undefined) return ['it is not on this host'];
  const { down } = reasonDown(met);
  return [`it does not run (${current.status})${down === undefined ? '' : `: ${down}`}`];
}

function reasonDown(met: Met): { down?: string } {
  const current = currentOf(met);
  const why = current === undefined || isRunning(met) ? undefined : whyDown(current, met.host);
  return why === undefined ? {} : { down: why };
}

function whatNeeds(name: string, { accessories, roles }: Config): string[] {
  const needing = new Set<string>();
  const follow = (needed: string): void => {
    for (const one of [...accessories, ...roles]) {
      if (!one.dependsOn.includes(needed) || needing.has(one.name)) continue;
      needing.add(one.name);
      follow(one.name);
    }
  };
  follow(name);
  return [...needing];
}
