import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Alias } from '../../config/load-aliases.ts';
import { Failure } from '../../errors.ts';
import { valueOf } from './argv.ts';
import type { Vocabulary } from './words.ts';

const defaultFile = 'config/deploy.yml';

/** The commands of this build, and the aliases of the file that is named among the words; it is read only when it is asked for. */
export function vocabularyOf(root: string): Vocabulary {
  const { commands } = JSON.parse(readFileSync(join(root, 'oclif.manifest.json'), 'utf8')) as { commands: object };
  return {
    ids: Object.keys(commands),
    async aliases(words) {
      const { destinationAmong, loadAliases } = await import('../../config/load-aliases.ts');
      const request = { file: valueOf(words, ['-c', '--config-file']) ?? defaultFile, cwd: process.cwd() };
      const destination = valueOf(words, ['-d', '--destination']) ?? destinationAmong(words, request);
      return loadAliases({
        ...request,
        env: process.env,
        ...(destination === undefined ? {} : { destination }),
        ...(words.includes('--no-exec') ? { noExec: true } : {}),
        ...(valueOf(words, ['--erb']) === 'ruby' ? { erb: 'ruby' } : {}),
      });
    },
  };
}

/** The end of `longshore help`; nothing where no file has aliases, or it cannot be read without running something. */
export async function listAliases({ aliases }: Vocabulary): Promise<string> {
  // What reads the file takes as long to load as all of the help.
  if (!mentionsAliases(defaultFile)) return '';
  const known = await orNone(aliases(['--no-exec']));
  if (known.size === 0) return '';
  const width = Math.max(...[...known.keys()].map((name) => name.length));
  const lines = [...known].map(([name, { command }]) => `  ${name.padEnd(width)}  ${command}`);
  return ['ALIASES (in this project’s config file)', ...lines, ''].join('\n');
}

/** What `longshore help NAME` says of an alias; nothing when it is none. */
export async function explainAlias(words: readonly string[], { ids, aliases }: Vocabulary): Promise<string> {
  const [name, help, ...rest] = words;
  if (name === undefined || help !== '--help' || rest.length > 0 || name.startsWith('-')) return '';
  if (ids.some((id) => id.split(':')[0] === name)) return '';
  const alias = (await orNone(aliases([name, '--no-exec']))).get(name);
  if (alias === undefined) return '';
  return `${name} stands for: longshore ${alias.command}\n${alias.where} says so; what is typed behind it is put behind that.\n`;
}

function mentionsAliases(file: string): boolean {
  try {
    return readFileSync(file, 'utf8').includes('aliases');
  } catch {
    return false;
  }
}

function orNone(aliases: Promise<ReadonlyMap<string, Alias>>): Promise<ReadonlyMap<string, Alias>> {
  return aliases.catch((error: unknown) => {
    if (error instanceof Failure) return new Map<string, Alias>();
    throw error;
  });
}
