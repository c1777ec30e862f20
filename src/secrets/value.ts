/**
 * What one value of a secrets file is made of: text, variables and commands. Kamal unescapes first and substitutes on the result,
 * commands before variables; here the value is taken apart once, so what a command gives is never looked at again.
 */

export type Part =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'variable'; readonly name: string }
  | { readonly kind: 'command'; readonly pieces: readonly Piece[] };

/** A command is text for the shell with the variables that the file fills in, and how the shell quotes them there. */
export type Piece =
  | { readonly kind: 'text'; readonly text: string }
  | {
      readonly kind: 'variable';
      readonly name: string;
      readonly text: string;
      readonly quoting: 'none' | 'single' | 'double';
    }
  /** `${NAME:-…}` and the like: text that the shell expands, so NAME must reach it under its own name. */
  | { readonly kind: 'expansion'; readonly name: string; readonly text: string }
  /** `$(…)` inside the command, without its parentheses. */
  | { readonly kind: 'command'; readonly pieces: readonly Piece[]; readonly quoting: 'none' | 'double' };

/** The pieces with those of the commands inside them, however deep. */
export function* withNested(pieces: readonly Piece[]): Generator<Piece> {
  for (const piece of pieces) {
    yield piece;
    if (piece.kind === 'command') yield* withNested(piece.pieces);
  }
}

/** How the value is quoted in the file, and whether `\n` in double quotes is a line break (dotenv's legacy mode). */
export interface Escaping {
  readonly quoting: 'none' | 'double';
  readonly legacyLineBreaks: boolean;
}

/** Takes a raw value (without its quotes) apart; a string says what is wrong with it. */
export function parseValue(raw: string, escaping: Escaping): readonly Part[] | string {
  const parts: Part[] = [];
  let text = '';
  const push = (part: Part): void => {
    if (text !== '') parts.push({ kind: 'text', text });
    text = '';
    parts.push(part);
  };
  for (let at = 0; at < raw.length;) {
    if (raw[at] !== '$') {
      const unit = unitAt(raw, at, escaping);
      text += unit.text;
      at = unit.end;
    } else if (raw[at + 1] === '(' && raw[at + 2] !== ')') {
      const command = scanCommand(raw, at, escaping);
      if (command === undefined) return unclosedCommand;
      push({ kind: 'command', pieces: command.pieces });
      at = command.end;
    } else {
      const variable = variableAt(raw, at);
      if (variable?.closed === false)
        return '${ is not followed by a name and }; only $NAME and ${NAME} are understood here';
      if (variable === undefined) text += '$';
      else push({ kind: 'variable', name: variable.name });
      at = variable?.end ?? at + 1;
    }
  }
  if (text !== '') parts.push({ kind: 'text', text });
  return parts;
}

export const unclosedCommand = '$( is not closed by )';

/** A command whose `)` is not reached yet. */
interface OpenCommand {
  readonly pieces: Piece[];
  text: string;
  readonly quoting: 'none' | 'double';
  /** How many things the shell is inside of, the command itself included. */
  readonly depth: number;
}

/** Commands deeper than this are text, for the shell to read. */
const deepest = 50;

/**
 * Reads the command that starts with `$(` at `start`, minding parentheses and quotes as the shell does; undefined when it does not end.
 * With `withinLine`, a line break ends the search unless a backslash stands before it.
 */
