import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { allDocuments, codeIn, type Document, root } from './documents.ts';

const ids = readdirSync(join(root, 'src/commands'), { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts') && !path.startsWith('frame/'))
  .map((path) => path.replace(/\.ts$/, '').replaceAll('/', ' '));

/** The commands and flags in a piece of code, as far as it is one that is typed: `deploy`, with `--version`. */
function typedIn(code: string): { command: string; flags: string[] }[] {
  const lines = code.split('\n').map((line) => line.replace(/(^| )#.*/, ''));
  // Commands stand side by side in a table, or one after the other.
  const typed = lines.flatMap((line) => line.split(/ {3,}|&&|[|;`"'│]/));
  return typed.flatMap((text) => {
    const [, words] = /(?:^|\s)longshore +([a-z].*)/.exec(text) ?? [];
    if (words === undefined) return [];
    const [first = '', second = ''] = words.split(/ +/);
    const command = ids.includes(`${first} ${second}`) ? `${first} ${second}` : first;
    return [{ command, flags: (words.match(/--[a-z-]+/g) ?? []) as string[] }];
  });
}

async function problemsIn(document: Document): Promise<string[]> {
  const aliases = [...document.text.matchAll(/^aliases:\n((?: +.*\n)+)/gm)].flatMap(([, block = '']) =>
    [...block.matchAll(/^ +([\w-]+):/gm)].map(([, name]) => name),
  );
  const problems: string[] = [];
  for (const { command, flags } of codeIn(document, '', 'sh', 'text', 'yaml').flatMap(typedIn)) {
    const isTopic = ids.some((id) => id.startsWith(`${command} `));
    if (isTopic || command === 'help' || aliases.includes(command)) continue;
    if (!ids.includes(command)) {
      problems.push(`${document.path}: there is no command longshore ${command}`);
      continue;
    }
    const known = await flagsOf(command);
    for (const flag of flags) {
      if (!known.includes(flag)) problems.push(`${document.path}: longshore ${command} has no flag ${flag}`);
    }
  }
  return problems;
}

async function flagsOf(command: string): Promise<string[]> {
  const file = join(root, 'src/commands', `${command.replace(' ', '/')}.ts`);
  const { default: Command } = (await import(file)) as {
    default: Record<'flags' | 'baseFlags', Record<string, { aliases?: string[]; allowNo?: boolean }>>;
  };
  const flags = Object.entries({ ...Command.baseFlags, ...Command.flags });
  const names = flags.flatMap(([name, { aliases = [], allowNo }]) => [
    name,
    ...aliases,
    ...(allowNo ? [`no-${name}`] : []),
  ]);
  return [...names, 'help', 'json'].map((name) => `--${name}`);
}

describe('commands that documents name', () => {
  test.each(allDocuments())('are there, with their flags: $path', async (document) => {
    expect(await problemsIn(document)).toEqual([]);
  });

  test('are found where they stand', async () => {
    const text = [
      'Type `longshore deploy --nothing` or `longshore\ndeplay production`.',
      '',
      '    longshore lock break     longshore setup production --skip-hooks   # longshore is',
      '',
      '```sh\n$ longshore stage && longshore status --josn\n```',
      'The longshore boat, `x-longshore in a` and /longshore nowhere.',
    ].join('\n');
    expect(await problemsIn({ path: 'a.md', text })).toEqual([
      'a.md: there is no command longshore stage',
      'a.md: longshore status has no flag --josn',
      'a.md: longshore deploy has no flag --nothing',
      'a.md: there is no command longshore deplay',
    ]);
  });
});
