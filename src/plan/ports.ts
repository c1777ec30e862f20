import { publishedIn, type Published } from '../config/ports.ts';
import type { ContainerSpec } from '../containers/spec.ts';
import type { ObservedPort } from '../observe/observed.ts';

/** What a container publishes by `port` and by `options.publish`. */
export function publishedBy({
  publish,
  options,
  network,
}: Pick<ContainerSpec, 'publish' | 'options' | 'network'>): Published[] {
  // A container without a network of its own publishes nothing, whatever it is told.
  if (network === 'host' || network === 'none' || network.startsWith('container:')) return [];
  const texts = [...publish, ...options.flatMap(({ name, value }) => (name === 'publish' ? [String(value)] : []))];
  return texts.flatMap(publishedIn);
}

/** What would be opened on every address because none was said, although it is not open already. */
export function openedBy(spec: ContainerSpec, now: readonly ObservedPort[]): Published[] {
  const isOpen = ({ ports, target, protocol }: Published) =>
    now.some(
      (one) =>
        ['', '0.0.0.0', '::'].includes(one.address) &&
        one.protocol === protocol &&
        (ports.length === 0 ? one.target === target : ports.includes(one.port)),
    );
  return publishedBy(spec).filter((published) => published.address === undefined && !isOpen(published));
}

/** Why it is not opened, with what one can mean by it. */
export function whyOpen({ text, ports, target, protocol }: Published, who: string): string {
  const [first = target, last] = [ports[0], ports.at(-1)];
  const onMachine = ports.length > 1 ? `${first}-${last}` : String(first);
  const rest = `${onMachine}:${target}${text.includes('/') ? `/${protocol}` : ''}`;
  return `${who} would publish ${text} on every address of the machine, past its firewall. Write 127.0.0.1:${rest} for the machine alone, its address in the private network (such as 100.64.0.1:${rest}), or 0.0.0.0:${rest} to mean it`;
}
