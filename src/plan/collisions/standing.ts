import { portsOf, type Port } from '../../config/ports.ts';
import type { Config } from '../../config/config.ts';
import type { ContainerSpec } from '../../containers/spec.ts';
import type { ObservedContainer, ObservedPort } from '../../observe/observed.ts';
import { isUp } from '../current.ts';
import { asMount, mountsOf, type Mount } from '../mounts.ts';
import { describeContainer, isOf } from '../owners.ts';
import { publishedBy } from '../ports.ts';

/** A container on a machine while plans are gone through step by step. */
export interface Standing {
  readonly id?: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Of this file and destination. */
  readonly isMine: boolean;
  /** How messages call it and its owner. */
  readonly who: string;
  readonly isUp: boolean;
  /** Those that it has while it is up. */
  readonly ports: readonly Port[];
  /** Those that it takes when it starts. */
  readonly wants: readonly WantedPort[];
  /** Down, but meant to run: Docker or its owner starts it again. */
  readonly comesBack: boolean;
  readonly mounts: readonly Mount[];
}

export interface WantedPort {
  readonly text: string;
  /** Of these it takes the first that is free. */
  readonly choices: readonly Port[];
}

export function observedStandings(containers: readonly ObservedContainer[], config: Config): Standing[] {
  return containers.map((container) => {
    const { id, name, labels, ports, mounts, atStart = { ports } } = container;
    return {
      id,
      name,
      labels,
      isMine: isOf(container, config),
      who: describeContainer(container, config),
      isUp: isUp(container),
      ports: isUp(container) ? ports : [],
      wants: atStart.ports.map((port) => ({ text: shown(port), choices: [port] })),
      comesBack: comesBack(container, containers),
      mounts: mounts.map(asMount),
    };
  });
}

/** One that a plan makes. */
export function madeStanding(
  spec: ContainerSpec,
  { who, homeDirectory }: { who: string; homeDirectory: string },
): Standing {
  return {
    name: spec.name,
    labels: spec.labels,
    isMine: true,
    who,
    isUp: false,
    ports: [],
    wants: publishedBy(spec).map((published) => ({ text: published.text, choices: portsOf(published) })),
    comesBack: false,
    mounts: mountsOf(spec, homeDirectory),
  };
}

function shown({ address, port, protocol }: ObservedPort): string {
  const place = address.includes(':') ? `[${address}]:` : address === '' ? '' : `${address}:`;
  return `${place}${port}/${protocol}`;
}

/** Not what was tried once, and not what was replaced: the same of which another one runs. */
function comesBack(container: ObservedContainer, all: readonly ObservedContainer[]): boolean {
  if (isUp(container) || container.atStart === undefined || container.atStart.restartPolicy === 'no') return false;
  return (
    container.labels['service'] === undefined || !all.some((other) => isUp(other) && isSameOwner(other, container))
  );
}

type Labelled = Pick<Standing, 'labels'>;

/** Containers of one role of one destination, or of one accessory, follow one another. */
export function isSameOwner({ labels: one }: Labelled, { labels: other }: Labelled): boolean {
  return (['service', 'role', 'destination'] as const).every((name) => (one[name] ?? '') === (other[name] ?? ''));
}

export function isSameRole(one: Labelled, other: Labelled): boolean {
  return one.labels['role'] !== undefined && isSameOwner(one, other);
}
