import { kamalCommands, shellWords } from '../../config/aliases.ts';
import type { Alias } from '../../config/load-aliases.ts';
import { nearest } from '../../config/nearest.ts';
import { Failure, messageOf } from '../../errors.ts';

export interface Vocabulary {
  /** Ids of the commands there are, such as `lock:status`. */
  readonly ids: readonly string[];
  /** The aliases of the file that these words are about. @throws Failure when it cannot be read */
  aliases(words: readonly string[]): Promise<ReadonlyMap<string, Alias>>;
}

/** An alias that is being replaced by what it stands for. */
interface From {
  readonly name: string;
  readonly alias: Alias;
}

/**
 * What was typed with its command in full: `l st` is `lock status`, `-` and `_` are the same, and an alias is replaced by what it
 * stands for. A command's own name counts before an alias, and that before the beginning of a name. @throws Failure `usage`
 */
export async function inFull(
  words: readonly string[],
  vocabulary: Vocabulary,
  through: readonly From[] = [],
): Promise<string[]> {
  const [word, ...rest] = words;
  if (word === undefined || word.startsWith('-') || word.includes(':')) return [...words];
  const { ids } = vocabulary;
  const names = namesBelow([], ids);
  const name = withDashes(word);
  if (names.includes(name)) return completed([], words, ids);
  if (kamalCommands.includes(name)) throw notHereYet(words, through);
  const found = await readAliases(vocabulary, words);
  const alias = found.aliases.get(word);
  if (alias !== undefined && !through.some((one) => one.name === word)) {
    const stands = shellWords(alias.command) ?? [];
    if (stands.length > 0) return inFull([...stands, ...rest], vocabulary, [...through, { name: word, alias }]);
  }
  if (names.some((one) => one.startsWith(name))) return completed([], words, ids);
  throw unknown(word, [...names, ...found.aliases.keys()], { through, problem: found.problem });
}

async function readAliases({ aliases }: Vocabulary, words: readonly string[]) {
  try {
    return { aliases: await aliases(words), problem: undefined };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return { aliases: new Map<string, Alias>(), problem: error };
  }
}

/** Completes the words below these as far as they name commands; what follows are arguments. @throws Failure `usage` */
function completed(above: readonly string[], words: readonly string[], ids: readonly string[]): string[] {
  const [word, ...rest] = words;
  const names = namesBelow(above, ids);
  if (names.length === 0 || word === undefined || word.startsWith('-')) return [...words];
  const name = withDashes(word);
  const matches = names.includes(name) ? [name] : names.filter((one) => one.startsWith(name));
  const [only] = matches;
  if (only !== undefined && matches.length === 1) return [only, ...completed([...above, only], rest, ids)];
  // A command that takes arguments and has others below it.
  if (ids.includes(above.join(':'))) return [...words];
  const typed = [...above, word].join(' ');
  if (matches.length === 0)
    throw unknown(
      typed,
      names.map((one) => [...above, one].join(' ')),
      { above },
    );
  throw new Failure('usage', `${typed} could be ${matches.slice(0, -1).join(', ')} or ${matches.at(-1)}`, {
    hint: 'Type a letter more.',
  });
}

function namesBelow(above: readonly string[], ids: readonly string[]): string[] {
  const parts = ids.map((id) => id.split(':')).filter((id) => above.every((part, index) => id[index] === part));
  return [...new Set(parts.flatMap((id) => id[above.length] ?? []))];
}

interface Circumstances {
  readonly above?: readonly string[];
  readonly through?: readonly From[];
  readonly problem?: Failure | undefined;
}

function unknown(
  typed: string,
  names: readonly string[],
  { above = [], through = [], problem }: Circumstances,
): Failure {
  const guess = nearest(typed, names);
  const message = `there is no command ${typed}${guess === undefined ? '' : `; did you mean ${guess}?`}`;
  return new Failure('usage', message, {
    details: [...told(through), ...(problem === undefined ? [] : [`No alias is known: ${messageOf(problem)}`])],
    hint: ['longshore', ...above, '--help'].join(' '),
  });
}

function notHereYet(words: readonly string[], through: readonly From[]): Failure {
  return new Failure('usage', `Longshore has no command ${words[0]} yet`, {
    details: told(through),
    hint: 'Type it with `kamal` for now: both work on the same machines.',
  });
}

/** By way of which aliases a word came about. */
function told(through: readonly From[]): string[] {
  return through.map(({ name, alias }) => `${alias.where}: ${name} stands for: ${alias.command}`);
}

function withDashes(word: string): string {
  return word.replaceAll('_', '-');
}
