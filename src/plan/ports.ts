import { publishedIn, type Published } from '../config/ports.ts';
import { publishesAll } from '../config/published.ts';
import type { ContainerSpec } from '../containers/spec.ts';
import type { ObservedPort } from '../observe/observed.ts';

/** What a container publishes by `port` and by `options.publish`. */
export function publishedBy({
  publish,
  options,
  network,
}: Pick<ContainerSpec, 'publish' | 'options' | 'network'>): Published[] {
  if (!hasPorts(network)) return [];
  const texts = [...publish, ...options.flatMap(({ name, value }) => (name === 'publish' ? [String(value)] : []))];
  return texts.flatMap(publishedIn);
}

/** A container without a network of its own publishes nothing, whatever it is told. */
function hasPorts(network: string): boolean {
  return network !== 'host' && network !== 'none' && !network.startsWith('container:');
}

/** What would be opened on every address because none was said, although it is not open already; a text for each, with what one can mean. */
export function whyOpened(spec: ContainerSpec, now: readonly ObservedPort[], who: string): string[] {
  const open = now.filter(({ address }) => ['', '0.0.0.0', '::'].includes(address));
  const published = publishedBy(spec);
  const opened = published.filter((one) => one.address === undefined && !open.some((port) => isOf(port, one)));
  return [...opened.map((one) => whyOpen(one, who)), ...whyAllOpened(spec, { open, published, who })];
}

/** What is open now and was not published by itself was published with all the others. */
function whyAllOpened(
  { network, options }: ContainerSpec,
  { open, published, who }: { open: readonly ObservedPort[]; published: readonly Published[]; who: string },
): string[] {
  const wasSo = open.some((port) => !published.some((one) => isOf(port, one)));
  if (wasSo || !hasPorts(network) || !publishesAll(options)) return [];
  return [
    `${who} would publish every port that its image exposes on every address of the machine, past its firewall (publish-all). Write \`publish\` for each that is meant, with 127.0.0.1 for the machine alone, its address in the private network, or 0.0.0.0 to mean it`,
  ];
}

function isOf(port: ObservedPort, { ports, target, protocol }: Published): boolean {
  return port.protocol === protocol && (ports.length === 0 ? port.target === target : ports.includes(port.port));
}

function whyOpen({ text, ports, target, protocol }: Published, who: string): string {
  const [first = target, last] = [ports[0], ports.at(-1)];
  const onMachine = ports.length > 1 ? `${first}-${last}` : String(first);
  const rest = `${onMachine}:${target}${text.includes('/') ? `/${protocol}` : ''}`;
  return `${who} would publish ${text} on every address of the machine, past its firewall. Write 127.0.0.1:${rest} for the machine alone, its address in the private network (such as 100.64.0.1:${rest}), or 0.0.0.0:${rest} to mean it`;
}
