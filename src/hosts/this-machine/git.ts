import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { lstat, readlink } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import type { SourceTree } from '../../build/version.ts';
import { Failure } from '../../errors.ts';
import type { RunResult } from '../../processes/run.ts';
import { commandMissing, runChild } from './child.ts';

export interface SourceTreeQuestion {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal?: AbortSignal;
}

/**
 * Reads what git knows about a directory, changing nothing. Without git, or outside of a repository, it says so in the answer.
 * @throws Failure `git-failed` when there is a repository that git will not read
 */
export async function readSourceTree(question: SourceTreeQuestion): Promise<SourceTree> {
  const [root, status, commitTime, user] = await Promise.all([
    git(question, ['rev-parse', '--show-toplevel']),
    git(question, ['status', '--porcelain=v2', '--branch', '-z', '--untracked-files=all', '--no-renames']),
    git(question, ['log', '-1', '--format=%cI']),
    git(question, ['config', '-z', '--get-regexp', '^user\\.(name|email)$']),
  ]);
  const { name, email } = userOf(user.stdout);
  const person = { userName: name, userEmail: email, performer: email || loginName() };
  const nothing = { headSha: '', dirty: false, changedPaths: [], diffHash: '' };
  if (root.exitStatus === commandMissing || /not a git repository/i.test(root.stderr)) {
    return { isRepository: false, root: question.cwd, ...nothing, ...person };
  }
  for (const { exitStatus, stderr } of [root, status]) if (exitStatus !== 0) throw gitFailed(question.cwd, stderr);
  const directory = root.stdout.trimEnd();
  const { headSha, branch, changedPaths } = parseStatus(status.stdout);
  return {
    isRepository: true,
    root: directory,
    headSha,
    ...(branch === undefined ? {} : { branch }),
    dirty: changedPaths.length > 0,
    changedPaths,
    diffHash: changedPaths.length === 0 ? '' : await hashOf(changedPaths, { ...question, cwd: directory }),
    ...person,
    ...(commitTime.exitStatus === 0 ? { commitTime: commitTime.stdout.trim() } : {}),
  };
}

/** Runs git in a directory. @throws Failure `interrupted` or `timed-out`, but not for git's own exit status */
export function git(question: SourceTreeQuestion, words: readonly string[], timeoutSeconds = 600): Promise<RunResult> {
  const env = { ...question.env, LC_ALL: 'C', GIT_OPTIONAL_LOCKS: '0' };
  const { cwd, signal } = question;
  return runChild(['git', ...words], { cwd, env, timeoutSeconds, ...(signal ? { signal } : {}) });
}

/** What git complains about, with the command that mends it where git knows one. */
export function gitFailed(cwd: string, stderr: string): Failure {
  const lines = stderr.trim().split('\n');
  const trust = lines.map((line) => /git config --global --add safe\.directory .*/.exec(line)?.[0]).find(Boolean);
  return new Failure('git-failed', `git cannot read the repository of ${cwd}: ${lines[0]}`, {
    hint: trust === undefined ? 'Type `git status` there to see what is wrong' : `If you trust it, type: ${trust}`,
    details: lines.slice(1),
  });
}

function parseStatus(text: string): { headSha: string; branch?: string; changedPaths: string[] } {
  const entries = text.split('\0').filter((entry) => entry !== '');
  const header = (name: string): string =>
    entries.find((entry) => entry.startsWith(`# branch.${name} `))?.slice(`# branch.${name} `.length) ?? '';
  const branch = header('head');
  return {
    headSha: header('oid') === '(initial)' ? '' : header('oid'),
    ...(branch === '(detached)' ? {} : { branch }),
    changedPaths: entries
      .filter((entry) => !entry.startsWith('#'))
      .map(pathOf)
      .toSorted(),
  };
}

/** Words before the path: 8 of a changed file, 10 of one in conflict, 1 of an untracked one. */
function pathOf(entry: string): string {
  const wordsBefore = entry.startsWith('1 ') ? 8 : entry.startsWith('u ') ? 10 : 1;
  return entry.split(' ').slice(wordsBefore).join(' ');
}

/** Hashes the files as they lie there, so that neither git's settings nor what is staged plays a part. */
async function hashOf(paths: readonly string[], question: SourceTreeQuestion): Promise<string> {
  const hash = createHash('sha256');
  for (const path of paths) {
    const { kind, contentHash } = await look(join(question.cwd, path), question);
    hash.update(`${path}\0${kind}\0${contentHash}\0`);
  }
  return hash.digest('hex');
}

async function look(path: string, question: SourceTreeQuestion): Promise<{ kind: string; contentHash: string }> {
  const stat = await lstat(path).catch(() => undefined);
  if (stat === undefined) return { kind: 'deleted', contentHash: '' };
  if (stat.isSymbolicLink()) return { kind: 'link', contentHash: await readlink(path) };
  if (stat.isDirectory()) {
    const inner = await readSourceTree({ ...question, cwd: path });
    return { kind: 'repository', contentHash: `${inner.headSha} ${inner.diffHash}` };
  }
  if (!stat.isFile()) return { kind: 'other', contentHash: '' };
  const hash = createHash('sha256');
  for await (const part of createReadStream(path)) hash.update(part as Buffer);
  return { kind: (stat.mode & 0o100) === 0 ? 'file' : 'program', contentHash: hash.digest('hex') };
}

/** The last value wins, as with `git config --get`. */
function userOf(text: string): { name: string; email: string } {
  const found = { name: '', email: '' };
  for (const entry of text.split('\0')) {
    const [key, ...value] = entry.split('\n');
    if (key === 'user.name') found.name = value.join('\n');
    if (key === 'user.email') found.email = value.join('\n');
  }
  return found;
}

function loginName(): string {
  try {
    return userInfo().username;
  } catch {
    return 'unknown';
  }
}
