import type { Ruby, RubyLine } from './ruby.ts';
import { RubyProblem } from './ruby.ts';
import { readRubyText } from './ruby-text.ts';
import { notRead } from './ruby-unknown.ts';

const longest = 4000;
const deepest = 40;

/** Reads what stands in a template's tag. Throws `RubyProblem` for all Ruby that is not done here. */
export function parseRuby(code: string): RubyLine {
  if (code.length > longest) throw new RubyProblem(0, `this is longer than ${longest} characters`);
  const reader = createReader(code, 0);
  const line = readLine(reader);
  if (!reader.atEnd()) throw notRead(code, reader.offset());
  return line;
}

/** The methods that values have, and how many arguments each takes. */
const methods: Readonly<Record<string, number>> = {
  strip: 0,
  chomp: 0,
  to_s: 0,
  downcase: 0,
  upcase: 0,
  'nil?': 0,
  'empty?': 0,
  'present?': 0,
  'blank?': 0,
  presence: 0,
  'start_with?': 1,
  'end_with?': 1,
  'include?': 1,
};

type Reader = ReturnType<typeof createReader>;

function readLine(reader: Reader): RubyLine {
  if (reader.atEnd()) return { kind: 'nothing' };
  const word = reader.take(/(?:if|unless|elsif|else|end)\b/y);
  if (word === undefined) return { kind: 'expression', expression: readExpression(reader, 0) };
  if (word === 'else' || word === 'end') return { kind: word };
  const condition = readExpression(reader, 0);
  reader.take(/then\b/y);
  return { kind: word as 'if', condition };
}

function readExpression(reader: Reader, depth: number): Ruby {
  const value = readChoice(reader, depth);
  const modifier = reader.take(/(?:if|unless)\b/y);
  if (modifier === undefined) return value;
  const condition = readChoice(reader, depth);
  const nothing: Ruby = { kind: 'value', value: null };
  const [yes, no] = modifier === 'if' ? [value, nothing] : [nothing, value];
  return { kind: 'choice', condition, yes, no };
}

function readChoice(reader: Reader, depth: number): Ruby {
  if (depth > deepest) throw new RubyProblem(reader.offset(), 'this is nested too deeply');
  const condition = readBinary(reader, 0, depth);
  if (reader.take(/\?/y) === undefined) return condition;
  const yes = readChoice(reader, depth + 1);
  if (reader.take(/:/y) === undefined) throw notRead(reader.code, reader.offset());
  return { kind: 'choice', condition, yes, no: readChoice(reader, depth + 1) };
}

/** From loose to tight, as in Ruby. */
const levels = [/\|\|(?!=)/y, /&&(?!=)/y, /[=!]=(?![=~])/y, /\+(?!=)/y];

function readBinary(reader: Reader, level: number, depth: number): Ruby {
  const operator = levels[level];
  if (operator === undefined) return readNot(reader, depth);
  let left = readBinary(reader, level + 1, depth);
  for (;;) {
    const offset = reader.offset();
    const kind = reader.take(operator);
    if (kind === undefined) return left;
    left = { kind: kind as '||', left, right: readBinary(reader, level + 1, depth), offset };
  }
}

function readNot(reader: Reader, depth: number): Ruby {
  if (reader.take(/!(?![=~])/y) === undefined) return readCalls(reader, depth);
  if (depth > deepest) throw new RubyProblem(reader.offset(), 'this is nested too deeply');
  return { kind: 'not', of: readNot(reader, depth + 1) };
}

function readCalls(reader: Reader, depth: number): Ruby {
  let value = readPrimary(reader, depth);
  for (;;) {
    const offset = reader.offset();
    const dot = reader.take(/&?\.(?=\s*[a-z_])/y);
    if (dot === undefined) return value;
    const method = reader.take(/[a-z_]+[?!]?/y) ?? '';
    const wanted = Object.hasOwn(methods, method) ? methods[method] : undefined;
    if (wanted === undefined) throw notRead(reader.code, offset);
    const args = readArguments(reader, depth);
    if (args.length !== wanted) throw notRead(reader.code, offset);
    value = { kind: 'call', of: value, method, args, safe: dot === '&.', offset };
  }
}

