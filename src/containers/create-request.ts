import { createHash } from 'node:crypto';
import type { DockerOption } from '../config/config.ts';
import { apiKnows, optionTable, unshownOptions } from './options.ts';
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
  | { readonly way: 'command-line'; readonly words: readonly string[] };

export interface CreationInput {
  readonly spec: ContainerSpec;
  /** Environment with the secret values in it. */
  readonly env: Readonly<Record<string, string>>;
  readonly homeDirectory: string;
  /** On the machine: holds the secret values when the command line is used. */
  readonly envFile: string;
}

export const optionsLabel = 'longshore.options';

/** @throws Failure `config-invalid` for an option value that Docker could not read */
export function creationOf(input: CreationInput): Creation {
  if (apiKnows(input.spec.options)) return { way: 'api', body: createRequest(input) };
  return { way: 'command-line', words: commandLine(input) };
}

/** The options that the table knows, as the API takes them; the others are left out. */
export function createRequest({ spec, env, homeDirectory }: Omit<CreationInput, 'envFile'>): CreateRequest {
  const volumes = [...spec.volumes, ...valuesOf(spec.options, 'volume')].map((volume) =>
    absolute(volume, homeDirectory),
  );
  const publish = [...spec.publish, ...valuesOf(spec.options, 'publish')];
  const ports = publish.flatMap(portBinding);
  const anonymous = volumes.filter((volume) => !volume.includes(':'));
  const body: CreateRequest = {
    Image: spec.image,
    ...(spec.hostname === undefined ? {} : { Hostname: spec.hostname }),
    ...(spec.cmd === undefined ? {} : { Cmd: [...spec.cmd] }),
    Env: Object.entries(env).map(([name, value]) => `${name}=${value}`),
    Labels: labelsOf(spec),
    ExposedPorts: Object.fromEntries(ports.map(({ port }) => [port, {}])),
    ...(anonymous.length === 0 ? {} : { Volumes: Object.fromEntries(anonymous.map((path) => [path, {}])) }),
    HostConfig: {
      NetworkMode: spec.network,
      Binds: volumes.filter((volume) => volume.includes(':')),
      PortBindings: groupBindings(ports),
      RestartPolicy: restartPolicy(spec.restartPolicy),
      LogConfig: { Type: spec.logging.driver ?? '', Config: { ...spec.logging.options } },
    },
  };
  for (const option of spec.options) place(body, option);
  return body;
}

function place(body: CreateRequest, { name, value }: DockerOption): void {
  const target = optionTable[name];
  if (target === undefined) return;
  const section = sectionOf(body, target.section);
  const parsed = target.parse(value);
  section[target.field] = target.list ? [...((section[target.field] as unknown[]) ?? []), parsed] : parsed;
}

function sectionOf(body: CreateRequest, section: 'Config' | 'HostConfig' | 'Healthcheck'): Record<string, unknown> {
  if (section === 'Config') return body;
  if (section === 'HostConfig') return body.HostConfig;
  return (body['Healthcheck'] ??= {}) as Record<string, unknown>;
}

/** `docker create` words; secret values stay in the env file on the machine. */
function commandLine({ spec, env, homeDirectory, envFile }: CreationInput): string[] {
  const secret = new Set(spec.env.filter(({ value }) => typeof value !== 'string').map(({ name }) => name));
  const { driver, options } = spec.logging;
  return [
    ...['--name', spec.name, '--network', spec.network, '--restart', spec.restartPolicy],
    ...(spec.hostname === undefined ? [] : ['--hostname', spec.hostname]),
    ...['--env-file', envFile],
    ...Object.entries(env).flatMap(([name, value]) => (secret.has(name) ? [] : ['--env', `${name}=${value}`])),
    ...(driver === undefined ? [] : ['--log-driver', driver]),
    ...Object.entries(options).flatMap(([name, value]) => ['--log-opt', `${name}=${value}`]),
    ...spec.volumes.flatMap((volume) => ['--volume', absolute(volume, homeDirectory)]),
    ...spec.publish.flatMap((port) => ['--publish', port]),
    ...Object.entries(labelsOf(spec)).flatMap(([name, value]) => ['--label', `${name}=${value}`]),
    ...spec.options.map(({ name, value }) => (value === true ? `--${name}` : `--${name}=${value}`)),
    spec.image,
    ...(spec.cmd ?? []),
  ];
}

/** Kamal's labels, and for options that inspect cannot show, a hash to compare them by. */
export function labelsOf(spec: ContainerSpec): Record<string, string> {
  const fromOptions = valuesOf(spec.options, 'label').map((label): [string, string] => {
    const [name = '', ...value] = label.split('=');
    return [name, value.join('=')];
  });
  const unshown = unshownOptions(spec.options);
  const digest = createHash('sha256').update(JSON.stringify(unshown)).digest('hex').slice(0, 16);
  return {
    ...spec.labels,
    ...Object.fromEntries(fromOptions),
    ...(unshown.length === 0 ? {} : { [optionsLabel]: digest }),
  };
}

/** Docker wants absolute paths where Kamal lets the login shell expand `$PWD`, `$HOME` and `~`. */
export function absolute(volume: string, homeDirectory: string): string {
  return volume.replace(/^(?:\$(?:PWD|HOME)|\$\{(?:PWD|HOME)\}|~)(?=[/:]|$)/, homeDirectory);
}

function valuesOf(options: readonly DockerOption[], name: string): string[] {
  return options.filter((option) => option.name === name).map(({ value }) => String(value));
}

interface PortBinding {
  readonly port: string;
  readonly binding: { HostIp: string; HostPort: string };
}

/** `[ip:]host:container[/udp]`, `container`, and `[::1]:host:container`, ranges left as the engine takes them. */
function portBinding(publish: string): PortBinding[] {
  const [rest = '', protocol = 'tcp'] = publish.split('/');
  const match = /^(?:(\[[^\]]+\]|[^:]*):)??(?:([^:]*):)?([^:]+)$/.exec(rest);
  const ip = (match?.[1] ?? '').replace(/^\[|\]$/g, '');
  return [{ port: `${match?.[3] ?? rest}/${protocol}`, binding: { HostIp: ip, HostPort: match?.[2] ?? '' } }];
}

function groupBindings(ports: readonly PortBinding[]): Record<string, PortBinding['binding'][]> {
  const grouped: Record<string, PortBinding['binding'][]> = {};
  for (const { port, binding } of ports) (grouped[port] ??= []).push(binding);
  return grouped;
}

function restartPolicy(policy: string): { Name: string; MaximumRetryCount: number } {
  const [name = 'no', count] = policy.split(':');
  return { Name: name, MaximumRetryCount: count === undefined ? 0 : Number(count) };
}
