import type { Config } from '../../config/config.ts';
import { ownerLabel } from '../../containers/names.ts';
import type { ObservedMount } from '../../observe/observed.ts';
import { asMount, mountsOf, type Mount } from '../mounts.ts';
import { describeContainer, nameOf } from '../owners.ts';
import { whyOpened } from '../ports.ts';
import { typed } from '../typed.ts';
import { currentOf, isRunning, type Met } from './current.ts';

/** Why a plan for accessories is not carried out, one text for each reason; what it may take away, and what is there already. */

/** What mounts there is in the file, as Docker would show it. */
export function wantedMounts({ wanted: { spec }, host: { homeDirectory } }: Met): Mount[] {
  return mountsOf(spec, homeDirectory);
}

/** Volumes without a name that the new container would not have: what stands there is seen by nobody afterwards. */
export function anonymousVolumes(met: Met): ObservedMount[] {
  const mounts = wantedMounts(met).map(({ destination }) => destination);
  const isAnonymous = ({ type, name = '' }: ObservedMount) => type === 'volume' && /^[0-9a-f]{64}$/.test(name);
  return (currentOf(met)?.mounts ?? []).filter((mount) => isAnonymous(mount) && !mounts.includes(mount.destination));
}

/** Places that would be mounted from elsewhere than now, or from nowhere. */
export function movedMounts(met: Met): { destination: string; from: string; to: string }[] {
  const wanted = wantedMounts(met);
  const named = (currentOf(met)?.mounts ?? []).filter(
    (mount) => !anonymousVolumes(met).includes(mount) && mount.type !== 'tmpfs',
  );
  return named.flatMap((mount) => {
    const from = asMount(mount).source;
    const to = wanted.find(({ destination }) => destination === mount.destination)?.source;
    return to === from ? [] : [{ destination: mount.destination, from, to: to ?? 'nowhere' }];
  });
}

/** @param allowed what was said to be meant: names of volumes to leave behind, and new places for data */
export function whyDataWouldGo(
  met: Met,
  allowed: { discard: readonly string[]; newData: readonly string[] },
  { destinationName }: Config,
): string[] {
  const { name: accessory } = met.wanted.accessory;
  const where = `${met.wanted.host}: ${accessory}`;
  const upgrade = (flags: string) => `\`${typed(`accessory upgrade ${accessory} ${flags}`, destinationName)}\``;
  const discarded = anonymousVolumes(met)
    .filter(({ name = '' }) => !allowed.discard.some((said) => name.startsWith(said) && said !== ''))
    .map(
      ({ name = '', destination }) =>
        `${where} keeps ${destination} in a volume without a name, ${name}: a new container does not get it. Mount a volume there, or say --discard ${name.slice(0, 12)}: ${upgrade(`--discard ${name.slice(0, 12)}`)}`,
    );
  const moved = movedMounts(met)
    .filter(({ to }) => !allowed.newData.includes(to))
    .map(
      ({ destination, from, to }) =>
        `${where} has ${destination} from ${from}, and the file says ${to}: its data would not be seen. ${upgrade(`--new-data ${to}`)} means it`,
    );
  return [...discarded, ...moved];
}

/** Data that is not where the container has it, such as on a disk that is not mounted: what starts would begin with an empty directory. */
export function whyDataIsGone(met: Met, { destinationName }: Config, newData: readonly string[] = []): string[] {
  const { wanted, host, observed } = met;
  const { name, files } = wanted.accessory;
  const brought = files.map(({ hostPath }) =>
    hostPath.startsWith('/') ? hostPath : `${host.homeDirectory}/${hostPath}`,
  );
  return (observed.gone ?? [])
    .filter((path) => !brought.includes(path) && !newData.includes(path))
    .map(
      (path) =>
        `${wanted.host}: ${name} has its data in ${path}, which is not there: it would begin with an empty directory. Mount it again, or \`${typed(`accessory upgrade ${name} --new-data ${path}`, destinationName)}\` means it`,
    );
}

/** The same of what is started again as it is, to which the file’s own files are not brought. */
export function whySourceIsGone(met: Met, config: Config): string[] {
  const { wanted, observed } = met;
  const { name } = wanted.accessory;
  const reasons = whyDataIsGone(met, config);
  if (reasons.length > 0) return reasons;
  const command = typed(`accessory ${isRunning(met) ? 'reboot' : 'boot'} ${name}`, config.destinationName);
  return (observed.gone ?? []).map(
    (path) => `${wanted.host}: ${name} mounts ${path}, which is not there; \`${command}\` writes it`,
  );
}

/** A port that would be opened on every address of the machine without anybody having said so; one that is open already is let be. */
export function whyPortIsOpen(met: Met): string[] {
  const { wanted, observed } = met;
  // What a run that was cut off has begun had its ports before.
  if (observed.leftovers.length > 0) return [];
  const now = isRunning(met) ? observed.container?.ports : observed.container?.atStart?.ports;
  return whyOpened(wanted.spec, now ?? [], `${wanted.host}: ${wanted.accessory.name}`);
}

/** That the container of its name is somebody else's: another destination's, whose accessory Kamal calls alike, or anybody's. */
export function whyNotOurs(met: Met, config: Config): string[] {
  const { wanted, observed } = met;
  const { container } = observed;
  if (container === undefined) return [];
  const { name, labels } = wanted.spec;
  const owner = container.labels[ownerLabel];
  const isOthers = container.labels['service'] !== name || (owner !== undefined && owner !== labels[ownerLabel]);
  const rival = owner === undefined ? rivalWithTheClaim(met, config) : undefined;
  if (!isOthers && rival === undefined) return [];
  const whose = isOthers || rival === undefined ? describeContainer(container, config) : `${name} of ${nameOf(rival)}`;
  return [`${wanted.host}: ${wanted.accessory.name} of ${nameOf(config)} wants the name ${name}, which ${whose} has`];
}

/**
 * Kamal leaves no label that says which destination made a container. It is the one whose env file is there; of several, the one whose
 * config alone describes it; else the base file's, as the others got the name from it. Undefined: nobody has a better claim.
 */
function rivalWithTheClaim({ wanted, observed: { claims } }: Met, config: Config): Config | undefined {
  if (claims === undefined) return undefined;
  const all = [
    { config, envFile: wanted.envFile },
    ...wanted.rivals.map((rival) => ({ config: rival.config, envFile: rival.wanted.envFile })),
  ];
  const made = all.filter(({ envFile }) => claims.envFiles.includes(envFile));
  const described = made.filter(({ envFile }) => claims.describedBy.includes(envFile));
  const left = described.length > 0 ? described : made;
  const [first] = left.length === 1 ? left : left.filter((one) => one.config.destination === undefined);
  return first === undefined || first.config === config ? undefined : first.config;
}
