import * as z from 'zod';
import type { Env } from './config.ts';
import { chosen, mapOf, section, text, textList, textMap } from './fields.ts';
import type { Findings } from './findings.ts';
import { isMap } from './layers.ts';
import type { Path } from './sheet.ts';

export interface WrittenEnv {
  readonly clear?: Readonly<Record<string, string>>;
  readonly secret?: readonly string[];
}

export interface WrittenRootEnv extends WrittenEnv {
  readonly required?: readonly string[];
  readonly tags?: Readonly<Record<string, WrittenEnv>>;
}

const parts = { clear: textMap.exactOptional(), secret: textList.exactOptional() };
const simple = textMap.transform((clear) => ({ clear }));
const inParts = section(parts);

/** Variables alone, or the keys `clear` and `secret`. */
export const envSchema = chosen([inParts, simple], (value): z.ZodType<WrittenEnv> =>
  isSimple(value) ? simple : inParts,
);

const inPartsWithTags = section({
  ...parts,
  tags: mapOf(envSchema).exactOptional(),
  required: textList.exactOptional(),
});

const simpleWithRequired = z
  .object({ required: textList })
  .catchall(text)
  .transform(({ required, ...clear }): WrittenRootEnv => ({ clear, required }));

/** As `envSchema`, and what hosts with a tag get on top, and what every container must get. */
export const rootEnvSchema = chosen(
  [inPartsWithTags, simpleWithRequired, simple],
  (value): z.ZodType<WrittenRootEnv> => {
    if (!isSimple(value)) return inPartsWithTags;
    // A variable may be called `required`, but no variable is a list.
    return isMap(value) && Array.isArray(value['required']) ? simpleWithRequired : simple;
  },
);

function isSimple(value: unknown): boolean {
  return isMap(value) && !('clear' in value || 'secret' in value || 'tags' in value);
}

export const emptyEnv: Env = { clear: {}, secret: {} };

/** One block's variables; `secret: [NAME, OTHER:KEY]` becomes `{ NAME: 'NAME', OTHER: 'KEY' }`. */
export function resolveEnv(written: WrittenEnv | undefined, path: Path, findings: Findings): Env {
  if (written === undefined) return emptyEnv;
  const clear = written.clear ?? {};
  for (const name of Object.keys(clear)) {
    if (!isVariableName(name)) {
      findings.problemWithKey(pathOfClear(path, name, findings), 'this is no name for a variable');
    }
  }
  const secret: Record<string, string> = {};
  for (const [index, entry] of (written.secret ?? []).entries()) {
    const [name = '', key = name, ...rest] = entry.split(':');
    const fits = isVariableName(name) && isVariableName(key) && rest.length === 0;
    if (!fits) findings.problem([...path, 'secret', index], 'this should be NAME, or VARIABLE:NAME of the secret');
    secret[name] = key;
  }
  return { clear, secret };
}

/** Later blocks win. A clear value beats a secret of the same name, as Docker lets `--env` beat the env file. */
export function mergeEnv(blocks: readonly Env[]): Env {
  const clear = Object.assign({}, ...blocks.map((block) => block.clear)) as Record<string, string>;
  const secret = Object.assign({}, ...blocks.map((block) => block.secret)) as Record<string, string>;
  const kept = Object.entries(secret).filter(([name]) => !Object.hasOwn(clear, name));
  return { clear, secret: Object.fromEntries(kept) };
}

/** Names that are both clear and secret in these blocks. */
export function namesGivenTwice(blocks: readonly Env[]): string[] {
  const secret = new Set(blocks.flatMap((block) => Object.keys(block.secret)));
  return [...new Set(blocks.flatMap((block) => Object.keys(block.clear)))].filter((name) => secret.has(name));
}

function isVariableName(name: string): boolean {
  return /^[^\s=\0]+$/.test(name);
}

function pathOfClear(path: Path, name: string, findings: Findings): Path {
  return findings.has([...path, 'clear', name]) ? [...path, 'clear', name] : [...path, name];
}

export const envSample = `\
# Environment of the containers.
env:
  # Text as the container gets it; no shell expands anything.
  clear:
    RAILS_LOG_LEVEL: info
    WEB_CONCURRENCY: 2
  # Names of secrets; VARIABLE:NAME where the variable has another name.
  secret:
    - DATABASE_URL
    - SMTP_PASSWORD:MAIL_PASSWORD
  # On top, on the machines that carry the tag (see servers).
  tags:
    canary:
      FEATURES: all
  # Longshore's own: names that every container must get, clear or secret, whatever a destination leaves of the above.
  required: [DATABASE_URL]
`;
