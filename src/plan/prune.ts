import type { Config } from '../config/config.ts';
import { assetsName, imageOf } from '../containers/names.ts';
import type { ObservedContainer, ObservedHost } from '../observe/observed.ts';
import { staleAssets } from './assets.ts';
import { appContainers, isUp } from './current.ts';
import { reference, type Decision } from './decide.ts';
import type { Step } from './plan.ts';
import { staleRouteFiles } from './route-files.ts';

/** Images and directories can go only after the containers that were made from them. */
export interface Prune {
  readonly containers: readonly Step[];
  readonly rest: readonly Step[];
}

/**
 * Old containers beyond `retain_containers`, counted per role and destination, and this image's tags that nothing uses.
 * Containers that this deploy is about to stop count as retained: they are what a rollback starts.
 */
export function pruneOf(
  host: ObservedHost,
  config: Config,
  deploy: { version: string; stopping: readonly ObservedContainer[]; decisions: readonly Decision[] },
): Prune {
  const wantedNames = deploy.decisions.map(({ wanted }) => wanted.spec.name);
  const removed = config.roles.flatMap((role) => {
    const stopping = deploy.stopping.filter(({ labels }) => labels['role'] === role.name).length;
    const stopped = appContainers(host, config, role.name)
      .filter((container) => !isUp(container) && !wantedNames.includes(container.name))
      .toSorted((a, b) => b.createdSeconds - a.createdSeconds);
    return stopped.slice(Math.max(config.retainContainers - stopping, 0));
  });
  const containers = removed.map((container): Step => ({
    kind: 'remove-container',
    container: reference(container),
    because: `more than ${config.retainContainers} old ones are kept`,
  }));
  const left = appContainers(host, config).filter((container) => !removed.includes(container));
  const wanted = config.roles.map(({ name }) => assetsName(name, deploy.version));
  const stale = staleAssets(host, config, { containers: left, wanted });
  return {
    containers,
    rest: [
      ...imageSteps(host, config, { version: deploy.version, removed }),
      ...removal(stale, 'no container of that version is left'),
      ...removal(staleRouteFiles(host, config, { decisions: deploy.decisions, left }), 'no route names them'),
    ],
  };
}

function removal(paths: readonly string[], because: string): Step[] {
  return paths.length === 0 ? [] : [{ kind: 'remove-directories', paths, because }];
}

function imageSteps(
  host: ObservedHost,
  config: Config,
  { version, removed }: { version: string; removed: readonly ObservedContainer[] },
): Step[] {
  const left = host.containers.filter((container) => !removed.includes(container));
  const usedNames = new Set([imageOf(config, version), ...left.map(({ image }) => image)]);
  const usedIds = new Set(left.map(({ imageId }) => imageId));
  const isLatest = (tag: string) => /:latest(-.+)?$/.test(tag);
  return host.images.flatMap((image): Step[] => {
    if (image.labels['service'] !== config.service) return [];
    if (image.tags.length === 0) {
      return usedIds.has(image.id)
        ? []
        : [{ kind: 'remove-image', image: image.id, because: 'it has no name and no container uses it' }];
    }
    return image.tags
      .filter((tag) => tag.startsWith(`${config.repository}:`) && !isLatest(tag) && !usedNames.has(tag))
      .map((tag) => ({ kind: 'remove-image', image: tag, because: 'no container uses it' }));
  });
}
