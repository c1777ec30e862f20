import type { WantedAccessory } from '../../accessories/wanted.ts';
import type { Config } from '../../config/config.ts';
import { absolute } from '../../containers/create-request.ts';
import type { ObservedContainer, ObservedHost, ObservedMount } from '../../observe/observed.ts';
import { currentOf, isRunning, type Met } from './current.ts';
import { overlaps, publishedBy, type Published } from './ports.ts';

/** Why a plan for accessories is not carried out, one text for each reason; what it may take away, and what is there already. */

/** What mounts there is in the file, as Docker would show it. */
export function wantedMounts(
  { spec }: WantedAccessory,
  homeDirectory: string,
): { source: string; destination: string }[] {
  const volumes = [
    ...spec.volumes,
    ...spec.options.flatMap(({ name, value }) => (name === 'volume' ? [String(value)] : [])),
  ];
  return volumes.flatMap((volume) => {
    const [source = '', destination] = absolute(volume, homeDirectory).split(':');
    return destination === undefined ? [] : [{ source, destination }];
  });
}

/** Volumes without a name that the new container would not have: what stands there is seen by nobody afterwards. */
export function anonymousVolumes(met: Met): ObservedMount[] {
  const mounts = wantedMounts(met.wanted, met.host.homeDirectory).map(({ destination }) => destination);
  const isAnonymous = ({ type, name = '' }: ObservedMount) => type === 'volume' && /^[0-9a-f]{64}$/.test(name);
  return (currentOf(met)?.mounts ?? []).filter((mount) => isAnonymous(mount) && !mounts.includes(mount.destination));
}

/** Places that would be mounted from elsewhere than now, or from nowhere. */
export function movedMounts(met: Met): { destination: string; from: string; to: string }[] {
  const wanted = wantedMounts(met.wanted, met.host.homeDirectory);
  const named = (currentOf(met)?.mounts ?? []).filter(
    (mount) => !anonymousVolumes(met).includes(mount) && mount.type !== 'tmpfs',
  );
  return named.flatMap((mount) => {
    const from = mount.type === 'volume' ? (mount.name ?? '') : mount.source;
    const to = wanted.find(({ destination }) => destination === mount.destination)?.source;
    return to === from ? [] : [{ destination: mount.destination, from, to: to ?? 'nowhere' }];
  });
}

/** @param allowed what was said to be meant: names of volumes to leave behind, and new places for data */
export function whyDataWouldGo(
  met: Met,
  allowed: { discard: readonly string[]; newData: readonly string[] },
): string[] {
  const where = `${met.wanted.host}: ${met.wanted.accessory.name}`;
  const discarded = anonymousVolumes(met)
    .filter(({ name = '' }) => !allowed.discard.some((said) => name.startsWith(said) && said !== ''))
    .map(
      ({ name = '', destination }) =>
        `${where} keeps ${destination} in a volume without a name, ${name}: a new container does not get it. Mount a volume there, or say --discard ${name.slice(0, 12)}`,
    );
  const moved = movedMounts(met)
    .filter(({ to }) => !allowed.newData.includes(to))
    .map(
      ({ destination, from, to }) =>
        `${where} has ${destination} from ${from}, and the file says ${to}: its data would not be seen. \`accessory upgrade ${met.wanted.accessory.name} --new-data ${to}\` means it`,
    );
  return [...discarded, ...moved];
}

/** A port that would be opened on every address of the machine without anybody having said so; one that is open already is let be. */
export function whyPortIsOpen(met: Met): string[] {
  const { wanted } = met;
  const open = currentOf(met)?.ports ?? [];
  return publishedBy(wanted.spec)
    .filter(
      ({ address, port, protocol }) =>
        address === undefined &&
        !(isRunning(met) && open.some((one) => one.port === port && one.protocol === protocol)),
    )
    .map(({ text, port, target }) => {
      const ports = `${port}:${target}`;
      return `${wanted.host}: ${wanted.accessory.name} would publish ${text} on every address of the machine, past its firewall. Write 127.0.0.1:${ports} for the machine alone, its address in the private network (such as 100.64.0.1:${ports}), or 0.0.0.0:${ports} to mean it`;
    });
}

/** Names, directories and ports that somebody else on the machine has already; both owners are named. */
export function collisions(met: Met, config: Config): string[] {
  const { wanted, host } = met;
  const own = (container: ObservedContainer) => container.labels['service'] === wanted.spec.name;
  const me = `${wanted.host}: ${wanted.accessory.name} of ${config.file}`;
  const named = host.containers.filter(
    ({ name, labels }) => name === wanted.spec.name && labels['service'] !== wanted.spec.name,
  );
  return [
    ...named.map((container) => `${me} wants the name ${wanted.spec.name}, which ${ownerOf(container)} has`),
    ...host.containers
      .filter((container) => !own(container))
      .flatMap((container) => [
        ...sharedDirectories(met, container).map((path) => `${me} wants ${path}, which ${ownerOf(container)} mounts`),
        ...sharedPorts(wanted, container).map(
          ({ text }) => `${me} wants the port ${text}, which ${ownerOf(container)} has`,
        ),
      ]),
  ];
}

function ownerOf({ name, labels }: ObservedContainer): string {
  const service = labels['service'];
  const destination = labels['destination'] ? ` in ${labels['destination']}` : '';
  return service === undefined ? `the container ${name}` : `${name} (service ${service}${destination})`;
}

/** What both may write to: read-only mounts of the same files are no collision. */
function sharedDirectories(met: Met, { mounts }: ObservedContainer): string[] {
  const readOnly = new Set(
    met.wanted.spec.volumes
      .filter((volume) => /:(?:[^:]*,)?ro(?:,[^:]*)?$/.test(volume))
      .map((volume) => absolute(volume, met.host.homeDirectory).split(':')[0] ?? ''),
  );
  const sources = wantedMounts(met.wanted, met.host.homeDirectory).map(({ source }) => source);
  return sources.filter(
    (source) =>
      !readOnly.has(source) &&
      mounts.some(
        ({ isWritable, type, name, source: other }) =>
          isWritable && isWithin(source, type === 'volume' ? (name ?? '') : other),
      ),
  );
}

function isWithin(one: string, other: string): boolean {
  if (one === other) return true;
  return one.startsWith('/') && other.startsWith('/') && (one.startsWith(`${other}/`) || other.startsWith(`${one}/`));
}

function sharedPorts({ spec }: WantedAccessory, { ports }: ObservedContainer): Published[] {
  return publishedBy(spec).filter((wanted) => ports.some((taken) => overlaps(wanted, taken)));
}

/** Containers of this service that mount from another login's home: two logins, two truths. */
export function strangers(host: ObservedHost, service: string): string[] {
  return host.containers
    .filter(({ labels }) => labels['service'] === service || labels['service']?.startsWith(`${service}-`) === true)
    .flatMap(({ name, labels, mounts }) =>
      mounts.flatMap(({ type, source }) => {
        if (type !== 'bind' || source.startsWith(`${host.homeDirectory}/`)) return [];
        const inHome = new RegExp(`^(/root|/home/[^/]+)/(?:${escape(labels['service'] ?? '')}|\\.kamal)/`).exec(source);
        if (inHome === null) return [];
        return [`${host.host}: ${name} mounts ${source}, and this login's directory is ${host.homeDirectory}`];
      }),
    );
}

function escape(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
