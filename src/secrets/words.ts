/** The words of a simple command, as a shell would split them; for the commands that run in this process. */
import type { Piece } from './value.ts';

/** What the file fills in: a variable, or the output of a command inside the command. */
export type Filling = { readonly quoted: boolean } & (
  { readonly variable: string } | { readonly command: readonly Piece[] }
);
export type WordPiece = string | Filling;
export type Word = readonly WordPiece[];

/** Undefined when it is more than a simple command: operators, redirections, expansions or globs need a real shell. */
export function splitWords(pieces: readonly Piece[]): readonly Word[] | undefined {
  const words: Word[] = [];
  let word: WordPiece[] | undefined;
  let quoting: 'none' | 'single' | 'double' = 'none';
  for (const piece of pieces) {
    if (piece.kind === 'expansion') return undefined;
    if (piece.kind !== 'text') {
      const filling = piece.kind === 'variable' ? { variable: piece.name } : { command: piece.pieces };
      (word ??= []).push({ ...filling, quoted: piece.quoting !== 'none' });
      continue;
    }
    for (let at = 0; at < piece.text.length; at += 1) {
      const character = piece.text[at] ?? '';
      if (quoting === 'none' && /\s/.test(character)) {
        if (word) words.push(word);
        word = undefined;
      } else if (quoting === 'none' && (character === "'" || character === '"')) {
        quoting = character === "'" ? 'single' : 'double';
        (word ??= []).push('');
      } else if ((quoting === 'single' && character === "'") || (quoting === 'double' && character === '"')) {
        quoting = 'none';
      } else if (character === '\\' && quoting !== 'single') {
        at += 1;
        const next = piece.text[at] ?? '';
        if (next !== '\n') (word ??= []).push(quoting === 'double' && !'$`"\\'.includes(next) ? `\\${next}` : next);
      } else if (quoting !== 'single' && needsShell(character, quoting)) {
        return undefined;
      } else (word ??= []).push(character);
    }
  }
  if (quoting !== 'none') return undefined;
  if (word) words.push(word);
  return words.map(joinText);
}

/** The word as text when there is no variable in it. */
export function literal(word: Word | undefined): string | undefined {
  if (word === undefined || word.some((piece) => typeof piece !== 'string')) return undefined;
  return word.join('');
}

/** Everything in the words that is to be filled in. */
export function fillingsOf(words: readonly Word[]): readonly Filling[] {
  return words.flatMap((word) => word.filter((piece) => typeof piece !== 'string'));
}

/**
 * The words filled in. As in a shell, what stands there without quotes may be several words, or none; with `whole` it is always one.
 */
export function fillWords(
  words: readonly Word[],
  valueOf: (filling: Filling) => string,
  whole: ReadonlySet<number>,
): readonly string[] {
  return words.flatMap((word, index) => {
    let done: string[] = [];
    let current: string | undefined;
    for (const piece of word) {
      const text = typeof piece === 'string' ? piece : valueOf(piece);
      const split = typeof piece !== 'string' && !piece.quoted && !whole.has(index) ? text.split(/\s+/) : [text];
      if (split.length === 1) current = (current ?? '') + (split[0] ?? '');
      else {
        done = [...done, (current ?? '') + (split[0] ?? ''), ...split.slice(1, -1)];
        current = split.at(-1);
      }
    }
    const isBare = word.every((piece) => typeof piece !== 'string' && !piece.quoted) && !whole.has(index);
    const all = [...done, current ?? ''];
    return isBare || done.length > 0 ? all.filter((one) => one !== '') : all;
  });
}

function needsShell(character: string, quoting: 'none' | 'double'): boolean {
  return (quoting === 'none' ? '|&;<>()$`*?[#~{}\n' : '$`').includes(character);
}

function joinText(word: Word): Word {
  const joined: WordPiece[] = [];
  for (const piece of word) {
    const last = joined.at(-1);
    if (typeof piece === 'string' && typeof last === 'string') joined[joined.length - 1] = last + piece;
    else joined.push(piece);
  }
  return joined;
}