export function scanCommand(
  raw: string,
  start: number,
  { withinLine, ...escaping }: Escaping & { readonly withinLine?: boolean },
): { readonly pieces: readonly Piece[]; readonly end: number } | undefined {
  let command: OpenCommand = { pieces: [], text: '', quoting: 'none', depth: 1 };
  const around: OpenCommand[] = [];
  const shell: Quoting[] = ['none'];
  let escaped = false;
  for (let at = start + 2; at < raw.length;) {
    const quoting = shell.at(-1) ?? 'none';
    if (withinLine === true && raw[at] === '\n') return undefined;
    if (raw[at] === '$' && !escaped) {
      const variable = variableAt(raw, at);
      if (variable !== undefined) {
        push(command, asPiece(variable, { text: raw.slice(at, variable.end), quoting }));
        at = variable.end;
      } else if (quoting === 'single' || raw[at + 1] !== '(') {
        command.text += '$';
        at += 1;
      } else {
        shell.push('none');
        if (around.length < deepest) {
          around.push(command);
          command = { pieces: [], text: '', quoting, depth: shell.length };
        } else command.text += '$(';
        at += 2;
      }
      continue;
    }
    const unit = raw[at] === '\\' && raw[at + 1] === '\n' ? { text: '\\\n', end: at + 2 } : unitAt(raw, at, escaping);
    at = unit.end;
    for (const character of unit.text) {
      command.text += character;
      if (escaped) escaped = false;
      else if (character === '\\' && shell.at(-1) !== 'single') escaped = true;
      else nest(shell, character);
    }
    if (shell.length >= command.depth) continue;
    const { quoting: outside } = command;
    const pieces = closed(command);
    const outer = around.pop();
    if (outer === undefined) return { pieces, end: at };
    command = outer;
    push(command, { kind: 'command', pieces, quoting: outside });
  }
  return undefined;
}

type Quoting = 'none' | 'single' | 'double';

function push(command: OpenCommand, piece: Piece): void {
  if (command.text !== '') command.pieces.push({ kind: 'text', text: command.text });
  command.text = '';
  command.pieces.push(piece);
}

/** What was read of it, without its closing parenthesis. */
function closed({ pieces, text }: OpenCommand): readonly Piece[] {
  return text.length > 1 ? [...pieces, { kind: 'text', text: text.slice(0, -1) }] : pieces;
}

function asPiece(
  { name, closed: isWhole }: { name: string; closed: boolean },
  { text, quoting }: { text: string; quoting: Quoting },
): Piece {
  return isWhole ? { kind: 'variable', name, text, quoting } : { kind: 'expansion', name, text };
}

/** Keeps the stack of what the shell is inside of: a parenthesis (`none`), single or double quotes. */
function nest(shell: Quoting[], character: string): void {
  const inside = shell.at(-1);
  if (inside === 'single') {
    if (character === "'") shell.pop();
  } else if (inside === 'double') {
    if (character === '"') shell.pop();
  } else if (character === "'") shell.push('single');
  else if (character === '"') shell.push('double');
  else if (character === '(') shell.push('none');
  else if (character === ')') shell.pop();
}

/** `$NAME`, `${NAME}`, or `${NAME` with something else after it (`closed: false`). */
function variableAt(raw: string, at: number): { name: string; end: number; closed: boolean } | undefined {
  const pattern = /\$(\{?)(\w+)(\}?)/y;
  pattern.lastIndex = at;
  const match = pattern.exec(raw);
  if (match === null) return undefined;
  const [, open, name = '', close = ''] = match;
  if (open === '') return { name, end: at + 1 + name.length, closed: true };
  return { name, end: at + 2 + name.length + close.length, closed: close !== '' };
}

/**
 * Unescapes as dotenv does: `\x` is `x`, but `\$` is a plain `$`, and in double quotes `\n` stays as it is. Every backslash before a `$`
 * makes it plain: dotenv unescapes `\\$` to `\$`, and then reads that as an escaped `$`.
 */
function unitAt(raw: string, at: number, escaping: Escaping): { text: string; end: number } {
  let end = at;
  while (raw[end] === '\\') end += 1;
  const count = end - at;
  if (count === 0) return { text: raw[at] ?? '', end: at + 1 };
  if (raw[end] === '$') return { text: '\\'.repeat(Math.ceil(count / 2) - 1) + '$', end: end + 1 };
  const pairs = '\\'.repeat(Math.floor(count / 2));
  const next = raw[end];
  if (count % 2 === 0) return { text: pairs, end };
  if (next === undefined) return { text: pairs + '\\', end };
  return { text: pairs + unescape(next, escaping), end: end + 1 };
}

function unescape(character: string, { quoting, legacyLineBreaks }: Escaping): string {
  if (quoting === 'none' || (character !== 'n' && character !== 'r')) return character;
  if (!legacyLineBreaks) return `\\${character}`;
  return character === 'n' ? '\n' : '\r';
}
