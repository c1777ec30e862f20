import type { Ruby, RubyValue } from './ruby.ts';
import { RubyProblem } from './ruby.ts';

/** What templates can see and do. */
export interface World {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Of this machine, as Docker names it: amd64, arm64. */
  readonly architecture: string;
  /** What a command prints, run by sh; or why there is nothing. */
  readonly run: (command: string) => Answer;
  /** The text of a file of the project; undefined when there is none. */
  readonly read: (path: string) => Answer | undefined;
}

export type Answer = { readonly text: string } | { readonly problem: string };

/** The value of an expression. Throws `RubyProblem` for what has none: a variable that is not set, a command that fails. */
export function evaluate(ruby: Ruby, world: World): RubyValue {
  switch (ruby.kind) {
    case 'value':
      return ruby.value;
    case 'text':
      return ruby.parts.map((part) => rubyText(evaluate(part, world))).join('');
    case 'env':
      return variable(ruby.name, world) ?? null;
    case 'fetch':
      return fetchVariable(ruby, world);
    case 'architecture':
      return world.architecture;
    case 'command':
      return unwrap(world.run(ruby.command), ruby.offset);
    case 'file':
      return readFile(ruby, world);
    case 'not':
      return !isTrue(evaluate(ruby.of, world));
    case 'choice':
      return evaluate(isTrue(evaluate(ruby.condition, world)) ? ruby.yes : ruby.no, world);
    case 'call':
      return call(ruby, world);
    default:
      return operate(ruby, world);
  }
}

export function isTrue(value: RubyValue): boolean {
  return value !== null && value !== false;
}

/** As `to_s`. */
export function rubyText(value: RubyValue): string {
  return value === null ? '' : String(value);
}

function operate(ruby: Extract<Ruby, { left: Ruby }>, world: World): RubyValue {
  const left = evaluate(ruby.left, world);
  if (ruby.kind === '||' && isTrue(left)) return left;
  if (ruby.kind === '&&' && !isTrue(left)) return left;
  const right = evaluate(ruby.right, world);
  if (ruby.kind === '==') return left === right;
  if (ruby.kind === '!=') return left !== right;
  if (ruby.kind !== '+') return right;
  if (typeof left === 'string' && typeof right === 'string') return left + right;
  if (typeof left === 'number' && typeof right === 'number') return left + right;
  throw new RubyProblem(
    ruby.offset,
    `\`+\` adds two texts or two numbers, and this is ${kindOf(left)} and ${kindOf(right)}`,
  );
}

function variable(name: Ruby, world: World): string | undefined {
  const key = rubyText(evaluate(name, world));
  return Object.hasOwn(world.env, key) ? world.env[key] : undefined;
}

function fetchVariable(ruby: Extract<Ruby, { kind: 'fetch' }>, world: World): RubyValue {
  const value = variable(ruby.name, world);
  if (value !== undefined) return value;
  if (ruby.fallback !== undefined) return evaluate(ruby.fallback, world);
  const name = rubyText(evaluate(ruby.name, world));
  throw new RubyProblem(
    ruby.offset,
    `the variable ${name} is not set; set it, or give a default: ENV.fetch("${name}", "…")`,
  );
}

function readFile(ruby: Extract<Ruby, { kind: 'file' }>, world: World): RubyValue {
  const path = rubyText(evaluate(ruby.path, world));
  const answer = world.read(path);
  if (ruby.method === 'exist?') return answer !== undefined;
  return unwrap(answer ?? { problem: `there is no file ${path}` }, ruby.offset);
}

function unwrap(answer: Answer, offset: number): string {
  if ('text' in answer) return answer.text;
  throw new RubyProblem(offset, answer.problem);
}

function call(ruby: Extract<Ruby, { kind: 'call' }>, world: World): RubyValue {
  const value = evaluate(ruby.of, world);
  const args = ruby.args.map((arg) => rubyText(evaluate(arg, world)));
  if (value === null && ruby.safe) return null;
  const blank = value === null || value === false || (typeof value === 'string' && value.trim() === '');
  if (ruby.method === 'nil?') return value === null;
  if (ruby.method === 'to_s') return rubyText(value);
  if (ruby.method === 'present?') return !blank;
  if (ruby.method === 'blank?') return blank;
  if (ruby.method === 'presence') return blank ? null : value;
  if (typeof value !== 'string') {
    throw new RubyProblem(ruby.offset, `\`.${ruby.method}\` is for text, and this is ${kindOf(value)}`);
  }
  return textMethod({ text: value, method: ruby.method, arg: args[0] ?? '' });
}

function textMethod({ text, method, arg }: { text: string; method: string; arg: string }): RubyValue {
  if (method === 'strip') return text.replace(/^[\s\0]+|[\s\0]+$/g, '');
  if (method === 'chomp') return text.replace(/(?:\r\n|\n|\r)$/, '');
  if (method === 'downcase') return text.toLowerCase();
  if (method === 'upcase') return text.toUpperCase();
  if (method === 'empty?') return text === '';
  if (method === 'start_with?') return text.startsWith(arg);
  return method === 'end_with?' ? text.endsWith(arg) : text.includes(arg);
}

function kindOf(value: RubyValue): string {
  if (value === null) return 'nil (a variable that is not set?)';
  return typeof value === 'string' ? 'text' : String(value);
}
