import { createRequest, labelsOf, optionsLabel } from './create-request.ts';
import { optionTable } from './options.ts';
import type { ContainerSpec } from './spec.ts';

/** The parts of `docker inspect` that a spec decides about. */
export interface RunningSettings {
  readonly Config: {
    Env: string[] | null;
    Cmd: string[] | null;
    Image: string;
    Labels: Record<string, string> | null;
  } & Record<string, unknown>;
  readonly HostConfig: Record<string, unknown>;
}

export interface ImageDefaults {
  readonly Env?: string[] | null;
  readonly Cmd?: string[] | null;
  readonly Labels?: Record<string, string> | null;
  readonly [key: string]: unknown;
}

/**
 * How a container differs from what the file asks for, one phrase per setting; env and labels by name only, so that no value shows.
 * The image's own defaults and nulls are noise, as are settings that no file asks for, such as the host name.
 */
export function differencesOf(input: {
  spec: ContainerSpec;
  env: Readonly<Record<string, string>>;
  homeDirectory: string;
  running: RunningSettings;
  imageDefaults: ImageDefaults;
}): string[] {
  const { spec, env, homeDirectory, running, imageDefaults } = input;
  const wanted = createRequest({ spec, env, homeDirectory });
  const wantedCmd = spec.cmd ?? imageDefaults.Cmd ?? null;
  const byCommandLine = running.Config.Labels?.[optionsLabel] === undefined ? [optionsLabel] : [];
  return [
    ...(running.Config.Image === spec.image ? [] : [`image is ${running.Config.Image}`]),
    ...(same(running.Config.Cmd, wantedCmd) ? [] : ['cmd differs']),
    ...mapDifferences('env', readEnv(running.Config.Env), { ...readEnv(imageDefaults.Env), ...env }),
    ...mapDifferences(
      'label',
      running.Config.Labels ?? {},
      { ...imageDefaults.Labels, ...labelsOf(spec) },
      byCommandLine,
    ),
    ...settingDifferences(wanted, running, imageDefaults),
  ];
}

function mapDifferences(
  what: string,
  running: Readonly<Record<string, string>>,
  wanted: Readonly<Record<string, string>>,
  ignored: readonly string[] = [],
): string[] {
  const names = [...new Set([...Object.keys(running), ...Object.keys(wanted)])].filter(
    (name) => !ignored.includes(name),
  );
  return names.sort().flatMap((name) => {
    if (running[name] === wanted[name]) return [];
    if (running[name] === undefined) return [`${what} ${name} is missing`];
    if (wanted[name] === undefined) return [`${what} ${name} is extra`];
    return [`${what} ${name} differs`];
  });
}

function settingDifferences(
  wanted: ReturnType<typeof createRequest>,
  running: RunningSettings,
  image: ImageDefaults,
): string[] {
  const differences: string[] = [];
  const host = running.HostConfig;
  if (host['NetworkMode'] !== wanted.HostConfig['NetworkMode'])
    differences.push(`network is ${String(host['NetworkMode'])}`);
  if (!sameSet(host['Binds'], wanted.HostConfig['Binds'])) differences.push('volumes differ');
  if (!same(host['PortBindings'], wanted.HostConfig['PortBindings'])) differences.push('published ports differ');
  if (!same(host['RestartPolicy'], wanted.HostConfig['RestartPolicy'])) differences.push('restart policy differs');
  if (!sameLogging(host['LogConfig'], wanted.HostConfig['LogConfig'])) differences.push('logging differs');
  for (const [name, { section, field, unset }] of Object.entries(optionTable)) {
    if (section === 'Healthcheck') continue;
    const [is, want] =
      section === 'HostConfig'
        ? [host[field], wanted.HostConfig[field] ?? derived(field, wanted.HostConfig, host)]
        : [running.Config[field], wanted[field] ?? image[field]];
    if (same(is, want) || (isNothing(want) && same(is, unset))) continue;
    if (!(field === 'IpcMode' && isNothing(want)) && !(field === 'Runtime' && isNothing(want)))
      differences.push(`${name} differs`);
  }
  const health = wanted['Healthcheck'];
  if (
    health !== undefined &&
    !same({ ...(image['Healthcheck'] as object), ...(health as object) }, running.Config['Healthcheck'])
  ) {
    differences.push('health check differs');
  }
  return differences;
}

/** Docker sets swap to twice the memory where only memory is given. */
function derived(field: string, wanted: Record<string, unknown>, running: Record<string, unknown>): unknown {
  if (field !== 'MemorySwap' || isNothing(wanted['Memory'])) return undefined;
  return running[field] === 0 || running[field] === -1 ? running[field] : Number(wanted['Memory']) * 2;
}

function sameLogging(running: unknown, wanted: unknown): boolean {
  const [is, want] = [running, wanted] as { Type?: string; Config?: Record<string, string> }[];
  return (isNothing(want?.Type) || is?.Type === want?.Type) && same(is?.Config, want?.Config);
}

function readEnv(env: readonly string[] | null | undefined): Record<string, string> {
  return Object.fromEntries(
    (env ?? []).map((entry) => [entry.split('=', 1)[0] ?? '', entry.slice(entry.indexOf('=') + 1)]),
  );
}

function sameSet(one: unknown, other: unknown): boolean {
  const sorted = (list: unknown) => (Array.isArray(list) ? [...list].map(String).sort() : []);
  return same(sorted(one), sorted(other));
}

function same(one: unknown, other: unknown): boolean {
  if (isNothing(one) && isNothing(other)) return true;
  return JSON.stringify(normalised(one)) === JSON.stringify(normalised(other));
}

/** Null, zero, false and empty things say the same: not set. */
function isNothing(value: unknown): boolean {
  if (value === undefined || value === null || value === '' || value === 0 || value === false) return true;
  return typeof value === 'object' && Object.keys(value).length === 0;
}

/** Keys sorted, nothings dropped, `CAP_` prefixes of capabilities gone (engines differ in showing them). */
function normalised(value: unknown): unknown {
  if (typeof value === 'string') return value.replace(/^CAP_/, '');
  if (Array.isArray(value)) return value.map(normalised);
  if (value === null || typeof value !== 'object') return value;
  const entries = Object.entries(value).filter(([, entry]) => !isNothing(entry));
  return Object.fromEntries(
    entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, entry]) => [key, normalised(entry)]),
  );
}
