import type { DockerOption, Values } from '../config/config.ts';
import {
  clearForm,
  clearReason,
  envFileForm,
  isBlank,
  labelForm,
  labelReason,
  secretReason,
  shellForm,
  shellReason,
  variablesIn,
  type Variables,
} from './kamal-forms.ts';
import type { ContainerSpec, EnvVariable } from './spec.ts';

/** Where the values of a spec come from. */
export interface ValueSources {
  readonly secrets: ReadonlyMap<string, string>;
  /** Those that Kamal reads out of the secrets files as something else, as it reads them. */
  readonly secretsByKamal: ReadonlyMap<string, string>;
  readonly variables: Variables;
}

/** Undefined: a variable that the container must not have, even if its image has it. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** A spec as it reaches Docker. */
export interface Delivered {
  readonly spec: ContainerSpec;
  readonly env: Environment;
}

/** The spec with its values as they are to arrive. A secret that nobody resolved is left out. */
export function delivered(spec: ContainerSpec, sources: ValueSources, values = spec.values): Delivered {
  const env = environmentOf(spec.env, sources, values);
  if (values !== 'kamal') return { spec, env };
  const { variables } = sources;
  return {
    spec: {
      ...spec,
      labels: mapped(spec.labels, (label) => labelForm(label, variables)),
      logging: { ...spec.logging, options: mapped(spec.logging.options, (option) => shellForm(option, variables)) },
      options: spec.options.map((option) =>
        option.value === true ? option : { ...option, value: shellForm(option.value, variables) },
      ),
    },
    env,
  };
}

export function environmentOf(
  env: readonly EnvVariable[],
  sources: ValueSources,
  values: Values | undefined,
): Environment {
  return Object.fromEntries(
    env.flatMap(({ name, value }) => {
      if (typeof value === 'string')
        return [[name, values === 'kamal' ? clearForm(name, value, sources.variables) : value]];
      const text = secretOf(value.secret, sources, values);
      if (text === undefined) return [];
      return [[name, values === 'kamal' ? envFileForm(text) : text]];
    }),
  );
}

/** The text of Kamal's env file, a line per secret, for what Kamal runs on the machine; no container of ours reads it. */
export function envFileOf(env: readonly EnvVariable[], sources: ValueSources, values: Values | undefined): string {
  const lines = env.flatMap(({ name, value }) => {
    const text = typeof value === 'string' ? value : secretOf(value.secret, sources, values);
    return text === undefined ? [] : [`${name}=${envFileForm(text)}`];
  });
  return `${lines.join('\n')}\n`;
}

function secretOf(name: string, sources: ValueSources, values: Values | undefined): string | undefined {
  return (values === 'kamal' ? sources.secretsByKamal.get(name) : undefined) ?? sources.secrets.get(name);
}

/** A value that does not arrive the same in both ways. */
export interface ValueDifference {
  readonly what: 'env' | 'label' | 'log option' | 'option';
  readonly name: string;
  /** What Kamal does, without the value: `a line break is \n`. */
  readonly reason: string;
}

/** Which values Kamal would deliver otherwise, and how. */
export function valueDifferences(
  spec: ContainerSpec,
  { secrets, secretsByKamal }: Omit<ValueSources, 'variables'>,
): ValueDifference[] {
  const found = (what: ValueDifference['what'], name: string, reason: string | undefined): ValueDifference[] =>
    reason === undefined ? [] : [{ what, name, reason }];
  return [
    ...spec.env.flatMap(({ name, value }) => {
      if (typeof value === 'string') return found('env', name, clearReason(value));
      const replaced = secretsByKamal.has(value.secret) ? 'a $ and a name behind it are replaced' : undefined;
      const reasons = [replaced, secretReason(secrets.get(value.secret) ?? '')].filter((one) => one !== undefined);
      return found('env', name, reasons.length === 0 ? undefined : reasons.join(' and '));
    }),
    ...Object.entries(spec.labels).flatMap(([name, value]) => found('label', name, labelReason(value))),
    ...Object.entries(spec.logging.options).flatMap(([name, value]) => found('log option', name, shellReason(value))),
    ...spec.options.flatMap(({ name, value }) => found('option', name, shellReason(String(value)))),
  ];
}

/** Names of the machine's variables that this spec depends on; none when every value is exact. */
export function variablesOf(spec: ContainerSpec): string[] {
  if (spec.values === 'exact') return [];
  const blank = spec.env.flatMap(({ name, value }) => (typeof value === 'string' && isBlank(value) ? [name] : []));
  const texts = [
    ...spec.env.map(({ value }) => value),
    ...Object.values(spec.labels),
    ...Object.values(spec.logging.options),
    ...spec.options.map(({ value }: DockerOption) => value),
  ];
  const named = texts.flatMap((text) => (typeof text === 'string' ? variablesIn(text) : []));
  return [...new Set([...blank.filter(isShellName), ...named])];
}

function isShellName(name: string): boolean {
  return /^[A-Za-z_]\w*$/.test(name);
}

function mapped(
  texts: Readonly<Record<string, string>>,
  form: (text: string) => string,
): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, form(text)]));
}
