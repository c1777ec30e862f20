import type { WrittenEnv } from './env.ts';
import { expansionPattern, parseExpansion } from './expansions.ts';
import type { Findings } from './findings.ts';
import type { WrittenLogging } from './logging.ts';
import type { WrittenOptions } from './options.ts';
import { textOf } from './scalars.ts';
import type { Path } from './sheet.ts';
import type { WrittenConfig } from './written.ts';

/** Bytes of one `NAME=value` that Linux hands to a program (MAX_ARG_STRLEN without its NUL). */
const longestVariable = 131_071;

/** Texts that no container can be given, and those for which Kamal's way cannot be worked out. */
export function checkTexts(written: WrittenConfig, findings: Findings): void {
  for (const { path, text, variable } of textsOf(written, findings)) {
    const problem = variable === undefined ? problemWithText(text) : problemWithVariable(variable, text);
    if (problem !== undefined) findings.problem(path, problem);
    if (written.values !== 'kamal') continue;
    const unclear = text.match(expansionPattern)?.find((one) => parseExpansion(one) === undefined);
    if (unclear !== undefined) {
      findings.problem(
        path,
        'with `values: kamal` only ${NAME}, ${NAME:-text} and ${NAME:+text} are understood; write out what the machine’s shell makes of this',
      );
    }
  }
}

function problemWithText(text: string): string | undefined {
  return text.includes('\0') ? 'this holds the character NUL, which no container can be given' : undefined;
}

/** Why Linux could not give a container this variable; never shows the value. */
export function problemWithVariable(name: string, value: string): string | undefined {
  const bytes = Buffer.byteLength(name) + 1 + Buffer.byteLength(value);
  if (bytes <= longestVariable) return problemWithText(value);
  return `this has ${bytes} bytes with its name, and Linux gives a program at most ${longestVariable}; mount a file instead`;
}

interface PlacedText {
  readonly path: Path;
  readonly text: string;
  /** Of an environment variable: its name. */
  readonly variable?: string;
}

/** What a role, an accessory and the file itself say about containers. */
interface Texts {
  readonly env?: WrittenEnv;
  readonly labels?: Readonly<Record<string, string>>;
  readonly options?: WrittenOptions;
  readonly logging?: WrittenLogging;
}

/** Every text that Kamal puts between double quotes on a machine’s command line. */
function textsOf({ env, labels, logging, servers, accessories }: WrittenConfig, findings: Findings): PlacedText[] {
  const under = (key: string, parts: Readonly<Record<string, Texts>> = {}) =>
    Object.entries(parts).flatMap(([name, texts]) => textsAt([key, name], texts, findings));
  return [
    ...textsAt([], { ...(env && { env }), ...(labels && { labels }), ...(logging && { logging }) }, findings),
    ...Object.entries(env?.tags ?? {}).flatMap(([tag, block]) => inEnv(['env', 'tags', tag], block, findings)),
    ...under('servers', servers),
    ...under('accessories', accessories),
  ];
}

function textsAt(path: Path, { env, labels, options, logging }: Texts, findings: Findings): PlacedText[] {
  const inMap = (at: Path, map: Readonly<Record<string, string>> = {}): PlacedText[] =>
    Object.entries(map).map(([name, text]) => ({ path: [...path, ...at, name], text }));
  return [
    ...inEnv([...path, 'env'], env, findings),
    ...inMap(['labels'], labels),
    ...inMap(['logging', 'options'], logging?.options),
    ...Object.entries(options ?? {}).flatMap(([option, value]) =>
      [value].flat().map((item, index): PlacedText => {
        const at = [...path, 'options', option, ...(Array.isArray(value) ? [index] : [])];
        const text = item === null || typeof item === 'boolean' ? '' : textOf(item);
        return option === 'env' ? { path: at, ...variableOf(text) } : { path: at, text };
      }),
    ),
  ];
}

function inEnv(path: Path, block: WrittenEnv | undefined, findings: Findings): PlacedText[] {
  return Object.entries(block?.clear ?? {}).map(([variable, text]) => {
    const inClear = [...path, 'clear', variable];
    return { path: findings.has(inClear) ? inClear : [...path, variable], text, variable };
  });
}

function variableOf(text: string): Pick<PlacedText, 'text' | 'variable'> {
  const at = text.indexOf('=');
  return at === -1 ? { text } : { variable: text.slice(0, at), text: text.slice(at + 1) };
}
