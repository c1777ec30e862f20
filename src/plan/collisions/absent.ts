import { wantedAccessories } from '../../accessories/wanted.ts';
import { wantedContainers } from '../../app/wanted.ts';
import type { Config } from '../../config/config.ts';
import { overlaps } from '../../config/ports.ts';
import { nameOf } from '../owners.ts';
import { sharedPlaces } from './places.ts';
import { isSameOwner, madeStanding, type Standing, type WantedPort } from './standing.ts';

/** What another destination's file asks for on a machine, whether or not it is there. */
export interface Absent extends Standing {
  /** The service of its destination, by which Kamal finds and prunes its containers. */
  readonly service: string;
}

/**
 * Those of the destinations that have a name: a file alone may be nothing but the base of others. What the base file's own destination asks
 * for is its own, as the others have it from there.
 */
export function absentStandings(config: Config, host: string, homeDirectory: string): Absent[] {
  if (config.destination === undefined) return [];
  return config.others
    .filter(({ destinationName }) => destinationName !== undefined)
    .flatMap((other) => {
      const roles = wantedContainers(other, '').map(({ role, ...one }) => ({ ...one, name: role.name }));
      const accessories = wantedAccessories(other).map(({ accessory, ...one }) => ({ ...one, name: accessory.name }));
      return [...roles, ...accessories]
        .filter((one) => one.host === host)
        .map(({ spec, name }) => ({
          ...madeStanding(spec, { who: `${name} of ${nameOf(other)}`, homeDirectory }),
          isMine: false,
          service: other.service,
        }));
    });
}

/**
 * What a new container would take from another destination that is not there yet, so that nobody on the machine has it. What the
 * container that it follows had already is let be.
 */
export function takenFromAbsent(
  made: Standing,
  { absent, standings }: { absent: readonly Absent[]; standings: readonly Standing[] },
): { names: string[]; ports: string[]; places: string[] } {
  const before = standings.filter((one) => one.isMine && isSameOwner(one, made));
  const others = absent.filter((one) => !standings.some((standing) => !standing.isMine && isSameOwner(standing, one)));
  const had = before.flatMap(({ ports, wants }) => [...ports, ...wants.flatMap(({ choices }) => choices)]);
  const fresh = made.wants.filter((wanted) => !fixed(wanted).some((port) => had.some((one) => overlaps(port, one))));
  return {
    names: before.length > 0 ? [] : takenNames(made, absent),
    ports: fresh.flatMap((wanted) =>
      others
        .filter((one) => one.wants.some((other) => meet(wanted, other)))
        .map(({ who }) => `wants the port ${wanted.text}, which ${who} wants too`),
    ),
    places: sharedPlaces(made, [...before, ...others]),
  };
}

/** An accessory is found by its service, as the containers of an app are. */
function takenNames({ labels: { role, service = '' } }: Standing, absent: readonly Absent[]): string[] {
  if (role !== undefined) return [];
  const texts = absent.flatMap((one) => {
    if (one.labels['role'] !== undefined)
      return one.service === service ? [`wants the service ${service}, which ${one.who} goes by`] : [];
    return one.labels['service'] === service ? [`wants the name ${service}, which ${one.who} wants too`] : [];
  });
  return texts.slice(0, 1);
}

/** A range lets Docker choose. */
function fixed({ choices }: WantedPort): WantedPort['choices'] {
  return choices.length === 1 ? choices : [];
}

function meet(one: WantedPort, other: WantedPort): boolean {
  return fixed(one).some((port) => fixed(other).some((taken) => overlaps(port, taken)));
}
