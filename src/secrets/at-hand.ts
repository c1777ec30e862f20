/** Which secrets a run has without fetching or running anything for them. */
import type { Entry } from './dialect.ts';
import { isReference, withReferences } from './evaluate.ts';
import { parseInlineCommand } from './inline.ts';
import type { Piece } from './value.ts';
import { fillingsOf } from './words.ts';

/** Of these, those whose value follows from text, from the environment, and from what is evaluated for `others` anyway. */
export function atHandAmong(entries: readonly Entry[], others: readonly Entry[]): Entry[] {
  const evaluated = new Set(withReferences(others));
  return entries.filter((entry) => withReferences([entry]).every((one) => evaluated.has(one) || isFree(one)));
}

function isFree(entry: Entry): boolean {
  return !isReference(entry) && entry.parts.every((part) => part.kind !== 'command' || isExtraction(part.pieces));
}

/** `$(kamal secrets extract NAME $ALL)` takes a value out of another one. */
function isExtraction(pieces: readonly Piece[]): boolean {
  try {
    const inline = parseInlineCommand(pieces);
    return inline?.kind === 'extract' && fillingsOf(inline.words).every((filling) => !('command' in filling));
  } catch {
    return false;
  }
}
