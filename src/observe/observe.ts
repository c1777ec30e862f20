import type { WantedContainer } from '../app/wanted.ts';
import type { Config } from '../config/config.ts';
import { absolute } from '../containers/create-request.ts';
import { differencesOf } from '../containers/differences.ts';
import {
  assetsDirectory,
  imageOf,
  lockDirectory,
  networkName,
  proxyContainerName,
  releasesFile,
} from '../containers/names.ts';
import { withoutStopping } from '../containers/stopping.ts';
import type { ContainerInspect, ImageInspect, ImageSummary, NetworkInspect } from '../hosts/docker.ts';
import type { Host } from '../hosts/host.ts';
import { filesIn, stateQuery } from './files.ts';
import { observeProxy } from './proxy.ts';
import { missingAddress } from '../containers/not-started.ts';
import { atStart, containerOf, errorOf } from './summary.ts';
import { parseReleases } from './releases.ts';
import type { ObservedContainer, ObservedHost } from './observed.ts';
import { observeAccessories, type AccessoryLook } from './accessories.ts';

export interface Look {
  readonly config: Config;
  /** The version whose containers are compared with the file; absent when only looking around. */
  readonly version?: string;
  /** What the file asks for on this machine, in that version. */
  readonly wanted: readonly WantedContainer[];
  readonly secrets: ReadonlyMap<string, string>;
  readonly secretsByKamal: ReadonlyMap<string, string>;
  /** Absent: no accessory is asked about, and nothing is requested for any. */
  readonly accessories?: AccessoryLook;
}

/** Looks at one machine: read-only, and all requests at once, so one round trip when nothing is odd. */
export async function observeHost(host: Host, look: Look): Promise<ObservedHost> {
  const { docker } = host;
  const wanted = look.wanted.filter((container) => container.host === host.name);
  const accessories = look.accessories && observeAccessories(host, look.accessories, look);
  accessories?.catch(() => undefined);
  const wantedAccessories = (look.accessories?.wanted ?? []).filter((one) => one.host === host.name);
  const [state, summaries, images, network, info, proxyInspect, proxyState, image, ...inspects] = await Promise.all([
    host.readState(stateQuery(look.config, host.name, [...wanted, ...wantedAccessories])),
    docker.listContainers(),
    docker.listImages(),
    docker.inspectNetwork(networkName),
    docker.info(),
    docker.inspectContainer(proxyContainerName),
    observeProxy.readState(docker, host.name),
    look.version === undefined ? undefined : docker.inspectImage(imageOf(look.config, look.version)),
    ...wanted.map(({ spec }) => docker.inspectContainer(spec.name)),
  ]);
  const judged = new Map<string, Pick<ObservedContainer, 'differences' | 'missing' | 'error' | 'atStart'>>();
  if (proxyInspect !== undefined) judged.set(proxyInspect.Id, { atStart: atStart(proxyInspect) });
  for (const [index, { spec, role }] of wanted.entries()) {
    const inspect = inspects[index];
    if (inspect === undefined) continue;
    const comparison = {
      spec,
      sources: { ...look, variables: state.variables },
      homeDirectory: state.homeDirectory,
      running: inspect,
      imageDefaults: image?.Config ?? {},
    };
    const differences = differencesOf(withoutStopping(comparison, { stopSignal: role.stopSignal }));
    judged.set(inspect.Id, {
      ...errorOf(inspect),
      atStart: atStart(inspect),
      differences: [...differences, ...imageDifferences(inspect, image)],
      missing: await missingFor(host, inspect, { network, look, homeDirectory: state.homeDirectory }),
    });
  }
  const judgedAccessories = (await accessories?.then((judge) => judge(summaries, state))) ?? [];
  const proxy = await observeProxy.of(docker, proxyInspect, proxyState);
  const down = [...judged.values(), ...judgedAccessories.map(({ container }) => container), proxy.container];
  return {
    host: host.name,
    engineVersion: info.ServerVersion,
    architecture: state.architecture,
    homeDirectory: state.homeDirectory,
    variables: state.variables,
    freeBytes: state.freeBytes,
    ...(state.clock === undefined ? {} : { clock: state.clock }),
    containers: summaries.map((summary) => ({ ...containerOf(summary), ...judged.get(summary.Id) })),
    images: images.map(imageOfSummary),
    networkExists: network !== undefined,
    ...(await addressesOf(
      host,
      down.map((container) => container?.error ?? ''),
    )),
    proxy,
    ...(state.lock === undefined ? {} : { lock: state.lock }),
    releases: parseReleases(state.releasesText),
    ...filesIn(state, look.config),
    accessories: judgedAccessories,
  };
}

/** What the machine has now, where one of these errors is about an address that it had not. */
export async function addressesOf(host: Host, errors: readonly string[]): Promise<{ addresses?: string[] }> {
  if (errors.every((error) => missingAddress(error) === undefined)) return {};
  const { addresses } = await host.readBootFacts();
  return { addresses: addresses.map(({ address }) => address) };
}

function imageDifferences(inspect: ContainerInspect, image: ImageInspect | undefined): string[] {
  return image === undefined || inspect.Image === image.Id ? [] : ['its image was built anew'];
}

/** What a stopped container needs that is gone by now. */
async function missingFor(
  host: Host,
  inspect: ContainerInspect,
  { network, look, homeDirectory }: { network: NetworkInspect | undefined; look: Look; homeDirectory: string },
): Promise<string[]> {
  if (inspect.State.Running) return [];
  const networkId = inspect.NetworkSettings.Networks[networkName]?.NetworkID;
  const lost =
    networkId !== undefined && networkId !== '' && networkId !== network?.Id ? [`network ${networkName} is gone`] : [];
  // Assets are put there again before a start.
  const assets = `${homeDirectory}/${assetsDirectory(look.config)}/`;
  const binds = inspect.Mounts.filter(({ Type }) => Type === 'bind')
    .map(({ Source }) => absolute(Source, homeDirectory))
    .filter((path) => !path.startsWith(assets));
  if (binds.length === 0) return lost;
  const state = await host.readState({
    lockDirectory: lockDirectory(look.config),
    releasesFile: releasesFile(look.config),
    files: [],
    paths: binds,
  });
  return [...lost, ...binds.filter((path) => !state.existingPaths.includes(path)).map((path) => `${path} is gone`)];
}

function imageOfSummary(image: ImageSummary): ObservedHost['images'][number] {
  return {
    id: image.Id,
    tags: (image.RepoTags ?? []).filter((tag) => tag !== '<none>:<none>'),
    digests: image.RepoDigests ?? [],
    labels: image.Labels ?? {},
    bytes: image.Size,
  };
}
