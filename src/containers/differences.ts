import type { DockerOption } from '../config/config.ts';
import { createRequest, labelsOf, optionsLabel } from './create-request.ts';
import { kamalForms } from './kamal-forms.ts';
import { envOfOptions } from './options.ts';
import { same } from './same.ts';
import { settingDifferences } from './setting-differences.ts';
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

export interface Comparison {
  readonly spec: ContainerSpec;
  readonly env: Readonly<Record<string, string>>;
  readonly homeDirectory: string;
  readonly running: RunningSettings;
  readonly imageDefaults: ImageDefaults;
}

/**
 * How a container differs from what the file asks for, one phrase per setting; env and labels by name only, so that no value shows.
 * The image's own defaults and nulls are noise, as are settings that no file asks for, such as the host name. In a container that Kamal
 * made, a value counts as the same in the form in which Kamal delivers it: the file says what it said then, and the next version delivers
 * it exactly; else the first deploy after Kamal's would replace containers that nobody changed. Longshore's own are told by their host
 * name, which follows from the container's, where Kamal's is random; where an option sets it, both forms count.
 */
export function differencesOf(comparison: Comparison): string[] {
  const { spec, running, imageDefaults } = comparison;
  const byLongshore = spec.hostname !== undefined && running.Config['Hostname'] === spec.hostname;
  return [
    ...(running.Config.Image === spec.image ? [] : [`image is ${running.Config.Image}`]),
    ...(same(running.Config.Cmd, wantedCmd(spec, imageDefaults)) ? [] : ['cmd differs']),
    ...hostnameDifferences(spec.options, running),
    ...envDifferences(comparison, byLongshore),
    ...labelDifferences(comparison, byLongshore),
    ...settingDifferences(createRequest(comparison), running, imageDefaults),
  ];
}

/** An entry point of one's own takes the image's command away. */
function wantedCmd({ cmd, options }: ContainerSpec, image: ImageDefaults): readonly string[] | null {
  if (cmd !== undefined) return cmd;
  return has(options, 'entrypoint') ? null : (image.Cmd ?? null);
}

function hostnameDifferences(options: readonly DockerOption[], { Config }: RunningSettings): string[] {
  const wanted = options.findLast(({ name }) => name === 'hostname')?.value;
  return wanted === undefined || wanted === Config['Hostname'] ? [] : ['hostname differs'];
}

function envDifferences({ spec, env, running, imageDefaults }: Comparison, byLongshore: boolean): string[] {
  const fromImage = readEnv(imageDefaults.Env);
  const fromOptions = envOfOptions(spec.options);
  const secret = new Set(spec.env.filter(({ value }) => typeof value !== 'string').map(({ name }) => name));
  const wanted = new Map<string, Accepted>(Object.entries(fromImage).map(([name, value]) => [name, [value]]));
  for (const [name, value] of Object.entries({ ...env, ...fromOptions })) {
    const kind = secret.has(name) && !Object.hasOwn(fromOptions, name) ? 'secret' : 'clear';
    wanted.set(name, byLongshore ? [value] : kamalForms(value, kind).map((form) => form ?? fromImage[name]));
  }
  return namedDifferences('env', readEnv(running.Config.Env), wanted)
    .filter(
      ({ name, how }) =>
        !isFromClient(spec.options, 'env', name) && !(how === 'extra' && has(spec.options, 'env-file')),
    )
    .map(({ text }) => text);
}

function labelDifferences({ spec, running, imageDefaults }: Comparison, byLongshore: boolean): string[] {
  const wanted = new Map<string, Accepted>(
    Object.entries(imageDefaults.Labels ?? {}).map(([name, value]) => [name, [value]]),
  );
  for (const [name, value] of Object.entries(labelsOf(spec))) {
    wanted.set(name, byLongshore ? [value] : kamalForms(value, 'label'));
  }
  const labels = running.Config.Labels ?? {};
  const knowsOptions = byLongshore || labels[optionsLabel] !== undefined;
  return namedDifferences('label', labels, wanted)
    .filter(
      ({ name, how }) =>
        (name !== optionsLabel || knowsOptions) && !(how === 'extra' && has(spec.options, 'label-file')),
    )
    .map(({ text }) => text);
}

/** The values that count as the wanted one; undefined: it may be absent. */
type Accepted = readonly (string | undefined)[];

interface NamedDifference {
  readonly name: string;
  readonly how: 'missing' | 'extra' | 'differs';
  readonly text: string;
}

function namedDifferences(
  what: string,
  running: Readonly<Record<string, string>>,
  wanted: ReadonlyMap<string, Accepted>,
): NamedDifference[] {
  const names = [...new Set([...Object.keys(running), ...wanted.keys()])].sort();
  return names.flatMap((name): NamedDifference[] => {
    const accepted = wanted.get(name);
    if (accepted?.includes(running[name]) === true) return [];
    const how = accepted === undefined ? 'extra' : running[name] === undefined ? 'missing' : 'differs';
    return [{ name, how, text: how === 'differs' ? `${what} ${name} differs` : `${what} ${name} is ${how}` }];
  });
}

/** `--env NAME`: its value comes from where the container was made. */
function isFromClient(options: readonly DockerOption[], option: string, value: string): boolean {
  return options.some((one) => one.name === option && one.value === value);
}

function has(options: readonly DockerOption[], name: string): boolean {
  return options.some((option) => option.name === name);
}

function readEnv(env: readonly string[] | null | undefined): Record<string, string> {
  return Object.fromEntries(
    (env ?? []).map((entry) => [entry.split('=', 1)[0] ?? '', entry.slice(entry.indexOf('=') + 1)]),
  );
}
