import { execFileSync } from 'node:child_process';
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** A directory of its own for one test, by its real path; gone when the test is over. */
export function temporaryDirectory(): string {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), 'longshore-test-')));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** What every git process of a test sees: none of this machine's settings. */
export const gitEnv: Record<string, string> = {
  PATH: process.env['PATH'] ?? '',
  HOME: '/nonexistent',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_AUTHOR_DATE: '2026-01-02T03:04:05Z',
  GIT_COMMITTER_DATE: '2026-01-02T03:04:05Z',
  GIT_ALLOW_PROTOCOL: 'file',
};

export function git(cwd: string, ...words: string[]): string {
  return execFileSync('git', words, { cwd, env: gitEnv, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();
}

/** A repository without commits, whose user is Ada. */
export function emptyRepository(): string {
  const directory = temporaryDirectory();
  git(directory, 'init', '--quiet', '--initial-branch=main');
  git(directory, 'config', 'user.name', 'Ada');
  git(directory, 'config', 'user.email', 'ada@example.com');
  return directory;
}

/** Commits everything that lies there. @returns the sha */
export function commitAll(directory: string): string {
  git(directory, 'add', '--all');
  git(directory, 'commit', '--quiet', '--message', 'A change');
  return git(directory, 'rev-parse', 'HEAD');
}
