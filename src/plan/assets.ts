import { basename } from 'node:path';
import type { Config } from '../config/config.ts';
import { assetsDirectory, assetsName, rolePrefix } from '../containers/names.ts';
import type { ObservedContainer, ObservedHost } from '../observe/observed.ts';
import { appContainers, isUp, versionOf } from './current.ts';
import type { Decision } from './decide.ts';
import type { Step } from './plan.ts';

/**
 * Puts the assets of every version that is kept where the wanted container finds them, and its own where those find them that run:
 * before anything is switched, and also when a container is started that was retained, as somebody may have deleted what it mounts.
 */
export function assetSteps(decision: Decision, host: ObservedHost, config: Config): Step[] {
  const own = ownAssets(decision, config);
  if (own === undefined) return [];
  const { name, path, ...image } = own;
  const { extracted, volumes } = host.assets;
  const isThere = extracted.includes(name) && volumes.includes(name);
  if (decision.action === 'keep' && isThere) return [];
  const role = decision.wanted.role.name;
  return [
    {
      kind: 'sync-assets',
      sync: {
        directory: assetsDirectory(config),
        temporaryContainer: `${rolePrefix(config, role)}-assets`,
        path,
        own: { name, ...image },
        others: othersOf(host, config, role).filter((other) => other.name !== name),
      },
      because: isThere ? 'pages of one version may ask the other for them' : 'they are not on this host',
    },
  ];
}

/** What a running container mounts and somebody deleted: it would not see what is put there anew. */
export function lostAssets(container: ObservedContainer, host: ObservedHost, config: Config): string[] {
  const mount = mountOf(container, config);
  return !isUp(container) || mount === undefined || host.assets.volumes.includes(mount.name)
    ? []
    : ['its assets were deleted'];
}

/** Directories of versions of which no container is left. */
export function staleAssets(
  host: ObservedHost,
  config: Config,
  left: { containers: readonly ObservedContainer[]; wanted: readonly string[] },
): string[] {
  const kept = new Set([
    ...left.wanted,
    ...left.containers.flatMap((container) => {
      const { name } = mountOf(container, config) ?? {};
      return [nameOf(container, config, container.labels['role'] ?? ''), ...(name === undefined ? [] : [name])];
    }),
  ]);
  return (['extracted', 'volumes'] as const).flatMap((place) =>
    host.assets[place].filter((name) => !kept.has(name)).map((name) => `${assetsDirectory(config)}/${place}/${name}`),
  );
}

/** By today's file for a container that is made, else as the container that is there mounts them. */
function ownAssets({ wanted, action, existing }: Decision, config: Config) {
  if (action === 'create' || action === 'replace' || existing === undefined) {
    const { role, spec } = wanted;
    if (role.assets === undefined) return undefined;
    const name = assetsName(role.name, versionOf(spec, config, role.name));
    return { name, path: role.assets.path, image: spec.image, anew: true };
  }
  const mount = mountOf(existing, config);
  return mount === undefined ? undefined : { ...mount, image: existing.imageId, anew: existing.state === 'created' };
}

function mountOf({ mounts }: ObservedContainer, config: Config): { name: string; path: string } | undefined {
  const mount = mounts.find(({ source }) => source.includes(`/${assetsDirectory(config)}/volumes/`));
  return mount === undefined ? undefined : { name: basename(mount.source), path: mount.destination };
}

/** The other versions whose assets there are or may be taken out of their image, newest first. */
function othersOf(host: ObservedHost, config: Config, role: string) {
  const others = new Map<string, { name: string; image: string; isUp: boolean }>();
  for (const container of appContainers(host, config, role).toSorted((a, b) => b.createdSeconds - a.createdSeconds)) {
    const name = nameOf(container, config, role);
    const known = others.get(name);
    if (!isUp(container) && !host.assets.extracted.includes(name)) continue;
    others.set(name, { name, image: container.imageId, isUp: isUp(container) || known?.isUp === true });
  }
  return [...others.values()];
}

function nameOf(container: ObservedContainer, config: Config, role: string): string {
  return assetsName(role, versionOf(container, config, role).replace(/_replaced_[0-9a-f]+$/, ''));
}
