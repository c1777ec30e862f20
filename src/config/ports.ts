/** How Docker reads the ports that a container publishes, and which two containers cannot both have. */

/** One port of a container that is to be reached by the machine's addresses. */
export interface Published {
  /** As written. */
  readonly text: string;
  /** Undefined when none was said, which means every address. */
  readonly address: string | undefined;
  /** Of the machine: one, or several of which Docker takes the first that is free. None: Docker chooses any. */
  readonly ports: readonly number[];
  /** Of the container. */
  readonly target: number;
  readonly protocol: string;
}

/** One port of a machine on one of its addresses, or on several of them. */
export interface Port {
  /** Empty or `::`: every address; `0.0.0.0`: every one of IPv4. */
  readonly address: string;
  readonly port: number;
  readonly protocol: string;
}

/**
 * `[address:][port of the machine:]port of the container[/protocol]`, ports also as ranges; nothing for what is none, or what Docker
 * refuses: a range that runs backwards, or two of different lengths.
 */
export function publishedIn(text: string): Published[] {
  const match = pattern.exec(text.toLowerCase());
  if (match === null) return [];
  const [, address = '', onMachine = '', onContainer = '', protocol = 'tcp'] = match;
  const targets = range(onContainer);
  const ports = onMachine === '' ? [] : range(onMachine);
  if (targets === undefined || ports === undefined) return [];
  const inPairs = targets.length > 1 && ports.length > 0;
  if (inPairs && targets.length !== ports.length) return [];
  return targets.map((target, index) => ({
    text,
    address: address === '' ? undefined : address.replaceAll(/[[\]]/g, ''),
    ports: inPairs ? ports.slice(index, index + 1) : ports,
    target,
    protocol,
  }));
}

const pattern = /^(?:(\[[0-9a-f:.]+\]|[0-9.]*):)??(?:((?:\d+(?:-\d+)?)?):)?(\d+(?:-\d+)?)(?:\/(tcp|udp|sctp))?$/;
const highest = 65_535;

function range(text: string): number[] | undefined {
  const [from = 0, to = from] = text.split('-').map(Number);
  if (from > to || to > highest) return undefined;
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}

/** The machine's ports that are asked for, each of which Docker may take; none when it may be any. */
export function portsOf({ address = '', ports, protocol }: Published): Port[] {
  return ports.map((port) => ({ address, port, protocol }));
}

/** Whether two cannot both have a port: the same number and protocol, on an address that they share. */
export function overlaps(one: Port, other: Port): boolean {
  if (one.port !== other.port || one.protocol !== other.protocol) return false;
  const [left, right] = [plain(one.address), plain(other.address)];
  return left === right || covers(left, right) || covers(right, left);
}

function covers(wide: string, narrow: string): boolean {
  if (wide === '' || wide === '::') return true;
  return wide === '0.0.0.0' && !narrow.includes(':');
}

/** An address as everybody writes it: one of IPv6 has many spellings, and one of IPv4 may stand in it. */
function plain(address: string): string {
  if (!address.includes(':')) return address;
  const [, mapped] = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address) ?? [];
  if (mapped !== undefined) return mapped;
  const url = `http://[${address}]/`;
  return URL.canParse(url) ? new URL(url).hostname.slice(1, -1) : address;
}
