import type { ContainerSpec } from '../../containers/spec.ts';
import type { ObservedPort } from '../../observe/observed.ts';

/** One port of the machine that a container asks for. */
export interface Published {
  /** As written. */
  readonly text: string;
  /** Undefined when none was said, which means every address. */
  readonly address: string | undefined;
  readonly port: number;
  readonly target: number;
  readonly protocol: string;
}

/** What a container publishes by `port` and by `options.publish`; ports of the machine that Docker chooses are left out. */
export function publishedBy({ publish, options }: Pick<ContainerSpec, 'publish' | 'options'>): Published[] {
  const texts = [...publish, ...options.flatMap(({ name, value }) => (name === 'publish' ? [String(value)] : []))];
  return texts.flatMap((text) => {
    const [rest = '', protocol = 'tcp'] = text.split('/');
    const match = /^(?:(\[[^\]]*\]|[^:]*):)?(\d+)(?:-(\d+))?:(\d+)(?:-\d+)?$/.exec(rest);
    if (match === null) return [];
    const [, address, from, to = from, target] = match;
    const count = Number(to) - Number(from) + 1;
    return Array.from({ length: Math.max(count, 0) }, (_, index) => ({
      text,
      address: address === undefined || address === '' ? undefined : address.replaceAll(/[[\]]/g, ''),
      port: Number(from) + index,
      target: Number(target) + index,
      protocol,
    }));
  });
}

/** `0.0.0.0` and `::` overlap every address, and each other. */
export function overlaps(wanted: Published, taken: ObservedPort): boolean {
  if (wanted.port !== taken.port || wanted.protocol !== taken.protocol) return false;
  const address = wanted.address ?? '';
  return isEvery(address) || isEvery(taken.address) || address === taken.address;
}

function isEvery(address: string): boolean {
  return ['', '0.0.0.0', '::', '*'].includes(address);
}
