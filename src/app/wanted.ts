import { createHash } from 'node:crypto';
import type { Config, Role, RoleHost } from '../config/config.ts';
import {
  assetsDirectory,
  assetsName,
  containerName,
  identityLabels,
  imageOf,
  networkName,
  valuesLabel,
} from '../containers/names.ts';
import type { ContainerSpec, EnvVariable } from '../containers/spec.ts';
import { withStopping } from '../containers/stopping.ts';

/** A role's container on one machine, as the file asks for it. */
export interface WantedContainer {
  readonly host: string;
  readonly role: Role;
  readonly spec: ContainerSpec;
}

/** Every app container of this version that the file asks for: one per machine and role. */
export function wantedContainers(config: Config, version: string): WantedContainer[] {
  return config.roles.flatMap((role) =>
    role.hosts.map((roleHost) => ({ host: roleHost.host, role, spec: roleSpec(config, role, roleHost, version) })),
  );
}

/** What Kamal gives `docker run` for a role (reference, section 3.3). */
function roleSpec(config: Config, role: Role, { host, env }: RoleHost, version: string): ContainerSpec {
  const name = containerName(config, role, version);
  return {
    name,
    image: imageOf(config, version),
    hostname: hostname(host, name),
    ...(role.cmd === undefined ? {} : { cmd: role.cmd }),
    env: roleEnvironment(config, { host, env }, { name, version }),
    labels: { ...role.labels, ...identityLabels(config, role.name), [valuesLabel]: config.values ?? 'exact' },
    network: networkName,
    restartPolicy: role.restartPolicy,
    logging: role.logging,
    volumes: [...role.volumes, ...assetVolume(config, role, version)],
    publish: [],
    options: withStopping(role.options, { stopSignal: role.stopSignal }),
    ...(config.values === undefined ? {} : { values: config.values }),
  };
}

function assetVolume(config: Config, { name, assets }: Role, version: string): string[] {
  if (assets === undefined) return [];
  const source = `$PWD/${assetsDirectory(config)}/volumes/${assetsName(name, version)}`;
  return [[source, assets.path, assets.mountOptions].filter(Boolean).join(':')];
}

/** Kamal's own variables first, then secrets, then clear values, which win over a secret of the same name as in `docker run`. */
function roleEnvironment(
  config: Config,
  { host, env }: RoleHost,
  { name, version }: { name: string; version: string },
): EnvVariable[] {
  const variables = new Map<string, EnvVariable['value']>();
  for (const [variable, key] of Object.entries(env.secret)) variables.set(variable, { secret: key });
  variables.set('KAMAL_CONTAINER_NAME', name);
  variables.set('KAMAL_VERSION', version);
  variables.set('KAMAL_HOST', host);
  if (config.destination !== undefined) variables.set('KAMAL_DESTINATION', config.destination);
  for (const [variable, value] of Object.entries(env.clear)) variables.set(variable, value);
  return [...variables].map(([variable, value]) => ({ name: variable, value }));
}

/** Kamal: the first 51 characters of the host without a trailing dot, and 12 hex digits; here they follow from the name. */
function hostname(host: string, name: string): string {
  const digits = createHash('sha256').update(`${host} ${name}`).digest('hex').slice(0, 12);
  return `${host.slice(0, 51).replace(/\.$/, '')}-${digits}`;
}

/** Names of the secrets that this config's containers and their routes need. */
export function secretsOfRoles(config: Config): string[] {
  const ofRole = ({ hosts, proxy }: Role) => [
    ...hosts.flatMap(({ env }) => Object.values(env.secret)),
    ...Object.values(proxy?.certificate ?? {}),
  ];
  return [...new Set(config.roles.flatMap(ofRole))];
}
