import { posix } from 'node:path';
import { besideOf, filesUnlike, placesOf } from './accessory-files.ts';
import type { WantedAccessory } from '../accessories/wanted.ts';
import { absolute } from '../containers/create-request.ts';
import type { ValueSources } from '../containers/delivery.ts';
import { nextName, replacedName } from '../containers/names.ts';
import type { ContainerInspect, ContainerSummary, ImageInspect } from '../hosts/docker.ts';
import type { FileFacts, Host, HostState } from '../hosts/host.ts';
import { accessoryDifferences, type AccessoryFacts } from './accessory-differences.ts';
import { whyGivenUp, whyStillUnhealthy } from './health.ts';
import { atStart, containerOf, errorOf } from './summary.ts';
import type { AccessoryContainer, ObservedAccessory } from './observed.ts';

export interface AccessoryLook {
  readonly wanted: readonly WantedAccessory[];
  /** SHA-256 in hex of what the file on the machine should hold, by `host:path`; those nobody read here are left out. */
  readonly digests: ReadonlyMap<string, string>;
  /** Names of those that are asked whether they are healthy; absent: none. */
  readonly asked?: ReadonlySet<string>;
}

/** Answers once the machine's containers are known; every request is under way before. */
export type Judge = (summaries: readonly ContainerSummary[], state: HostState) => Promise<ObservedAccessory[]>;

/** Looks at the accessories of one machine: a request for each container and image, and one for all of their files. */
export async function observeAccessories(
  host: Host,
  look: AccessoryLook,
  values: Pick<ValueSources, 'secrets' | 'secretsByKamal'>,
): Promise<Judge> {
  const wanted = look.wanted.filter((one) => one.host === host.name);
  const [files, ...found] = await Promise.all([
    host.describeFiles([
      ...new Set([
        ...wanted.flatMap(pathsOf),
        ...wanted.flatMap(claimantsOf).map(({ envFile }) => envFile),
        ...placesOf(host.name, look),
      ]),
    ]),
    ...wanted.map((one) => find(one, host, look)),
  ]);
  return (summaries, { homeDirectory, variables }) =>
    Promise.all(
      found.map(async ({ one, inspect, own, image, unhealthy }) => {
        const sources = { ...values, variables };
        const containers = containersOf(one, summaries, { inspect, image: own, sources, homeDirectory, files });
        const isBeside = containers.leftovers.some(({ name }) => isReplaced(name, one.spec.name));
        const givenUp = isBeside && inspect !== undefined ? await whyGivenUp(inspect, host, one.health) : undefined;
        return {
          name: one.accessory.name,
          ...containers,
          ...(givenUp === undefined ? {} : { givenUp }),
          ...(image === undefined ? {} : { image: imageFacts(image) }),
          ...(unhealthy === undefined ? {} : { unhealthy }),
          ...claimsOn(one, { inspect, image: own, sources, homeDirectory, files }),
          ...besideOf(one, files, look.digests),
          files: filesUnlike(one, files, look.digests),
        };
      }),
    );
}

interface Found {
  readonly one: WantedAccessory;
  readonly inspect: ContainerInspect | undefined;
  /** What the tag of the file names on this machine. */
  readonly image: ImageInspect | undefined;
  /** What the container runs: another one when the tag moved. Its defaults are what the container's settings are seen against. */
  readonly own: ImageInspect | undefined;
  readonly unhealthy: string | undefined;
}

async function find(one: WantedAccessory, host: Host, look: AccessoryLook): Promise<Found> {
  const { docker } = host;
  const [inspect, image] = await Promise.all([
    docker.inspectContainer(one.spec.name),
    docker.inspectImage(one.spec.image),
  ]);
  const isAsked = look.asked?.has(one.accessory.name) === true;
  const [own, unhealthy] = await Promise.all([
    inspect === undefined || inspect.Image === image?.Id ? image : docker.inspectImage(inspect.Image),
    isAsked ? whyStillUnhealthy(inspect, host, one.health) : undefined,
  ]);
  return { one, inspect, image, own: own ?? image, unhealthy };
}

