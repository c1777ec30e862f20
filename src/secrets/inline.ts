/** The commands that run in this process: `kamal|longshore secrets fetch|extract …` and `op read REFERENCE`. */
import { parseArgs, type ParseArgsConfig } from 'node:util';
import { Failure } from '../errors.ts';
import { extractSecret, fetchAsJson } from './fetch.ts';
import type { Providers } from './providers.ts';
import { literal, splitWords, type Word } from './words.ts';
import type { Piece } from './value.ts';

export interface InlineCommand {
  readonly kind: 'fetch' | 'extract' | 'op-read';
  /** The words after the command's name. */
  readonly words: readonly Word[];
}

/** How people start it; `bin/kamal` is a program of its own for Kamal, with the values it is given in the list of processes. */
const programs = new Set(['kamal', 'bin/kamal', './bin/kamal', 'longshore', 'bin/longshore', './bin/longshore']);
const runners = [['bundle', 'exec'], ['npx'], ['npm', 'exec'], ['pnpm', 'exec'], ['yarn']];

/** Undefined for everything that is a matter of the shell; throws `secrets-invalid` for a `kamal secrets …` that gives no value. */
export function parseInlineCommand(pieces: readonly Piece[]): InlineCommand | undefined {
  const words = splitWords(pieces);
  if (words === undefined) return undefined;
  const [first, second] = words.map(literal);
  if (first === 'op' && second === 'read')
    return isPlainRead(words.slice(2)) ? { kind: 'op-read', words: words.slice(2) } : undefined;
  const runner = runners.find((names) => names.every((name, index) => literal(words[index]) === name)) ?? [];
  const rest = words.slice(runner.length);
  if (!programs.has(literal(rest[0]) ?? '') || literal(rest[1]) !== 'secrets') return undefined;
  const name = literal(rest[2]);
  if (name === 'fetch' || name === 'extract') return { kind: name, words: rest.slice(3) };
  throw new Failure(
    'secrets-invalid',
    'of the "secrets" commands, only "secrets fetch" and "secrets extract" give a value',
  );
}

/** Throws `secrets-invalid` for a `kamal secrets …` that only a shell could read: it would be a program with a sign-in of its own. */
export function refuseUnreadable([first]: readonly Piece[]): void {
  if (first?.kind !== 'text' || !/^\s*(kamal|longshore)\s+secrets\s/.test(first.text)) return;
  throw new Failure(
    'secrets-invalid',
    '"secrets" commands take no redirections, globs or expansions in a secrets file',
    {
      hint: 'Give the result a key of its own and use that: RAW=$(kamal secrets extract …), then KEY=$(printf %s "$RAW" | …).',
    },
  );
}

/** The words that a variable cannot split: extract is given a whole document. */
export function wholeWords({ kind, words }: InlineCommand): ReadonlySet<number> {
  return new Set(kind === 'extract' ? words.keys() : []);
}

/** Runs it; the text is what Kamal would have printed, but for fetch, whose JSON is not quoted for the shell. */
export async function runInlineCommand(
  kind: InlineCommand['kind'],
  args: readonly string[],
  providers: Providers,
): Promise<string> {
  if (kind === 'extract') return extract(args);
  if (kind === 'op-read') {
    const { values, positionals } = parse(args, opReadOptions);
    return providers.onePassword.read(positionals[0] ?? '', values.account);
  }
  const { values, positionals: names } = parse(args, fetchOptions);
  const { adapter, from, account } = values;
  if (adapter === undefined) throw new Failure('secrets-invalid', '"secrets fetch" needs --adapter');
  return fetchAsJson(
    { adapter, names, ...(from !== undefined && { from }), ...(account !== undefined && { account }) },
    providers,
  );
}

function extract(args: readonly string[]): string {
  const [name, json, ...more] = args.filter((arg) => arg !== '--inline');
  if (name === undefined || json === undefined || json === '-' || more.length > 0) {
    throw new Failure(
      'secrets-invalid',
      '"secrets extract" takes a name and the result of "secrets fetch", as in: extract NAME $SECRETS',
    );
  }
  return extractSecret(name, json);
}

const fetchOptions = {
  adapter: { type: 'string', short: 'a' },
  account: { type: 'string' },
  from: { type: 'string' },
  inline: { type: 'boolean' },
} as const;
const opReadOptions = { account: { type: 'string' }, 'no-newline': { type: 'boolean', short: 'n' } } as const;

function parse<Options extends NonNullable<ParseArgsConfig['options']>>(args: readonly string[], options: Options) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch {
    const names = Object.keys(options).filter((name) => name !== 'inline');
    throw new Failure(
      'secrets-invalid',
      `the command has an option it does not know, or one without its value; it knows --${names.join(', --')}`,
    );
  }
}

/** One reference, and of the options only those that do not change what is given; anything else is left to `op` itself. */
function isPlainRead(words: readonly Word[]): boolean {
  const options = words.map(literal);
  const references = words.filter((word) => typeof word[0] === 'string' && word[0].startsWith('op://'));
  const others = words.filter((word, index) => {
    const text = options[index];
    if (references.includes(word) || text === '-n' || text === '--no-newline' || text === '--account') return false;
    return !(typeof word[0] === 'string' && word[0].startsWith('--account=')) && options[index - 1] !== '--account';
  });
  return references.length === 1 && others.length === 0;
}
