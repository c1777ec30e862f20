import { createHash } from 'node:crypto';
import type { Logging } from '../config/config.ts';
import { publishedIn, type Published } from '../config/ports.ts';
import type { Environment } from './delivery.ts';
import { commandLineOptions, envOfOptions, isUnseen, placedOptions, withOptionsInPlace } from './options.ts';
import { same } from './same.ts';
import type { ContainerSpec } from './spec.ts';

/** Body of `POST /containers/create`. */
export interface CreateRequest {
  Image: string;
  HostConfig: Record<string, unknown>;
  [key: string]: unknown;
}

/** How to make a container: through the API, or by `docker create` with these words when the API table does not know an option. */
export type Creation =
  | { readonly way: 'api'; readonly body: CreateRequest }
  | {
      readonly way: 'command-line';
      readonly words: readonly string[];
      /** Variables that may not stand among the words. */
      readonly secretEnv: Readonly<Record<string, string>>;
    };

export interface CreationInput {
  /** As it is delivered. */
  readonly spec: ContainerSpec;
  /** Environment with the secret values in it. */
  readonly env: Environment;
  readonly homeDirectory: string;
}

export const optionsLabel = 'longshore.options';

/** Kamal's, where the file says nothing. */
const usualLogging: Logging = { options: { 'max-size': '10m' } };

/** @throws Failure `config-invalid` for an option value that Docker could not read */
export function creationOf(input: CreationInput): Creation {
  if (commandLineOptions(input.spec.options).length === 0) return { way: 'api', body: createRequest(input) };
  const { spec, env } = input;
  const secret = new Set(spec.env.filter(({ value }) => typeof value !== 'string').map(({ name }) => name));
  const entries = Object.entries({ ...env, ...envOfOptions(spec.options) });
  for (const name of Object.keys(envOfOptions(spec.options))) secret.delete(name);
  return {
    way: 'command-line',
    words: commandLine({ ...input, env: Object.fromEntries(entries.filter(([name]) => !secret.has(name))) }),
    secretEnv: Object.fromEntries(
      entries.flatMap(([name, value]) => (secret.has(name) && value !== undefined ? [[name, value]] : [])),
    ),
  };
}

/** The options that the API takes from us; the others are left out. */
export function createRequest({ spec: written, env, homeDirectory }: CreationInput): CreateRequest {
  const spec = withOptionsInPlace(written);
  const volumes = spec.volumes.map((volume) => absolute(volume, homeDirectory));
  const ports = spec.publish.flatMap(publishedIn).map(portBinding);
  const anonymous = volumes.filter((volume) => !volume.includes(':'));
  const body: CreateRequest = {
    Image: spec.image,
    ...(spec.hostname === undefined ? {} : { Hostname: spec.hostname }),
    ...(spec.cmd === undefined ? {} : { Cmd: [...spec.cmd] }),
    Env: Object.entries({ ...env, ...envOfOptions(written.options) }).map(envEntry),
    Labels: labelsOf(written),
    ExposedPorts: Object.fromEntries(ports.map(({ port }) => [port, {}])),
    ...(anonymous.length === 0 ? {} : { Volumes: Object.fromEntries(anonymous.map((path) => [path, {}])) }),
    HostConfig: {
      NetworkMode: spec.network,
      Binds: volumes.filter((volume) => volume.includes(':')),
      PortBindings: groupBindings(ports),
      RestartPolicy: restartPolicyOf(spec.restartPolicy),
      LogConfig: { Type: spec.logging.driver ?? '', Config: { ...spec.logging.options } },
    },
  };
  for (const { place, value } of placedOptions(written.options)) {
    if (value === undefined) continue;
    const section = sectionOf(body, place.section);
    section[place.field] = place.list ? [...((section[place.field] as unknown[]) ?? []), value] : value;
  }
  return body;
}

/** A name alone takes a variable away that the image has. */
function envEntry([name, value]: [string, string | undefined]): string {
  return value === undefined ? name : `${name}=${value}`;
}

function sectionOf(body: CreateRequest, section: 'Config' | 'HostConfig' | 'Healthcheck'): Record<string, unknown> {
  if (section === 'Config') return body;
  if (section === 'HostConfig') return body.HostConfig;
  return (body['Healthcheck'] ??= {}) as Record<string, unknown>;
}

/** `docker create` words, without the secret values. */
function commandLine({ spec: written, env, homeDirectory }: CreationInput): string[] {
  const spec = withOptionsInPlace(written);
  const { driver, options } = spec.logging;
  return [
    ...['--name', spec.name, '--network', spec.network, '--restart', spec.restartPolicy],
    ...(spec.hostname === undefined ? [] : ['--hostname', spec.hostname]),
    ...Object.entries(env).flatMap((entry) => ['--env', envEntry(entry)]),
    ...(driver === undefined ? [] : ['--log-driver', driver]),
    ...Object.entries(options).flatMap(([name, value]) => ['--log-opt', `${name}=${value}`]),
    ...spec.volumes.flatMap((volume) => ['--volume', absolute(volume, homeDirectory)]),
    ...spec.publish.flatMap((port) => ['--publish', port]),
    ...Object.entries(labelsOf(written)).flatMap(([name, value]) => ['--label', `${name}=${value}`]),
    ...spec.options.map(({ name, value }) => (value === true ? `--${name}` : `--${name}=${value}`)),
    spec.image,
    ...(spec.cmd ?? []),
  ];
}

/** Kamal's labels, and for what inspect cannot tell from an engine's own settings, a hash to compare it by. */
export function labelsOf(spec: ContainerSpec): Record<string, string> {
  const unseen = [...spec.options.filter(isUnseen), ...(same(spec.logging, usualLogging) ? [] : [spec.logging])];
  if (unseen.length === 0) return { ...withOptionsInPlace(spec).labels };
  const digest = createHash('sha256').update(JSON.stringify(unseen)).digest('hex').slice(0, 16);
  return { ...withOptionsInPlace(spec).labels, [optionsLabel]: digest };
}

/** Docker wants absolute paths where Kamal lets the login shell expand `$PWD`, `$HOME` and `~`. */
export function absolute(volume: string, homeDirectory: string): string {
  return volume.replace(/^(?:\$(?:PWD|HOME)|\$\{(?:PWD|HOME)\}|~)(?=[/:]|$)/, homeDirectory);
}

interface PortBinding {
  readonly port: string;
  readonly binding: { HostIp: string; HostPort: string };
}

function portBinding({ address = '', ports, target, protocol }: Published): PortBinding {
  const [first = '', last] = [ports[0], ports.at(-1)];
  // Docker itself chooses of several of the machine's.
  const HostPort = ports.length > 1 ? `${first}-${last}` : String(first);
  return { port: `${target}/${protocol}`, binding: { HostIp: address, HostPort } };
}

function groupBindings(ports: readonly PortBinding[]): Record<string, PortBinding['binding'][]> {
  const grouped: Record<string, PortBinding['binding'][]> = {};
  for (const { port, binding } of ports) (grouped[port] ??= []).push(binding);
  return grouped;
}

/** Docker's form of what `docker run --restart` takes. */
export function restartPolicyOf(policy: string): { Name: string; MaximumRetryCount: number } {
  const [name = 'no', count] = policy.split(':');
  return { Name: name, MaximumRetryCount: count === undefined ? 0 : Number(count) };
}
