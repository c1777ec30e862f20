import type { Config } from '../config/config.ts';
import { serviceOnMachine } from '../containers/names.ts';
import type { ContainerSpec } from '../containers/spec.ts';
import type { ObservedContainer, ObservedHost } from '../observe/observed.ts';
import { mountsOf } from './mounts.ts';
import { isOf } from './owners.ts';

/**
 * Containers of this service that mount from another login's home: there is another env file, another lock and other data than this login
 * knows of. What the file itself mounts by its whole path is meant.
 */
export function strangers(
  host: ObservedHost,
  config: Config,
  wanted: readonly { readonly host: string; readonly spec: ContainerSpec }[],
): string[] {
  const meant = wanted
    .filter((one) => one.host === host.host)
    .flatMap(({ spec }) => mountsOf({ ...spec, volumes: spec.volumes.filter(isWhole) }, host.homeDirectory))
    .map(({ source }) => source);
  return host.containers
    .filter((container) => isOf(container, config))
    .flatMap((container) =>
      foreignMounts(container, { config, host })
        .filter((source) => !meant.includes(source))
        .map(
          (source) =>
            `${host.host}: ${container.name} mounts ${source}, and this login’s directory is ${host.homeDirectory}`,
        ),
    );
}

function isWhole(volume: string): boolean {
  return volume.startsWith('/');
}

/** What lies where another login's directory has this container's files. */
function foreignMounts(
  { labels, mounts }: ObservedContainer,
  { config, host }: { config: Config; host: ObservedHost },
): string[] {
  const own = labels['role'] === undefined ? (labels['service'] ?? '') : `.kamal/apps/${serviceOnMachine(config)}`;
  return mounts.flatMap(({ type, source }) => {
    if (own === '' || type !== 'bind' || source.startsWith(`${host.homeDirectory}/`)) return [];
    const home = /^(?:\/root|\/home\/[^/]+)(?=\/)/.exec(source)?.[0];
    return home !== undefined && `${source}/`.startsWith(`${home}/${own}/`) ? [source] : [];
  });
}
