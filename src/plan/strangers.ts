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
  const here = wanted.filter((one) => one.host === host.host);
  const below = here
    .flatMap(({ spec }) =>
      mountsOf({ volumes: spec.volumes.filter((one) => !isWhole(one)), options: [] }, host.homeDirectory),
    )
    .flatMap(({ source }) =>
      source.startsWith(`${host.homeDirectory}/`) ? [source.slice(host.homeDirectory.length + 1)] : [],
    );
  const meant = here
    .flatMap(({ spec }) => mountsOf({ ...spec, volumes: spec.volumes.filter(isWhole) }, host.homeDirectory))
    .map(({ source }) => source);
  return host.containers
    .filter((container) => isOf(container, config))
    .flatMap((container) =>
      foreignMounts(container, { config, host, below })
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

/** What lies where another login's directory has this container's files. @param below what the file mounts from the login's own */
function foreignMounts(
  { labels, mounts }: ObservedContainer,
  { config, host, below }: { config: Config; host: ObservedHost; below: readonly string[] },
): string[] {
  const own = labels['role'] === undefined ? (labels['service'] ?? '') : `.kamal/apps/${serviceOnMachine(config)}`;
  return mounts.flatMap(({ type, source }) => {
    if (own === '' || type !== 'bind' || source.startsWith(`${host.homeDirectory}/`)) return [];
    const home = /^(?:\/root|\/home\/[^/]+)(?=\/)/.exec(source)?.[0];
    const isOwn = [own, ...below].some((path) => `${source}/`.startsWith(`${home}/${path}/`));
    return home !== undefined && isOwn ? [source] : [];
  });
}
