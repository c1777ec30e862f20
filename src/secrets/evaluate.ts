/** From parsed entries to values: each at most once, side by side, each after what it refers to. */
import { Failure } from '../errors.ts';
import { largestValue, outputOf } from './command.ts';
import type { Entry } from './dialect.ts';
import { parseInlineCommand, runInlineCommand, wholeWords } from './inline.ts';
import { readAsKamal } from './kamal-reading.ts';
import type { Providers } from './providers.ts';
import { shellCommand, type ShellValue } from './shell.ts';
import type { Part, Piece } from './value.ts';
import { fillWords } from './words.ts';

export interface Evaluation {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly providers: Providers;
}

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

/** An entry refers only to entries above it, so the order of the file starts those first. */
function withReferences(wanted: readonly Entry[]): readonly Entry[] {
  const found = new Set(wanted);
  for (const entry of found) for (const one of entry.references.values()) found.add(one);
  return [...found].sort((one, other) => one.order - other.order);
}

type Scope = Evaluation & { readonly values: ReadonlyMap<Entry, string>; readonly byKamal: Map<Entry, string> };

async function valueOf(entry: Entry, scope: Scope): Promise<string> {
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

function noteKamals(entry: Entry, texts: readonly string[], { values, byKamal, env }: Scope): void {
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

async function outputOfCommand(pieces: readonly Piece[], entry: Entry, scope: Scope): Promise<string> {
  const inline = parseInlineCommand(pieces);
  if (inline) {
    const args = fillWords(
      inline.words,
      (name) => shellValue(name, entry, scope)?.text ?? needed(name),
      wholeWords(inline),
    );
    return nonEmpty(await runInlineCommand(inline.kind, args, scope.providers));
  }
  const { args, env } = shellCommand(pieces, (name) => shellValue(name, entry, scope));
  for (const piece of pieces) {
    // Between single quotes `$1` and `$NF` are awk's, and digits are the shell's own; anything else was meant to have a value.
    const mayBeUnset = piece.kind !== 'variable' || piece.quoting === 'single' || /^\d+$/.test(piece.name);
    if (!mayBeUnset && shellValue(piece.name, entry, scope) === undefined) needed(piece.name);
  }
  const command = { file: 'sh', args, cwd: scope.cwd, env: { ...scope.env, ...env }, called: 'the command' };
  return nonEmpty(await outputOf(command, [...scope.values.values()]));
}

function shellValue(name: string, entry: Entry, { values, env }: Scope): ShellValue | undefined {
  const referred = entry.references.get(name);
  const text = referred ? values.get(referred) : fromEnvironment(env, name);
  return text === undefined
    ? undefined
    : { text, fromFile: referred !== undefined, whole: referred !== undefined && isFetch(referred) };
}

/** Names such as `constructor` are not variables. */
function fromEnvironment(env: Scope['env'], name: string): string | undefined {
  return Object.hasOwn(env, name) ? env[name] : undefined;
}

function isFetch({ parts }: Entry): boolean {
  const [part, more] = parts;
  return more === undefined && part?.kind === 'command' && parseInlineCommand(part.pieces)?.kind === 'fetch';
}

function nonEmpty(output: string): string {
  if (output === '') throw new Failure('secrets-missing', 'the command gave nothing');
  return output;
}

function needed(name: string): never {
  throw unset(
    name,
    `Set it, or define it above this line; write \\$${name} if the shell that runs the command is to fill it in.`,
  );
}

function unset(name: string, hint: string): Failure {
  return new Failure('secrets-missing', `the variable ${name} is not set`, { hint });
}
