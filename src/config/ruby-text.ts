import { RubyProblem } from './ruby.ts';

/** A quoted piece of Ruby: pieces of text, and the code of each `#{…}` between them. */
export interface RubyText {
  readonly pieces: readonly (string | { readonly code: string; readonly offset: number })[];
  /** Just behind the closing quote. */
  readonly end: number;
}

const escapes: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  s: ' ',
  e: '\u001B',
  0: '\0',
  a: '\u0007',
  b: '\b',
  f: '\f',
  v: '\v',
};
const closers: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}', '<': '>' };

/** Reads a string or command that opens at `start - 1`. Throws `RubyProblem` when it is not closed. */
export function readRubyText(code: string, start: number): RubyText {
  const open = code[start - 1] ?? '';
  const close = closers[open] ?? open;
  const pieces: RubyText['pieces'][number][] = [];
  let text = '';
  let depth = 0;
  for (let index = start; index < code.length; index++) {
    const char = code[index] ?? '';
    const next = code[index + 1] ?? '';
    if (char === close && depth === 0) return { pieces: [...pieces, text], end: index + 1 };
    if (char === '\\') {
      text += unescape({ next, open, close, offset: index });
      index++;
    } else if (char === '#' && next === '{' && open !== "'") {
      const inside = readInterpolation(code, index + 2);
      pieces.push(text, { code: inside, offset: index + 2 });
      text = '';
      index += inside.length + 2;
    } else if (char === '#' && /[$@]/.test(next) && open !== "'") {
      throw new RubyProblem(index, `\`#${next}…\` is not read here; write ENV["X"] as \`#{ENV["X"]}\``);
    } else {
      if (char === close) depth--;
      else if (char === open) depth++;
      text += char;
    }
  }
  throw new RubyProblem(start - 1, `what opens here is not closed with ${close}`);
}

function unescape({ next, open, close, offset }: Record<'next' | 'open' | 'close', string> & { offset: number }) {
  if (open === "'") return next === "'" || next === '\\' ? next : `\\${next}`;
  if (next === open || next === close) return next;
  if (/[xuMCc1-7]/.test(next))
    throw new RubyProblem(offset, `the escape \`\\${next}…\` is not read here; write the character`);
  return escapes[next] ?? next;
}

function readInterpolation(code: string, start: number): string {
  let depth = 0;
  for (let index = start; index < code.length; index++) {
    const char = code[index] ?? '';
    if (char === '"' || char === "'" || char === '`') index = readRubyText(code, index + 1).end - 1;
    else if (char === '{') depth++;
    else if (char === '}' && depth-- === 0) return code.slice(start, index);
  }
  throw new RubyProblem(start - 2, 'this `#{` is not closed with }');
}
