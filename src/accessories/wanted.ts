import type { Config } from '../config/config.ts';
import type { Accessory } from '../config/config-accessory.ts';
import { present } from '../config/present.ts';
import { accessoryEnvFilePath, ownerLabel, serviceOnMachine, valuesLabel } from '../containers/names.ts';
import type { ContainerSpec, EnvVariable } from '../containers/spec.ts';
import { withStopping } from '../containers/stopping.ts';
import { healthOf, type AccessoryHealth } from './health.ts';

/** An accessory's container on one machine, as the file asks for it. */
export interface WantedAccessory {
  readonly host: string;
  readonly accessory: Accessory;
  readonly spec: ContainerSpec;
  readonly health: AccessoryHealth;
  /** Where Kamal reads its secrets from. */
  readonly envFile: string;
  /** What tells the certificate of its route from another; absent when it has none of its own, or nobody has read it. */
  readonly certificateId?: string;
  /** Other destinations that have an accessory of the same name on this machine. */
  readonly rivals: readonly Rival[];
}

export interface Rival {
  readonly config: Config;
  readonly wanted: WantedAccessory;
}

/** One for each accessory and machine, in the order of the file. `certificates`: their ids by accessory. */
export function wantedAccessories(
  config: Config,
  accessories = config.accessories,
  certificates: ReadonlyMap<string, string> = new Map(),
): WantedAccessory[] {
  return accessories.flatMap((accessory) =>
    accessory.hosts.map(({ host, env }) => ({
      host,
      accessory,
      spec: accessorySpec(config, accessory, environment(host, env)),
      health: healthOf(accessory, config),
      envFile: accessoryEnvFilePath(config, accessory.name),
      rivals: rivalsOf(accessory, host, config),
      ...present({ certificateId: certificates.get(accessory.name) }),
    })),
  );
}

function rivalsOf({ service }: Accessory, host: string, { others }: Config): Rival[] {
  return others.flatMap((config) =>
    config.accessories
      .filter((one) => one.service === service)
      .flatMap((one) => wantedAccessories(config, [one]))
      .filter((wanted) => wanted.host === host)
      .map((wanted) => ({ config, wanted })),
  );
}

/** What Kamal gives `docker run` for an accessory (reference, section 3.3). Its host name is left to Docker, as there. */
function accessorySpec(config: Config, accessory: Accessory, env: readonly EnvVariable[]): ContainerSpec {
  const { values } = config;
  const { service, options } = accessory;
  return {
    name: service,
    image: accessory.image,
    ...(accessory.cmd === undefined ? {} : { cmd: accessory.cmd }),
    env,
    labels: {
      ...accessory.labels,
      service,
      [valuesLabel]: values ?? 'exact',
      [ownerLabel]: serviceOnMachine(config),
    },
    network: accessory.network,
    restartPolicy: accessory.restartPolicy,
    logging: accessory.logging,
    volumes: [...accessory.volumes, ...[...accessory.files, ...accessory.directories].map(mount)],
    publish: accessory.publish,
    options: withStopping(options, accessory),
    ...(values === undefined ? {} : { values }),
  };
}

function mount({ hostPath, remote, options }: Accessory['directories'][number]): string {
  const source = hostPath.startsWith('/') ? hostPath : `$PWD/${hostPath}`;
  return [source, remote, ...(options === undefined ? [] : [options])].join(':');
}

/** Secrets, then what Kamal adds, then clear values, which win over a secret of the same name as in `docker run`. */
function environment(host: string, { clear, secret }: Accessory['hosts'][number]['env']): EnvVariable[] {
  const variables = new Map<string, EnvVariable['value']>();
  for (const [variable, key] of Object.entries(secret)) variables.set(variable, { secret: key });
  variables.set('KAMAL_HOST', host);
  for (const [variable, value] of Object.entries(clear)) variables.set(variable, value);
  return [...variables].map(([name, value]) => ({ name, value }));
}

/** Names of the secrets that these accessories' containers need. */
export function secretsOfAccessories(accessories: readonly Accessory[]): string[] {
  return [...new Set(accessories.flatMap(({ hosts }) => hosts.flatMap(({ env }) => Object.values(env.secret))))];
}

/** Names of the secrets that hold the certificates and keys of their routes. */
export function secretsOfAccessoryRoutes(accessories: readonly Accessory[]): string[] {
  return accessories.flatMap(({ proxy }) => Object.values(proxy?.certificate ?? {}));
}