interface Facts extends AccessoryFacts {
  readonly inspect: ContainerInspect | undefined;
  readonly files: Readonly<Record<string, FileFacts>>;
}

function containersOf(
  wanted: WantedAccessory,
  summaries: readonly ContainerSummary[],
  facts: Facts,
): Pick<ObservedAccessory, 'container' | 'leftovers' | 'gone'> {
  const { name } = wanted.spec;
  const leftovers = summaries
    .map(containerOf)
    .filter((one) => one.labels['service'] === name && isLeftover(one.name, name))
    .toSorted((a, b) => b.createdSeconds - a.createdSeconds);
  const summary = summaries.find(({ Names }) => Names.includes(`/${name}`));
  const { inspect } = facts;
  const current = summary ?? summaries.find(({ Id }) => Id === leftovers.find((one) => isReplaced(one.name, name))?.id);
  const gone = current === undefined ? [] : goneSources(wanted, current, facts);
  if (summary === undefined || inspect === undefined) return { leftovers, gone };
  const { State } = inspect;
  const container: AccessoryContainer = {
    ...containerOf(summary),
    differences: accessoryDifferences(wanted, inspect, facts),
    ...errorOf(inspect),
    atStart: atStart(inspect),
    exitStatus: State.ExitCode,
    madeFrom: inspect.Config.Image,
    ...(State.Health === undefined ? {} : { health: State.Health.Status }),
  };
  return { container, leftovers, gone };
}

export function isLeftover(name: string, service: string): boolean {
  return name.startsWith(nextName(service, '')) || isReplaced(name, service);
}

function isReplaced(name: string, service: string): boolean {
  return name.startsWith(replacedName(service, ''));
}

function goneSources(wanted: WantedAccessory, summary: ContainerSummary, facts: Facts): string[] {
  const mounted = containerOf(summary).mounts.flatMap(({ type, source }) => (type === 'bind' ? [source] : []));
  return pathsOf(wanted)
    .filter((path) => facts.files[path] === undefined)
    .map((path) => posix.normalize(path.startsWith('/') ? path : `${facts.homeDirectory}/${path}`))
    .map((path) => path.replace(/(?<=.)\/$/, ''))
    .filter((path) => mounted.includes(path));
}

/** What the file mounts from the machine's disk, absolute or relative to the login directory. */
function pathsOf({ accessory }: WantedAccessory): string[] {
  const sources = accessory.volumes.map((volume) => absolute(volume.split(':')[0] ?? '', '.'));
  return [
    ...[...accessory.files, ...accessory.directories].map(({ hostPath }) => hostPath),
    ...sources.filter((source) => /^\.?\//.test(source)).map((source) => source.replace(/^\.\//, '')),
  ];
}

/** Nobody asks where one file alone has an accessory of that name. */
function claimantsOf(wanted: WantedAccessory): WantedAccessory[] {
  return wanted.rivals.length === 0 ? [] : [wanted, ...wanted.rivals.map((rival) => rival.wanted)];
}

function claimsOn(wanted: WantedAccessory, facts: Facts): Pick<ObservedAccessory, 'claims'> {
  const { inspect, files } = facts;
  const claimants = claimantsOf(wanted);
  if (claimants.length === 0) return {};
  const describes = (one: WantedAccessory) =>
    inspect !== undefined &&
    accessoryDifferences(one, inspect, facts).every((difference) => difference.startsWith('env '));
  return {
    claims: {
      envFiles: claimants.map(({ envFile }) => envFile).filter((path) => files[path] !== undefined),
      describedBy: claimants.filter(describes).map(({ envFile }) => envFile),
    },
  };
}

function imageFacts({ Id, RepoDigests, Config }: ImageInspect): NonNullable<ObservedAccessory['image']> {
  return { id: Id, digests: RepoDigests ?? [], volumes: Object.keys(Config.Volumes ?? {}) };
}