function readPrimary(reader: Reader, depth: number): Ruby {
  const offset = reader.offset();
  if (reader.take(/\(/y) !== undefined) {
    const inside = readExpression(reader, depth + 1);
    if (reader.take(/\)/y) === undefined) throw notRead(reader.code, reader.offset());
    return inside;
  }
  if (reader.take(/["']/y) !== undefined) return readString(reader, depth);
  if (reader.take(/`|%x[^\w\s]/y) !== undefined) return readCommand(reader, offset);
  const number = reader.take(/-?\d+(?![\w.])/y);
  if (number !== undefined) return { kind: 'value', value: Number(number) };
  const word = reader.take(/(?:nil|true|false)(?![\w?!])/y);
  if (word !== undefined) return { kind: 'value', value: word === 'nil' ? null : word === 'true' };
  if (reader.take(/Kamal::Utils\.docker_arch\b/y) !== undefined) return { kind: 'architecture' };
  if (reader.take(/ENV\b/y) !== undefined) return readVariable(reader, offset, depth);
  const file = /\.(\S+)/.exec(reader.take(/File\.(?:read|exists?\?)(?=\s*\()/y) ?? '')?.[1];
  if (file === undefined) throw notRead(reader.code, offset);
  const [path, ...more] = readArguments(reader, depth);
  if (path === undefined || more.length > 0) throw notRead(reader.code, offset);
  return { kind: 'file', path, method: file === 'read' ? 'read' : 'exist?', offset };
}

function readVariable(reader: Reader, offset: number, depth: number): Ruby {
  if (reader.take(/\[/y) !== undefined) {
    const name = readChoice(reader, depth + 1);
    if (reader.take(/\]/y) === undefined) throw notRead(reader.code, reader.offset());
    return { kind: 'env', name };
  }
  const method = reader.take(/\.\s*(?:fetch|key\?|has_key\?|include\?)(?=\s*[("'])/y);
  if (method === undefined) throw notRead(reader.code, offset);
  const [name, fallback, ...more] = reader.sees(/\(/y)
    ? readArguments(reader, depth)
    : readBareArguments(reader, depth);
  if (name === undefined || more.length > 0) throw notRead(reader.code, offset);
  if (!method.endsWith('fetch')) {
    if (fallback !== undefined) throw notRead(reader.code, offset);
    const value: Ruby = { kind: 'env', name };
    return { kind: 'not', of: { kind: 'call', of: value, method: 'nil?', args: [], safe: false, offset } };
  }
  if (reader.take(/\{/y) === undefined)
    return { kind: 'fetch', name, ...(fallback === undefined ? {} : { fallback }), offset };
  const block = readExpression(reader, depth + 1);
  if (reader.take(/\}/y) === undefined) throw notRead(reader.code, reader.offset());
  return { kind: 'fetch', name, fallback: block, offset };
}

function readArguments(reader: Reader, depth: number): Ruby[] {
  const args: Ruby[] = [];
  if (reader.take(/\(/y) === undefined) return args;
  while (reader.take(/\)/y) === undefined) {
    args.push(readChoice(reader, depth + 1));
    if (reader.take(/,/y) === undefined && !reader.sees(/\)/y)) throw notRead(reader.code, reader.offset());
  }
  return args;
}

/** Arguments without parentheses. */
function readBareArguments(reader: Reader, depth: number): Ruby[] {
  const args = [readChoice(reader, depth + 1)];
  while (reader.take(/,/y) !== undefined) args.push(readChoice(reader, depth + 1));
  return args;
}

function readString(reader: Reader, depth: number): Ruby {
  if (depth > deepest) throw new RubyProblem(reader.offset(), 'this is nested too deeply');
  const { pieces, end } = readRubyText(reader.code, reader.position());
  reader.moveTo(end);
  const parts = pieces.map((piece): Ruby => {
    if (typeof piece === 'string') return { kind: 'value', value: piece };
    const inside = createReader(reader.code.slice(0, piece.offset + piece.code.length), piece.offset);
    const value = readExpression(inside, depth + 1);
    if (!inside.atEnd()) throw notRead(reader.code, inside.offset());
    return value;
  });
  return { kind: 'text', parts };
}

function readCommand(reader: Reader, offset: number): Ruby {
  const { pieces, end } = readRubyText(reader.code, reader.position());
  reader.moveTo(end);
  const inside = pieces.find((piece) => typeof piece !== 'string');
  if (inside !== undefined) {
    throw new RubyProblem(
      inside.offset - 2,
      '`#{…}` in a command is not read here; write $X for the variable X, which sh reads',
    );
  }
  return { kind: 'command', command: pieces.join(''), offset };
}

/** Walks over code, blanks and Ruby's comments before each piece left out. */
function createReader(code: string, start: number) {
  let position = start;
  const skip = () => {
    const blanks = /(?:\s|#.*)*/y;
    blanks.lastIndex = position;
    position += blanks.exec(code)?.[0].length ?? 0;
  };
  const match = (pattern: RegExp) => {
    skip();
    pattern.lastIndex = position;
    return pattern.exec(code)?.[0];
  };
  return {
    code,
    sees: (pattern: RegExp) => match(pattern) !== undefined,
    take(pattern: RegExp): string | undefined {
      const found = match(pattern);
      position += found?.length ?? 0;
      return found;
    },
    atEnd(): boolean {
      skip();
      return position >= code.length;
    },
    /** Behind what was taken last. */
    position: () => position,
    /** Of what comes next. */
    offset(): number {
      skip();
      return position;
    },
    moveTo(to: number) {
      position = to;
    },
  };
}
