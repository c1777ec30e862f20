/** From parsed entries to values: each at most once, side by side, each after what it refers to. */
import { Failure } from '../errors.ts';
import { largestValue } from './command.ts';
import type { Entry } from './dialect.ts';
import { readAsKamal } from './kamal-reading.ts';
import { fromEnvironment, outputOfCommand, type Scope, unset } from './substitution.ts';
import type { Part } from './value.ts';

export type Evaluation = Omit<Scope, 'values'>;

export interface Evaluated {
  readonly values: ReadonlyMap<Entry, string>;
  /** Of those that Kamal reads as something else: what it reads. */
  readonly byKamal: ReadonlyMap<Entry, string>;
  /** Each failure once, with the entries that met it themselves; those that only refer to such an entry are left out. */
  readonly failures: ReadonlyMap<Failure, readonly Entry[]>;
}

/** Values of these entries and of all they refer to. */
export async function evaluateEntries(wanted: readonly Entry[], evaluation: Evaluation): Promise<Evaluated> {
  const values = new Map<Entry, string>();
  const byKamal = new Map<Entry, string>();
  const failed = new Map<Entry, Failure>();
  const started = new Map<Entry, Promise<void>>();

  const evaluate = async (entry: Entry): Promise<void> => {
    const needed = [...entry.references.values()];
    await Promise.all(needed.map((one) => started.get(one)));
    if (needed.some((one) => !values.has(one))) return;
    try {
      values.set(entry, await valueOf(entry, { ...evaluation, values, byKamal }));
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      failed.set(entry, error);
    }
  };
  for (const entry of withReferences(wanted)) started.set(entry, evaluate(entry));
  await Promise.all(started.values());

  const failures = new Map<Failure, Entry[]>();
  for (const entry of started.keys()) {
    const failure = failed.get(entry);
    const entries = failure && failures.get(failure);
    if (entries) entries.push(entry);
    else if (failure) failures.set(failure, [entry]);
  }
  return { values, byKamal, failures };
}

/** These and all they refer to. An entry refers only to entries above it, so the order of the file starts those first. */
export function withReferences(wanted: readonly Entry[]): readonly Entry[] {
  const found = new Set(wanted);
  for (const entry of found) for (const one of entry.references.values()) found.add(one);
  return [...found].sort((one, other) => one.order - other.order);
}

type Evaluating = Scope & { readonly byKamal: Map<Entry, string> };

async function valueOf(entry: Entry, scope: Evaluating): Promise<string> {
  let value = '';
  const texts = await Promise.all(entry.parts.map((part) => textOf(part, entry, scope)));
  for (const text of texts) {
    if (value.length + text.length > largestValue)
      throw new Failure('secrets-invalid', 'the value is larger than 8 MiB');
    value += text;
  }
  if (isReference(entry)) value = await scope.providers.onePassword.read(value, undefined);
  if (value === '' && (isReference(entry) || entry.parts.some((part) => part.kind !== 'text'))) {
    throw new Failure('secrets-missing', 'the value is empty', {
      hint: 'An empty value that is meant is written KEY= with nothing after it.',
    });
  }
  noteKamals(entry, texts, scope);
  return value;
}

function noteKamals(entry: Entry, texts: readonly string[], { values, byKamal, env }: Evaluating): void {
  const isOther = entry.parts.some((part, index) => {
    if (part.kind === 'command') return texts[index]?.includes('$');
    return part.kind === 'variable' && byKamal.has(entry.references.get(part.name) ?? entry);
  });
  if (!isOther) return;
  const kamals = readAsKamal(entry, texts, (name) => {
    const referred = entry.references.get(name);
    return referred === undefined ? fromEnvironment(env, name) : (byKamal.get(referred) ?? values.get(referred));
  });
  if (kamals !== texts.join('')) byKamal.set(entry, kamals);
}

/** A bare `op://vault/item/field`; in single quotes it is just text. */
export function isReference({ quoting, parts }: Entry): boolean {
  const [first] = parts;
  return (
    quoting !== 'single' &&
    first?.kind === 'text' &&
    /^op:\/\/./.test(first.text + (parts[1] ? 'x' : '')) &&
    parts.every((part) => part.kind !== 'command')
  );
}

async function textOf(part: Part, entry: Entry, scope: Scope): Promise<string> {
  if (part.kind === 'text') return part.text;
  if (part.kind === 'command') return outputOfCommand(part.pieces, entry, scope);
  const referred = entry.references.get(part.name);
  const value = referred ? scope.values.get(referred) : fromEnvironment(scope.env, part.name);
  if (value === undefined)
    throw unset(
      part.name,
      'Set it, or define it above this line; a $ that is meant literally is written \\$ or stands in single quotes.',
    );
  if (value === '' && !referred) throw new Failure('secrets-missing', `the environment variable ${part.name} is empty`);
  return value;
}
