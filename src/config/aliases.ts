import type { Findings } from './findings.ts';

/** Kamal's commands; none of these words can be an alias. */
export const kamalCommands: readonly string[] = (
  'accessory app audit build config deploy details docs help init lock proxy prune redeploy registry remove rollback ' +
  'secrets server setup upgrade version'
).split(' ');

/** Commands that Kamal has not, so that a file of Kamal's may have an alias of that name. */
export const ownCommands: readonly string[] = ['history', 'plan', 'schema', 'status'];

/** Words that stand for a command, by name. */
export function resolveAliases(
  written: Readonly<Record<string, string>>,
  findings: Findings,
): Readonly<Record<string, string>> {
  for (const [name, command] of Object.entries(written)) {
    const path = ['aliases', name];
    if (!/^[a-z0-9_-]+$/.test(name)) {
      findings.problemWithKey(path, 'an alias is made of a-z, 0-9, `-` and `_`');
    } else if (kamalCommands.includes(name)) {
      findings.problemWithKey(path, `\`${name}\` is a command, so it cannot be an alias`);
    } else if (ownCommands.includes(name)) {
      findings.warning(path, `the alias \`${name}\` has no effect: Longshore has a command of that name`);
    }
    const words = shellWords(command);
    if (words === undefined) findings.problem(path, 'a quote in this command is not closed');
    else if (words.length === 0) findings.problem(path, 'this is empty; it should be a command such as `app logs`');
  }
  return written;
}

/** Splits a command as Ruby's Shellwords does: only quotes and backslashes mean anything. Undefined: a quote is not closed. */
export function shellWords(text: string): string[] | undefined {
  const trimmed = text.trim();
  const words: string[] = [];
  let word = '';
  const parts = /(?:([^\s\\'"]+)|'([^']*)'|"((?:[^"\\]|\\[^])*)"|(\\[^]?)|(\S))(\s*)/gy;
  for (const match of trimmed.matchAll(parts)) {
    const [all, plain, single, double, escaped, broken, space] = match;
    if (broken !== undefined) return undefined;
    word += plain ?? single ?? double?.replaceAll(/\\([$`"\\\n])/g, '$1') ?? escaped?.replace(/^\\(?=[^])/, '') ?? '';
    if (space === '' && match.index + all.length < trimmed.length) continue;
    words.push(word);
    word = '';
  }
  return words;
}

export const aliasesSample = `\
# Commands of your own: \`longshore restart-jobs\` is \`longshore redeploy --roles worker\`. What follows on the command line is put
# behind it, and of a flag that stands twice the last counts. \`longshore help\` lists them.
aliases:
  restart-jobs: redeploy --roles worker
  console: app exec --interactive bin/console
`;
