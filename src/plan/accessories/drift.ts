import { formerPlace } from '../../accessories/places.ts';
import { dependentsOf } from '../../accessories/needed.ts';
import type { WantedAccessory } from '../../accessories/wanted.ts';
import type { Config } from '../../config/config.ts';
import type { Observed } from '../../observe/observed.ts';
import { whyDown } from '../why-down.ts';
import { heldOn, type Held } from './held.ts';
import { currentOf, differencesOf, isRunning, meet, type Met } from './current.ts';
import { fateOf } from './fate.ts';
import { whyRouteDiffers } from './route.ts';

/** An accessory that is not as the file says, on one machine. */
export interface AccessoryDrift {
  readonly name: string;
  readonly host: string;
  readonly because: readonly string[];
  /** What is away for a while when it is made anew: itself, and what depends on it. */
  readonly interrupts: readonly string[];
  /** What becomes of its data then, in words; absent when it is not made anew. */
  readonly fate?: string;
  /** Why it does not run, as far as anybody knows; absent when it runs, or is not there. */
  readonly down?: string;
  /** A failed replacement left it to a person. */
  readonly held?: Held;
  /** All that is to be done is to finish what a run that was cut off had begun. */
  readonly unfinished?: true;
  /** What to type, any of them; of one that is held, all of them bring the old one back. */
  readonly commands: readonly string[];
}

export function accessoryDrift(
  config: Config,
  wanted: readonly WantedAccessory[],
  observed: Observed,
): AccessoryDrift[] {
  return meet(wanted, observed).flatMap((met): AccessoryDrift[] => {
    const held = heldOn(met.host, met.wanted.accessory);
    if (held !== undefined) return [heldDrift(held)];
    const differences = differencesOf(met);
    const route = whyRouteDiffers(met, config);
    const cutOff = whyUnfinished(met);
    const because = [whyAway(met) ?? [], differences, route ?? [], cutOff ?? []].flat();
    if (because.length === 0) return [];
    const { name } = met.wanted.accessory;
    const isInterrupted = isRunning(met) && differences.length > 0;
    return [
      {
        name,
        host: met.wanted.host,
        because,
        ...(differences.length > 0 && currentOf(met) !== undefined ? { fate: fateOf(met) } : {}),
        interrupts: isInterrupted ? [name, ...dependentsOf(name, config)] : [],
        commands: commandsFor(met, [...differences, route ?? []].flat()),
        ...(cutOff !== undefined && because.length === 1 ? { unfinished: true } : {}),
        ...reasonDown(met),
      },
    ];
  });
}

/** It is as a person leaves it, whatever else differs. */
function heldDrift(held: Held): AccessoryDrift {
  const { name, host, because } = held;
  return { name, host, because: [`a person has to decide: ${because}`], interrupts: [], held, commands: [] };
}

/** In a few words; undefined when it runs. */
export function whyAway(met: Met): string | undefined {
  if (isRunning(met)) return undefined;
  const current = currentOf(met);
  if (current === undefined) return 'it is not on this host';
  const { down } = reasonDown(met);
  return `it does not run (${current.status})${down === undefined ? '' : `: ${down}`}`;
}

/** What a replacement that was cut off left beside it: the container or the files before it, or one that was to come. */
function whyUnfinished({ observed: { leftovers, formers = [] } }: Met): string | undefined {
  const left = [...leftovers.map(({ name }) => name), ...formers.map(formerPlace)];
  return left.length === 0 ? undefined : `a replacement of it was cut off, and left ${left.join(', ')}`;
}

function reasonDown(met: Met): { down?: string } {
  const current = currentOf(met);
  const why = current === undefined || isRunning(met) ? undefined : whyDown(current, met.host);
  return why === undefined ? {} : { down: why };
}

function commandsFor(met: Met, differences: readonly string[]): string[] {
  const { name } = met.wanted.accessory;
  if (differences.length > 0) return ['deploy --accessories', `accessory upgrade ${name}`];
  if (whyUnfinished(met) !== undefined) return [`accessory upgrade ${name}`];
  return [runCommand(met)];
}

/** What makes one run that does not. */
export function runCommand({ wanted, observed }: Met): string {
  return `accessory ${observed.container === undefined ? 'boot' : 'start'} ${wanted.accessory.name}`;
}
