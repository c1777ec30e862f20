import type { Findings } from './findings.ts';
import type { Path } from './sheet.ts';

/** A command as a POSIX shell would split it. No shell runs it, so what only a shell can do is a problem or a remark. */
export interface Words {
  readonly words: readonly string[];
  /** What would be done differently from what is written; nothing can be run. */
  readonly problem?: string;
  /** What is passed on as it stands though a shell would replace it. */
  readonly remark?: string;
}

/** The words of a command that was written at a path. */
export function resolveWords(command: string, path: Path, findings: Findings): readonly string[] {
  const { words, problem, remark } = splitWords(command);
  if (problem !== undefined) findings.problem(path, problem);
  if (remark !== undefined) findings.warning(path, remark);
  return words;
}

const operators: Record<string, string> = {
  ';': 'one command after another',
  '|': 'a pipe',
  '&': 'several commands, or one in the background,',
  '>': 'a redirection',
  '<': 'a redirection',
  '(': 'a subshell',
  ')': 'a subshell',
  '\n': 'a second line',
};

export function splitWords(command: string): Words {
  const text = command.trim();
  const words: string[] = [];
  let word: string | undefined;
  let quote = '';
  let remark: string | undefined;
  for (let index = 0; index < text.length; index++) {
    const char = text.charAt(index);
    const next = text.charAt(index + 1);
    if (quote === "'") {
      if (char === "'") quote = '';
      else word += char;
    } else if (char === '`' || (char === '$' && next === '(')) {
      return refused('a command in `$(…)` or backticks', text);
    } else if (char === '\\') {
      if (next === '') return { words, problem: 'it ends with a lone backslash' };
      index++;
      if (quote === '"' && !'$`"\\\n'.includes(next)) word = `${word ?? ''}\\`;
      if (next !== '\n') word = `${word ?? ''}${next}`;
    } else if (char === '"') {
      quote = quote === '"' ? '' : '"';
      word ??= '';
    } else if (quote === '"') {
      if (char === '$' && /[A-Za-z_{]/.test(next)) remark = variableRemark(text, index);
      word += char;
    } else if (char === "'") {
      quote = "'";
      word ??= '';
    } else if (char === ' ' || char === '\t') {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else if (Object.hasOwn(operators, char)) {
      return refused(operators[char] ?? '', text);
    } else if (char === '#' && word === undefined) {
      return { words, problem: 'a shell takes everything from `#` on as a comment; put it in quotes, or remove it' };
    } else {
      if (char === '$' && /[A-Za-z_{]/.test(next)) remark = variableRemark(text, index);
      if (char === '*' || char === '?' || (char === '~' && word === undefined)) remark ??= patternRemark(char);
      word = `${word ?? ''}${char}`;
    }
  }
  if (quote !== '') return { words, problem: `a quote (${quote}) is not closed` };
  if (word !== undefined) words.push(word);
  if (words.length === 0) return { words, problem: 'it is empty; remove the key to run the image’s own command' };
  return remark === undefined ? { words } : { words, remark };
}

function refused(what: string, text: string): Words {
  const inside = text.replaceAll("'", `'\\''`).replaceAll(/\s*\n\s*/g, '; ');
  return { words: [], problem: `${what} needs a shell, and none runs this; write: sh -c '${inside}'` };
}

function variableRemark(text: string, index: number): string {
  const name = /^\$\{?\w+\}?/.exec(text.slice(index))?.[0] ?? '$';
  return (
    `\`${name}\` is passed on as it stands (with Kamal the host’s login shell replaces it); ` +
    `for the container’s variable write: sh -c '…'`
  );
}

function patternRemark(char: string): string {
  return `\`${char}\` is passed on as it stands: no shell expands it`;
}
