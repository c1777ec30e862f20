import { chmodSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readSourceTree } from '../../src/hosts/this-machine/git.ts';
import { commitAll, emptyRepository, git, gitEnv, temporaryDirectory } from './repository.ts';

const read = (cwd: string) => readSourceTree({ cwd, env: gitEnv });

function repository(): { directory: string; sha: string } {
  const directory = emptyRepository();
  writeFileSync(join(directory, 'app.js'), 'one\n');
  mkdirSync(join(directory, 'web'));
  writeFileSync(join(directory, 'web', 'index.html'), 'hello\n');
  return { directory, sha: commitAll(directory) };
}

test('a clean repository is read with its commit, branch and user', async () => {
  const { directory, sha } = repository();
  expect(await read(join(directory, 'web'))).toEqual({
    isRepository: true,
    root: directory,
    headSha: sha,
    branch: 'main',
    dirty: false,
    changedPaths: [],
    diffHash: '',
    userName: 'Ada',
    userEmail: 'ada@example.com',
    performer: 'ada@example.com',
    commitTime: expect.stringMatching(/^2026-01-02T03:04:05/),
  });
});

test('a detached head has no branch', async () => {
  const { directory } = repository();
  git(directory, 'checkout', '--quiet', '--detach');
  expect(await read(directory)).not.toHaveProperty('branch');
});

test('outside of a repository, and without git, there is no version to read', async () => {
  const directory = temporaryDirectory();
  expect(await read(directory)).toMatchObject({ isRepository: false, root: directory, headSha: '' });
  const without = await readSourceTree({ cwd: directory, env: { ...gitEnv, PATH: '/nonexistent' } });
  expect(without).toMatchObject({ isRepository: false, performer: expect.stringMatching(/./) });
});

test('a repository without a commit has no head', async () => {
  expect(await read(emptyRepository())).toMatchObject({ isRepository: true, headSha: '', dirty: false });
});

test('a repository that git does not trust or cannot read is a failure and not "no repository"', async () => {
  const { directory } = repository();
  writeFileSync(join(directory, '.git', 'index'), 'rubbish');
  await expect(read(directory)).rejects.toMatchObject({ code: 'git-failed' });
});

test('the same uncommitted changes give the same hash, staged or not', async () => {
  const { directory } = repository();
  writeFileSync(join(directory, 'app.js'), 'two\n');
  writeFileSync(join(directory, 'new file.txt'), 'new\n');
  const first = await read(directory);
  expect(first).toMatchObject({ dirty: true, changedPaths: ['app.js', 'new file.txt'] });
  expect(first.diffHash).toMatch(/^[0-9a-f]{64}$/);
  git(directory, 'add', '--all');
  expect((await read(join(directory, 'web'))).diffHash).toBe(first.diffHash);
});

test.each<[string, (directory: string) => void]>([
  ['content of a changed file', (directory) => writeFileSync(join(directory, 'app.js'), 'three\n')],
  ['content of an untracked file', (directory) => writeFileSync(join(directory, 'new'), 'other\n')],
  ['name of an untracked file', (directory) => writeFileSync(join(directory, 'newer'), 'new\n')],
  ['deleted file', (directory) => rmSync(join(directory, 'web', 'index.html'))],
  ['mode', (directory) => chmodSync(join(directory, 'new'), 0o755)],
  ['target of a link', (directory) => symlinkSync('elsewhere', join(directory, 'link'))],
  ['untracked file in a nested repository', (directory) => writeFileSync(join(directory, 'nested', 'file'), 'x')],
])('the hash changes with the %s', async (_what, change) => {
  const { directory } = repository();
  writeFileSync(join(directory, 'app.js'), 'two\n');
  writeFileSync(join(directory, 'new'), 'new\n');
  git(directory, 'init', '--quiet', 'nested');
  const before = await read(directory);
  change(directory);
  expect((await read(directory)).diffHash).not.toBe(before.diffHash);
});

test('ignored files do not count', async () => {
  const { directory } = repository();
  writeFileSync(join(directory, '.gitignore'), 'tmp\n');
  commitAll(directory);
  writeFileSync(join(directory, 'tmp'), 'x');
  expect(await read(directory)).toMatchObject({ dirty: false });
});
