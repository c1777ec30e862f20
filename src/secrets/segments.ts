/** The simple commands of a command for the shell: what stands between `|`, `;`, `&&`, `||` and line breaks. */
import type { Piece } from './value.ts';

export interface Segment {
  readonly pieces: readonly Piece[];
  /** The operators around it; empty at both ends of the command. */
  readonly before: string;
  readonly after: string;
}

/** In order; joined again with their operators they are the command. What stands in quotes or parentheses is left whole. */
export function segmentsOf(pieces: readonly Piece[]): readonly Segment[] {
  const segments: { pieces: Piece[]; before: string; after: string }[] = [{ pieces: [], before: '', after: '' }];
  const quotes = { inside: '' };
  let depth = 0;
  for (const piece of pieces) {
    if (piece.kind !== 'text') {
      segments.at(-1)?.pieces.push(piece);
      continue;
    }
    let start = 0;
    const cut = (end: number): void => {
      if (end > start) segments.at(-1)?.pieces.push({ kind: 'text', text: piece.text.slice(start, end) });
    };
    for (let at = 0; at < piece.text.length; at += 1) {
      const character = piece.text[at] ?? '';
      if (character === '\\' && quotes.inside !== "'") at += 1;
      else if (quotes.inside !== '') quotes.inside = character === quotes.inside ? '' : quotes.inside;
      else if (character === "'" || character === '"') quotes.inside = character;
      else if (character === '(') depth += 1;
      else if (character === ')') depth -= 1;
      const operator = quotes.inside === '' && depth === 0 ? operatorAt(piece.text, at) : '';
      if (operator === '') continue;
      cut(at);
      const last = segments.at(-1);
      if (last) last.after = operator;
      segments.push({ pieces: [], before: operator, after: '' });
      start = at + operator.length;
      at = start - 1;
    }
    cut(piece.text.length);
  }
  return segments;
}

/** A single `&` is left alone: it is more often a part of `2>&1`. */
function operatorAt(text: string, at: number): string {
  const pattern = /\|\||&&|[|;\n]/y;
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0] ?? '';
}
