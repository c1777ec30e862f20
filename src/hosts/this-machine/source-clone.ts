import { createHash } from 'node:crypto';
import { lstat, mkdir, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join, relative } from 'node:path';
import { Failure } from '../../errors.ts';
import { git, gitFailed } from './git.ts';
import type { SourceTreeQuestion } from './git.ts';
import { bringSubmodules } from './submodules.ts';

export interface CloneRequest {
  readonly service: string;
  /** Where the deploy was started. */
  readonly cwd: string;
  /** Root of the work tree that is cloned. */
  readonly root: string;
  readonly sha: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
}

/**
 * Makes Kamal's clean clone of the repository, or brings the one that is there to `sha`.
 * @returns the directory in the clone that corresponds to `cwd`
 * @throws Failure `git-failed`
 */
export async function ensureCleanClone(request: CloneRequest): Promise<string> {
  const cwd = await realpath(request.cwd);
  const root = await realpath(request.root);
  const parent = join(await clonesDirectory(), `${request.service}-${sha256(cwd).slice(0, 13)}`);
  await mkdir(parent, { recursive: true, mode: 0o700 });
  const clone = join(parent, basename(root));
  if (await isClone(clone)) {
    try {
      await bringTo(clone, { ...request, root });
      return join(clone, relative(root, cwd));
    } catch (thrown) {
      if (!(thrown instanceof Failure) || thrown.code !== 'git-failed') throw thrown;
    }
  }
  await rm(clone, { recursive: true, force: true });
  await must(request, parent, ['clone', '--quiet', '--no-checkout', root, clone]);
  await bringTo(clone, { ...request, root });
  return join(clone, relative(root, cwd));
}

/** Leaves a clone that is right as it is, `.git` included, so that a repeated build is the same image. */
async function bringTo(clone: string, request: CloneRequest): Promise<void> {
  const { root, sha } = request;
  const at = (words: readonly string[]): Promise<string> => must(request, clone, words);
  if ((await differences(clone, request)).length === 0) return;
  const { exitStatus } = await git(question(request, clone), ['cat-file', '-e', `${sha}^{commit}`]);
  if (exitStatus !== 0) {
    await at(['remote', 'set-url', 'origin', root]);
    await at(['fetch', '--quiet', '--force', '--tags', 'origin', '+refs/heads/*:refs/remotes/origin/*', 'HEAD']);
  }
  await at(['reset', '--quiet', '--hard', sha]);
  await at(['clean', '--quiet', '-ffdx']);
  await bringSubmodules({
    clone,
    root,
    ask: (directory, words) => git(question(request, directory), words),
    must: (directory, words) => must(request, directory, words),
  });
  const left = await differences(clone, request);
  if (left.length === 0) return;
  throw new Failure('git-failed', `The clean clone in ${clone} is not the same as ${sha}`, {
    hint: 'Look for .gitattributes or line-ending settings that change files, or build from the work tree (builder: {context: .})',
    details: left.slice(0, 10),
  });
}

/** What keeps the clone from being `sha` and nothing else, one line each. */
async function differences(clone: string, request: CloneRequest): Promise<string[]> {
  const hasModules = await isThere(join(clone, '.gitmodules'));
  const [head, changes, modules] = await Promise.all([
    git(question(request, clone), ['rev-parse', 'HEAD']),
    must(request, clone, ['status', '--porcelain', '--ignored']),
    hasModules ? must(request, clone, ['submodule', 'status', '--recursive']) : '',
  ]);
  const lines = [changes, modules].flatMap((text) => text.split('\n')).filter(Boolean);
  const wrong = lines.filter((line) => !/^ [0-9a-f]{40}/.test(line));
  return head.stdout.trim() === request.sha ? wrong : [`HEAD is ${head.stdout.trim()}`, ...wrong];
}

async function must(request: CloneRequest, cwd: string, words: readonly string[]): Promise<string> {
  const { exitStatus, stdout, stderr } = await git(question(request, cwd), words);
  if (exitStatus !== 0) throw gitFailed(cwd, stderr);
  return stdout;
}

/** Of the caller's environment, without what ties git to another repository, as in a git hook. */
function question({ env, signal }: CloneRequest, cwd: string): SourceTreeQuestion {
  const tied = /^GIT_(DIR|WORK_TREE|INDEX_FILE|OBJECT_DIRECTORY|COMMON_DIR|PREFIX|NAMESPACE|QUARANTINE_PATH)$/;
  return { cwd, signal, env: Object.fromEntries(Object.entries(env).filter(([name]) => !tied.test(name))) };
}

/** Files in a temporary directory that somebody else owns could be swapped under the build. */
async function clonesDirectory(): Promise<string> {
  const directory = join(tmpdir(), 'kamal-clones');
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const stat = await lstat(directory);
  if (stat.isDirectory() && stat.uid === process.getuid?.()) return directory;
  throw new Failure('git-failed', `${directory} belongs to somebody else`, {
    hint: 'Set TMPDIR to a directory of your own',
  });
}

function isClone(directory: string): Promise<boolean> {
  return isThere(join(directory, '.git'));
}

function isThere(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
