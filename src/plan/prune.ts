import type { Config } from '../config/config.ts';
import { assetsName, imageOf, watchedDirectory } from '../containers/names.ts';
import type { Observed, ObservedContainer, ObservedHost } from '../observe/observed.ts';
import { staleAssets } from './assets.ts';
import { appContainers, currentVersion, isUp, versionOf } from './current.ts';
import { reference, type Decision } from './decide.ts';
import type { Lane, Plan, Step } from './plan.ts';
import { stage } from './prepare.ts';
import { staleRouteFiles } from './route-files.ts';
import { wayBackFrom } from './way-back.ts';

/** Images and directories can go only after the containers that were made from them. */
export interface Prune {
  readonly containers: readonly Step[];
  readonly rest: readonly Step[];
}

interface Keeping {
  /** What is deployed. */
  readonly version: string;
  /** What a rollback would go to. */
  readonly wayBack: string | undefined;
  readonly stopping: readonly ObservedContainer[];
  readonly decisions: readonly Decision[];
}

/** After a deploy that failed and was brought back: what it left is taken away, and nothing is waited for. */
export function planPrune({ config, observed }: { config: Config; observed: Observed }): Plan {
  const version = currentVersion(observed, config) ?? '';
  const wayBack = wayBackFrom(version, observed, config);
  const all = observed.hosts.map((host) => ({
    host: host.host,
    prune: pruneOf(host, config, { version, wayBack, stopping: [], decisions: [] }),
  }));
  const lanes = (part: keyof Prune) =>
    all.map(({ host, prune }): Lane => ({ host, optional: true, steps: prune[part] }));
  return {
    service: config.service,
    ...(config.destination === undefined ? {} : { destination: config.destination }),
    version,
    stages: [...stage('Prune containers', lanes('containers')), ...stage('Clean up', lanes('rest'))],
    notes: [],
  };
}

/**
 * Old containers beyond `retain_containers`, counted per role and destination, and this image's tags that nothing uses.
 * Containers that this deploy is about to stop count as retained: they are what a rollback starts. The last good release is kept
 * however many were made since.
 */
export function pruneOf(host: ObservedHost, config: Config, deploy: Keeping): Prune {
  const wantedNames = deploy.decisions.map(({ wanted }) => wanted.spec.name);
  const here = config.roles.filter(({ hosts }) => hosts.some((entry) => entry.host === host.host));
  const removed = here.flatMap((role) => {
    const stopping = deploy.stopping.filter(({ labels }) => labels['role'] === role.name).length;
    const stopped = appContainers(host, config, role.name)
      .filter((container) => !isUp(container) && !wantedNames.includes(container.name))
      .toSorted((a, b) => b.createdSeconds - a.createdSeconds);
    const beyond = stopped.slice(Math.max(config.retainContainers - stopping, 0));
    return beyond.filter((container) => versionOf(container, config, role.name) !== deploy.wayBack);
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
      ...imageSteps(host, config, { ...deploy, removed }),
      ...removal(stale, 'no container of that version is left'),
      ...removal(staleWatches(host, config), 'others do the work of their containers'),
      ...removal(staleRouteFiles(host, config, { decisions: deploy.decisions, left }), 'no route names them'),
    ],
  };
}

/** Left where a run died while its successor started: of containers that are gone, or have stopped beside one that runs. */
function staleWatches(host: ObservedHost, config: Config): string[] {
  const asleep = new Set(
    config.roles.flatMap(({ name }) => {
      const all = appContainers(host, config, name);
      return all.some(isUp) ? all.filter((container) => !isUp(container)).map(({ id }) => id) : [];
    }),
  );
  return host.watched
    .filter(({ container }) => asleep.has(container) || !host.containers.some(({ id }) => id === container))
    .map(({ file }) => `${watchedDirectory(config)}/${file}`);
}

function removal(paths: readonly string[], because: string): Step[] {
  return paths.length === 0 ? [] : [{ kind: 'remove-directories', paths, because }];
}

/**
 * Beside another destination of the service, a tag that no container uses may be what that one has just pulled and is about to start, so
 * only those go whose containers go too.
 */
function imageSteps(
  host: ObservedHost,
  config: Config,
  { version, wayBack, removed }: Pick<Keeping, 'version' | 'wayBack'> & { removed: readonly ObservedContainer[] },
): Step[] {
  const left = host.containers.filter((container) => !removed.includes(container));
  const usedNames = new Set([
    imageOf(config, version),
    imageOf(config, wayBack ?? version),
    ...left.map(({ image }) => image),
  ]);
  const usedIds = new Set(left.map(({ imageId }) => imageId));
  const isLatest = (tag: string) => /:latest(-.+)?$/.test(tag);
  const isShared = host.containers.some(
    ({ labels }) =>
      labels['service'] === config.service &&
      labels['role'] !== undefined &&
      (labels['destination'] ?? '') !== (config.destination ?? ''),
  );
  const mayGo = (tag: string) => !isShared || removed.some(({ image }) => image === tag);
  return host.images.flatMap((image): Step[] => {
    if (image.labels['service'] !== config.service) return [];
    if (image.tags.length === 0) {
      return usedIds.has(image.id)
        ? []
        : [{ kind: 'remove-image', image: image.id, because: 'it has no name and no container uses it' }];
    }
    return image.tags
      .filter((tag) => tag.startsWith(`${config.repository}:`) && !isLatest(tag) && !usedNames.has(tag) && mayGo(tag))
      .map((tag) => ({ kind: 'remove-image', image: tag, because: 'no container uses it' }));
  });
}
