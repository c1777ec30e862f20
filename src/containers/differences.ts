import type { DockerOption } from '../config/config.ts';
import { createRequest, labelsOf, optionsLabel } from './create-request.ts';
import {
  delivered,
  valueDifferences,
  type Delivered,
  type Environment,
  type ValueDifference,
  type ValueSources,
} from './delivery.ts';
import { ownLabels, valuesLabel } from './names.ts';
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
  readonly sources: ValueSources;
  readonly homeDirectory: string;
  readonly running: RunningSettings;
  readonly imageDefaults: ImageDefaults;
}

/**
 * How a container differs from what the file asks for, one phrase per setting; env and labels by name only, so that no value shows.
 * The image's own defaults and nulls are noise, as are settings that no file asks for, such as the host name. Where the file does not
 * say how values arrive, they count in a container that Kamal made as the same in Kamal's way too: the file says what it said then;
 * else the first deploy after Kamal's would replace containers that nobody changed.
 */
export function differencesOf(comparison: Comparison): string[] {
  const { spec, running, imageDefaults } = comparison;
  const ways = waysOf(comparison);
  const settings = ways.right.map((way) =>
    settingDifferences(createRequest({ ...comparison, ...way }), running, imageDefaults),
  );
  const seen = [
    ...(running.Config.Image === spec.image ? [] : [`image is ${running.Config.Image}`]),
    ...(isSaid(comparison, spec.cmd !== undefined) && !same(running.Config.Cmd, wantedCmd(spec, imageDefaults))
      ? ['cmd differs']
      : []),
    ...hostnameDifferences(spec.options, running),
    ...envDifferences(comparison, ways),
    ...labelDifferences(comparison, ways),
    ...(settings.find((phrases) => phrases.length === 0) ?? settings[0] ?? []),
  ];
  return seen.length > 0 || sameUnseen(running, ways) ? seen : ['docker options differ'];
}

/** In a container of another image, what the file leaves to the image is no difference of its own. */
function isSaid({ running, spec }: Comparison, byFile: boolean): boolean {
  return byFile || running.Config.Image === spec.image;
}

/** By the hash that Longshore's own containers have where inspect does not tell. */
function sameUnseen({ Config: { Labels } }: RunningSettings, { right }: Ways): boolean {
  if (Labels?.[valuesLabel] === undefined && Labels?.[optionsLabel] === undefined) return true;
  return right.some(({ spec }) => labelsOf(spec)[optionsLabel] === Labels[optionsLabel]);
}

/** The ways in which the values of a container may be there, and the one that would be a difference, if there is one. */
interface Ways {
  readonly right: readonly Delivered[];
  readonly other?: Delivered;
  readonly reasons: readonly ValueDifference[];
}

function waysOf({ spec, sources, running }: Comparison): Ways {
  const exact = delivered(spec, sources, 'exact');
  const kamal = delivered(spec, sources, 'kamal');
  const reasons = valueDifferences(spec, sources);
  const isKamals = running.Config.Labels?.[valuesLabel] === undefined;
  if (spec.values === undefined && isKamals) return { right: [exact, kamal], reasons };
  return spec.values === 'kamal'
    ? { right: [kamal], other: exact, reasons }
    : { right: [exact], other: kamal, reasons };
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

function envDifferences(comparison: Comparison, ways: Ways): string[] {
  const { spec, running, imageDefaults } = comparison;
  const fromImage = readEnv(imageDefaults.Env);
  const of = ({ spec: { options }, env }: Delivered) => ({ ...fromImage, ...env, ...envOfOptions(options) });
  return namedDifferences('env', readEnv(running.Config.Env), { ways, of })
    .filter(
      ({ name, how }) =>
        isSaid(
          comparison,
          spec.env.some((one) => one.name === name),
        ) &&
        !isFromClient(spec.options, 'env', name) &&
        !(how === 'extra' && has(spec.options, 'env-file')),
    )
    .map(({ text }) => text);
}

function labelDifferences(comparison: Comparison, ways: Ways): string[] {
  const { spec, running, imageDefaults } = comparison;
  const of = (way: Delivered) => ({ ...imageDefaults.Labels, ...labelsOf(way.spec) });
  return namedDifferences('label', running.Config.Labels ?? {}, { ways, of })
    .filter(
      ({ name, how }) =>
        isSaid(comparison, Object.hasOwn(spec.labels, name)) &&
        !ownLabels.includes(name) &&
        name !== optionsLabel &&
        !(how === 'extra' && has(spec.options, 'label-file')),
    )
    .map(({ text }) => text);
}

interface NamedDifference {
  readonly name: string;
  readonly how: 'missing' | 'extra' | 'differs';
  readonly text: string;
}

function namedDifferences(
  what: 'env' | 'label',
  running: Environment,
  { ways, of }: { ways: Ways; of: (way: Delivered) => Environment },
): NamedDifference[] {
  const right = ways.right.map(of);
  const other = ways.other === undefined ? {} : of(ways.other);
  const names = [...new Set([running, ...right].flatMap((values) => Object.keys(values)))].sort();
  return names.flatMap((name): NamedDifference[] => {
    if (right.some((values) => values[name] === running[name])) return [];
    const reason = ways.reasons.find((one) => one.what === what && one.name === name)?.reason;
    if (reason !== undefined && Object.hasOwn(other, name) && other[name] === running[name]) {
      return [{ name, how: 'differs', text: `${what} ${name} arrives differently: with Kamal ${reason}` }];
    }
    const isWanted = right.some((values) => values[name] !== undefined);
    const how = !isWanted ? 'extra' : running[name] === undefined ? 'missing' : 'differs';
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

/** A name alone stands for a variable that the image has and the container does not. */
function readEnv(env: readonly string[] | null | undefined): Record<string, string> {
  return Object.fromEntries(
    (env ?? []).flatMap((entry) => {
      const at = entry.indexOf('=');
      return at === -1 ? [] : [[entry.slice(0, at), entry.slice(at + 1)]];
    }),
  );
}
