import type { DockerOption } from './config.ts';
import { overlaps, portsOf, publishedIn } from './ports.ts';
import type { Destination } from './shared-mounts.ts';
import { lineOf, type Path } from './sheet.ts';
import type { Remark } from './yaml.ts';

/** What a role or an accessory has on a machine while it runs, and nothing else there can have. */
interface Claim {
  readonly host: string;
  /** `the accessory db` */
  readonly who: string;
  readonly kind: 'port' | 'name';
  /** A port as it is written, or the name of a container. */
  readonly text: string;
  readonly path: Path;
}

/**
 * Ports that two destinations publish on one machine, and accessories that go by one name there. A warning and no problem, as it may be
 * the other's fault: the plan that would take it is refused.
 */
export function sharedClaims(mine: Destination, others: readonly Destination[]): Remark[] {
  const own = claimsOf(mine);
  return others
    .filter((other) => isMeant(other, [mine, ...others]))
    .flatMap((other) => {
      const theirs = claimsOf(other);
      return own.flatMap((claim) =>
        theirs
          .filter((one) => one.host === claim.host && meet(claim, one))
          .map((one) => remark(claim, one, { mine, other })),
      );
    });
}

/** A base file that names no destination may be one of its own, unless there are several that it is the base of. */
function isMeant({ config }: Destination, all: readonly Destination[]): boolean {
  return (
    config.destinationName !== undefined || all.filter((one) => one.config.destinationName !== undefined).length < 2
  );
}

function meet(mine: Claim, theirs: Claim): boolean {
  if (mine.kind !== theirs.kind) return false;
  if (mine.kind === 'name') return mine.text === theirs.text;
  const fixed = (text: string) =>
    publishedIn(text)
      .filter(({ ports }) => ports.length === 1)
      .flatMap(portsOf);
  return fixed(mine.text).some((port) => fixed(theirs.text).some((other) => overlaps(port, other)));
}

function remark(
  claim: Claim,
  other: Claim,
  { mine, other: { config, layers } }: { mine: Destination; other: Destination },
): Remark {
  const { destinationName, file } = config;
  const whose = destinationName === undefined ? `${file} alone` : `destination ${destinationName}`;
  const where = `${other.who} of ${whose} (${lineOf(layers.placeOf(other.path).key)})`;
  const message =
    claim.kind === 'port'
      ? `the port \`${claim.text}\` is also published on ${claim.host} by ${where}; one of them can run`
      : `\`${claim.text}\` is also what ${where} is called on ${claim.host}; give one of them another \`service\``;
  return { place: mine.layers.placeOf(claim.path).key, message };
}

function claimsOf({ config, layers }: Destination): Claim[] {
  const ofRoles = config.roles.flatMap(({ name, hosts, options }) =>
    hosts.flatMap(({ host }) => ports(options, { host, who: `the role ${name}`, path: ['servers', name, 'options'] })),
  );
  const ofAccessories = config.accessories.flatMap(({ name, service, hosts, publish, options, network }) => {
    const path = ['accessories', name];
    const named = layers.has([...path, 'service']) ? [...path, 'service'] : path;
    return hosts.flatMap(({ host }): Claim[] => {
      const common = { host, who: `the accessory ${name}` };
      const published = publish.map((text) => ({ ...common, kind: 'port' as const, text, path: [...path, 'port'] }));
      return [
        { ...common, kind: 'name', text: service, path: named },
        ...(network === 'host' ? [] : [...published, ...ports(options, { ...common, path: [...path, 'options'] })]),
      ];
    });
  });
  return [...ofRoles, ...ofAccessories];
}

function ports(options: readonly DockerOption[], common: Pick<Claim, 'host' | 'who' | 'path'>): Claim[] {
  const path = [...common.path, 'publish'];
  return options.flatMap(({ name, value }) =>
    name === 'publish' ? [{ ...common, path, kind: 'port' as const, text: String(value) }] : [],
  );
}

/** Whether anything of a file could meet with what another destination has on a machine. */
export function claimsAnything({ config }: Pick<Destination, 'config'>): boolean {
  const publishes = ({ options }: { options: readonly DockerOption[] }) =>
    options.some(({ name }) => name === 'publish');
  return config.accessories.length > 0 || config.roles.some(publishes);
}
