import { posix } from 'node:path';
import type { Config, DockerOption } from './config.ts';
import { holdsData, isOnePlace, isPath } from './data-places.ts';
import type { Layers } from './layers.ts';
import { lineOf, type Path } from './sheet.ts';
import type { Remark } from './yaml.ts';

/** A config of a destination, and where it was read. */
export interface Destination {
  readonly config: Config;
  readonly layers: Layers;
}

/** What is mounted on a machine and can be written to. */
interface Mount {
  readonly host: string;
  /** A path, or the name of a volume. */
  readonly source: string;
  /** Where it is written. */
  readonly path: Path;
}

/** Whether a destination writes to anything that outlives its containers, and could share it with another one. */
export function writesToMachines({ config }: Pick<Destination, 'config'>): boolean {
  return mountsOf(config).length > 0;
}

/**
 * What two destinations would both write to on one machine: a path, or one inside of the other, is a problem; a named volume or
 * an accessory's container a warning, as there are setups that live with it.
 */
export function sharedMounts(mine: Destination, other: Destination): { problems: Remark[]; warnings: Remark[] } {
  const name = nameOf(other.config);
  const problems = new Map<string, Remark>();
  const warnings = new Map<string, Remark>();
  const others = mountsOf(other.config);
  for (const mount of mountsOf(mine.config)) {
    const { key, value } = mine.layers.placeOf(mount.path);
    const place = key.line === value.line ? value : key;
    for (const theirs of others) {
      if (theirs.host !== mount.host || !isOnePlace(mount.source, theirs.source)) continue;
      const where = `on ${mount.host} by ${name} (${lineOf(other.layers.placeOf(theirs.path).key)})`;
      const id = JSON.stringify([mount.path, theirs.path]);
      if (!isPath(mount.source)) {
        const message = `the volume \`${mount.source}\` is also used ${where}; both write to it`;
        if (!warnings.has(id)) warnings.set(id, { place, message });
        continue;
      }
      const what = mount.source === theirs.source ? 'it is' : `\`${theirs.source}\` is`;
      const message = `${what} also mounted ${where}; two destinations must not write to one place`;
      if (!problems.has(id)) problems.set(id, { place, message });
    }
  }
  return { problems: [...problems.values()], warnings: [...warnings.values()] };
}

/** How messages call a destination. */
function nameOf({ destinationName, file }: Config): string {
  return destinationName === undefined ? `${file} alone` : `destination ${destinationName}`;
}

function mountsOf(config: Config): Mount[] {
  const ofRoles = config.roles.flatMap((role) => {
    const own = ['servers', role.name];
    return onEach(role.hosts, [
      ...writable(role.volumes, (index) => ['volumes', index]),
      ...writable(volumeOptions(role.options), () => [...own, 'options', 'volume']),
    ]);
  });
  const ofAccessories = config.accessories.flatMap((accessory) => {
    const own = ['accessories', accessory.name];
    const directories = accessory.directories.map(({ hostPath, remote, options = 'rw' }) =>
      // What lies below the login directory carries the service's name, and is that accessory's own.
      hostPath.startsWith('/') ? `${hostPath}:${remote}:${options}` : '',
    );
    return onEach(accessory.hosts, [
      ...writable(accessory.volumes, (index) => [...own, 'volumes', index]),
      ...writable(directories, (index) => [...own, 'directories', index]),
      ...writable(volumeOptions(accessory.options), () => [...own, 'options', 'volume']),
    ]);
  });
  return [...ofRoles, ...ofAccessories];
}

function volumeOptions(options: readonly DockerOption[]): string[] {
  return options.flatMap(({ name, value }) => (name === 'volume' || name === 'v' ? [String(value)] : []));
}

function onEach(hosts: readonly { readonly host: string }[], mounts: readonly Omit<Mount, 'host'>[]): Mount[] {
  return hosts.flatMap(({ host }) => mounts.map((mount) => ({ host, ...mount })));
}

/** Of `source:path:options` texts, those that data can be written to. */
function writable(volumes: readonly string[], pathOf: (index: number) => Path): Omit<Mount, 'host'>[] {
  return volumes.flatMap((volume, index) => {
    const [source = '', target, options = ''] = volume.split(':');
    const clean = isPath(source) ? posix.normalize(atLogin(source)).replace(/(?<=.)\/$/, '') : source;
    if (source === '' || target === undefined || options.split(',').includes('ro')) return [];
    return holdsData(clean) ? [{ source: clean, path: pathOf(index) }] : [];
  });
}

/** The login directory has several names. */
function atLogin(source: string): string {
  return source.replace(/^(?:\$(?:PWD|HOME)|\$\{(?:PWD|HOME)\}|\.)(?=\/|$)/, '~');
}
