import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ignoredBy } from '../../build/dockerignore.ts';
import { git, gitFailed } from './git.ts';

/** What of a build context is not as it was committed, paths relative to the context. */
export interface ContextChanges {
  /** Changed since the last commit. */
  readonly uncommitted: readonly string[];
  /** Never committed; those that git ignores too. */
  readonly untracked: readonly string[];
}

export interface ContextQuestion {
  readonly cwd: string;
  /** Relative to `cwd`. */
  readonly context: string;
  /** Relative to `cwd`, as docker takes it. */
  readonly dockerfile: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
}

/** Lists what a build of the working directory would take in beyond the last commit. @throws Failure `git-failed` */
export async function contextChanges({
  cwd,
  context,
  dockerfile,
  env,
  signal,
}: ContextQuestion): Promise<ContextChanges> {
  const directory = join(cwd, context);
  const ask = async (...words: string[]): Promise<string[]> => {
    const { exitStatus, stdout, stderr } = await git({ cwd: directory, env, signal }, words);
    if (exitStatus !== 0) throw gitFailed(directory, stderr);
    return stdout.split('\0').filter(Boolean).toSorted();
  };
  const [uncommitted, untracked, ignoreFile] = await Promise.all([
    ask('diff', '--name-only', '-z', '--relative', '--diff-filter=d', 'HEAD'),
    ask('ls-files', '--others', '-z'),
    readFile(join(cwd, `${dockerfile}.dockerignore`), 'utf8').catch(() =>
      readFile(join(directory, '.dockerignore'), 'utf8').catch(() => ''),
    ),
  ]);
  const isIgnored = ignoredBy(ignoreFile);
  const goesIn = (path: string): boolean => !isIgnored(path);
  return { uncommitted: uncommitted.filter(goesIn), untracked: untracked.filter(goesIn) };
}
