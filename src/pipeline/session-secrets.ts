import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { secretsOfAccessories, secretsOfAccessoryRoutes } from '../accessories/wanted.ts';
import { secretsOfRoles } from '../app/wanted.ts';
import type { Config, Registry, Value } from '../config/config.ts';
import { hookConfigOf, secretsFor, type HookName } from '../hooks/hooks.ts';
import type { RegistryCredentials } from '../hosts/docker.ts';
import type { SecretsRequest } from '../secrets/resolve.ts';
import type { Purpose } from './session.ts';

/** Says in which lines of the file and its destination's a name stands; both are read only when it is asked. */
export function placesIn({ file, destinationFile }: Config, cwd: string): (name: string) => string[] {
  return (name) =>
    [file, destinationFile ?? []].flat().flatMap((path) => {
      const lines = readFileSync(resolve(cwd, path), 'utf8').split('\n');
      const isNamed = (line: string) => !line.trimStart().startsWith('#') && line.split(/[^\w.]+/).includes(name);
      return lines.flatMap((line, index) => (isNamed(line) ? [`${path}:${index + 1}`] : []));
    });
}

/** Which secrets a command needs, by name. */
export async function secretNames(input: {
  config: Config;
  purpose: Purpose;
  hooks: readonly HookName[];
  all: () => Promise<readonly string[]>;
}): Promise<string[]> {
  const { config, purpose, hooks } = input;
  const ofHooks = await Promise.all(
    hooks.flatMap((hook) => {
      const settings = hookConfigOf(config, hook);
      return settings.runOn.map(async (where) => {
        const names = secretsFor(hook, settings, where === 'local' ? 'local' : 'host');
        return names === 'all' ? input.all() : names;
      });
    }),
  );
  return [
    ...(purpose.needs.includes('containers') ? secretsOfRoles(config) : []),
    ...(purpose.needs.includes('build') ? config.builder.secrets : []),
    ...(purpose.needs.includes('registry') ? secretsOfRegistry(config.registry) : []),
    ...(purpose.needs.includes('accessories')
      ? [
          ...secretsOfAccessories(config.accessories),
          ...config.accessories.flatMap(({ registry }) => (registry === undefined ? [] : secretsOfRegistry(registry))),
        ]
      : []),
    ...(purpose.needs.includes('accessory-routes') ? secretsOfAccessoryRoutes(config.accessories) : []),
    ...(['registry', 'this-machine'].includes(purpose.changes) ? [] : config.ssh.keyData.flatMap(secretName)),
    ...ofHooks.flat(),
  ];
}

/** Those without which a command does less of what it does; nothing is fetched for comparing alone. */
export function secretsWished(config: Config, { wishes = [] }: Purpose): Pick<SecretsRequest, 'atHand' | 'ifToBeHad'> {
  const { accessories } = config;
  if (accessories.length === 0) return {};
  const registries = [config.registry, ...accessories.flatMap(({ registry }) => registry ?? [])];
  return {
    atHand: wishes.includes('accessories')
      ? [...secretsOfAccessories(accessories), ...secretsOfAccessoryRoutes(accessories)]
      : [],
    ifToBeHad: wishes.includes('registries') ? registries.flatMap(secretsOfRegistry) : [],
  };
}

function secretName(value: Value | undefined): string[] {
  return value === undefined || typeof value === 'string' ? [] : [value.secret];
}

/** Secrets that stand in the file itself. */
export function valuesInFile({ ssh, registry }: Config): string[] {
  return [...ssh.keyData, registry.password ?? []].flat().filter((value) => typeof value === 'string');
}

function secretsOfRegistry({ username, password }: Registry): string[] {
  return [username, password].flatMap(secretName);
}

/** Absent when the file or the secrets do not have both. */
export function credentialsOf(
  registry: Registry,
  secrets: ReadonlyMap<string, string>,
): RegistryCredentials | undefined {
  const read = (value: Value | undefined) => (typeof value === 'object' ? secrets.get(value.secret) : value);
  const [username, password] = [read(registry.username), read(registry.password)];
  if (username === undefined || password === undefined) return undefined;
  return { server: registry.server ?? 'docker.io', username, password };
}
