import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunResult } from '../../processes/run.ts';

export interface Submodules {
  /** The clone that is filled, and the work tree that it is a clone of. */
  readonly clone: string;
  readonly root: string;
  /** Runs git in a directory, whatever its exit status. */
  readonly ask: (directory: string, words: readonly string[]) => Promise<RunResult>;
  /** Runs git in a directory, and throws when it fails. */
  readonly must: (directory: string, words: readonly string[]) => Promise<string>;
}

/**
 * Brings every submodule to the commit that is recorded: from the work tree's own copy where there is one, so that what was never
 * pushed is built and nobody has to log in; else from where `.gitmodules` says. Throws what `must` throws.
 */
export async function bringSubmodules(submodules: Submodules): Promise<void> {
  const { clone, root, must } = submodules;
  if (!(await isThere(join(clone, '.gitmodules')))) return;
  const list = ['config', '--file', '.gitmodules', '-z', '--get-regexp', String.raw`^submodule\..*\.path$`];
  for (const entry of (await must(clone, list)).split('\0').filter(Boolean)) {
    const [key = '', path = ''] = entry.split('\n');
    const module = { name: key.slice('submodule.'.length, -'.path'.length), path };
    if (!(await bringFromCopy(submodules, module))) await bringFromAfar(submodules, module);
    await bringSubmodules({ ...submodules, clone: join(clone, path), root: join(root, path) });
  }
}

interface Submodule {
  readonly name: string;
  /** Relative to the work tree. */
  readonly path: string;
}

/** @returns false when there is no copy, or not with that commit */
async function bringFromCopy({ clone, root, ask, must }: Submodules, { name, path }: Submodule): Promise<boolean> {
  if (!(await isThere(join(root, path, '.git')))) return false;
  const { exitStatus, stdout } = await ask(join(root, path), ['rev-parse', '--absolute-git-dir']);
  if (exitStatus !== 0) return false;
  const copy = stdout.trimEnd();
  await must(clone, ['config', `submodule.${name}.url`, copy]);
  if (await isThere(join(clone, path, '.git'))) await must(join(clone, path), ['remote', 'set-url', 'origin', copy]);
  // Git refuses paths of this machine as addresses of submodules, as somebody else may have written them; this one is ours.
  const update = [
    '-c',
    'protocol.file.allow=always',
    'submodule',
    '--quiet',
    'update',
    '--init',
    '--force',
    '--',
    path,
  ];
  return (await ask(clone, update)).exitStatus === 0;
}

/** An address relative to the repository is one relative to where the work tree came from, not to where it lies. */
async function bringFromAfar({ clone, root, ask, must }: Submodules, { name, path }: Submodule): Promise<void> {
  await ask(clone, ['config', '--unset-all', `submodule.${name}.url`]);
  const origin = (await ask(root, ['config', '--get', 'remote.origin.url'])).stdout.trimEnd();
  const from = origin === '' ? [] : ['-c', `remote.origin.url=${origin}`];
  await must(clone, [...from, 'submodule', '--quiet', 'init', '--', path]);
  await must(clone, [...from, 'submodule', '--quiet', 'sync', '--', path]);
  await must(clone, ['submodule', '--quiet', 'update', '--force', '--', path]);
}

function isThere(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}
