import { posix } from 'node:path';
import { holdsData, isOnePlace } from '../config/data-places.ts';
import { absolute } from '../containers/create-request.ts';
import type { ContainerSpec } from '../containers/spec.ts';
import type { ObservedMount } from '../observe/observed.ts';

/** What a container mounts, or is to mount, in the form in which Docker shows it. */
export interface Mount {
  /** A path of the machine, or the name of a volume. */
  readonly source: string;
  readonly destination: string;
  readonly isWritable: boolean;
}

/** What a spec mounts from the machine; volumes without a name are left out. */
export function mountsOf(
  { volumes, options }: Pick<ContainerSpec, 'volumes' | 'options'>,
  homeDirectory: string,
): Mount[] {
  const given = (wanted: string) => options.flatMap(({ name, value }) => (name === wanted ? [String(value)] : []));
  const short = [...volumes, ...given('volume')].flatMap((volume): Mount[] => {
    const [source = '', destination, mode = ''] = absolute(volume, homeDirectory).split(':');
    return destination === undefined ? [] : [{ source, destination, isWritable: !mode.split(',').includes('ro') }];
  });
  return [...short, ...given('mount').flatMap(longForm)].map(({ source, destination, isWritable }) => ({
    source: source.startsWith('/') ? clean(source) : source,
    destination: clean(destination),
    isWritable,
  }));
}

/** `type=bind,source=/srv/data,target=/data,readonly` */
function longForm(text: string): Mount[] {
  const parts = new Map(
    text.split(',').map((part): [string, string] => {
      const [key = '', ...value] = part.split('=');
      return [key.trim().toLowerCase(), value.join('=')];
    }),
  );
  const said = (...keys: string[]) => keys.map((key) => parts.get(key)).find((value) => value !== undefined);
  const [source, destination] = [said('source', 'src'), said('target', 'destination', 'dst')];
  if (source === undefined || source === '' || destination === undefined || parts.get('type') === 'tmpfs') return [];
  const readOnly = said('readonly', 'ro');
  return [{ source, destination, isWritable: readOnly === undefined || /^(?:0|f|false)$/i.test(readOnly) }];
}

export function asMount({ type, name, source, destination, isWritable }: ObservedMount): Mount {
  return { source: type === 'volume' ? (name ?? '') : source, destination, isWritable };
}

function clean(path: string): string {
  return posix.normalize(path).replace(/(?<=.)\/$/, '');
}

/** Whether both may write data to one place. */
export function share(one: Mount, other: Mount): boolean {
  return (
    one.isWritable &&
    other.isWritable &&
    [one, other].every(({ source }) => holdsData(source)) &&
    isOnePlace(one.source, other.source)
  );
}
