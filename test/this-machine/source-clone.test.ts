import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { ensureCleanClone } from '../../src/hosts/this-machine/source-clone.ts';
import { commitAll, emptyRepository, git, gitEnv, temporaryDirectory } from './repository.ts';

beforeEach(() => {
  vi.stubEnv('TMPDIR', temporaryDirectory());
});
afterEach(() => {
  vi.unstubAllEnvs();
});

function repository(): { root: string; sha: string } {
  const root = emptyRepository();
  mkdirSync(join(root, 'web'));
  writeFileSync(join(root, 'web', 'index.html'), 'one\n');
  return { root, sha: commitAll(root) };
}

const clone = (root: string, sha: string, cwd = root) =>
  ensureCleanClone({ service: 'shop', cwd, root, sha, env: gitEnv, signal: new AbortController().signal });

test('the clone has what is committed and nothing else, in the directory Kamal would use', async () => {
  const { root, sha } = repository();
  writeFileSync(join(root, 'web', 'index.html'), 'changed\n');
  writeFileSync(join(root, 'untracked'), '');
  const directory = await clone(root, sha, join(root, 'web'));
  expect(directory).toMatch(/\/kamal-clones\/shop-[0-9a-f]{13}\/longshore-test-\w+\/web$/);
  expect(readFileSync(join(directory, 'index.html'), 'utf8')).toBe('one\n');
  expect(readdirSync(join(directory, '..'))).toEqual(['.git', 'web']);
});

test('the next deploy brings the same clone to the new commit and cleans it', async () => {
  const { root, sha } = repository();
  const directory = await clone(root, sha);
  writeFileSync(join(directory, 'left-over'), '');
  writeFileSync(join(directory, 'web', 'index.html'), 'spoilt\n');
  writeFileSync(join(directory, '.git', 'marker'), '');
  writeFileSync(join(root, 'web', 'index.html'), 'two\n');
  expect(await clone(root, commitAll(root))).toBe(directory);
  expect(readFileSync(join(directory, 'web', 'index.html'), 'utf8')).toBe('two\n');
  expect(existsSync(join(directory, 'left-over'))).toBe(false);
  expect(existsSync(join(directory, '.git', 'marker'))).toBe(true);
});

test('a clone that is right already is left as it is, its .git too', async () => {
  const { root, sha } = repository();
  const directory = await clone(root, sha);
  const times = (): string[] => {
    const entries = readdirSync(directory, { recursive: true, encoding: 'utf8' });
    return entries.toSorted().map((entry) => `${entry} ${statSync(join(directory, entry)).mtimeMs}`);
  };
  const before = times();
  await clone(root, sha);
  expect(times()).toEqual(before);
});

test('an ignored file that was left behind is taken away', async () => {
  const { root } = repository();
  writeFileSync(join(root, '.gitignore'), 'tmp\n');
  const sha = commitAll(root);
  const directory = await clone(root, sha);
  writeFileSync(join(directory, 'tmp'), '');
  await clone(root, sha);
  expect(existsSync(join(directory, 'tmp'))).toBe(false);
});

test('a commit on no branch is cloned too', async () => {
  const { root, sha } = repository();
  await clone(root, sha);
  git(root, 'checkout', '--quiet', '--detach');
  writeFileSync(join(root, 'web', 'index.html'), 'detached\n');
  const detached = commitAll(root);
  expect(readFileSync(join(await clone(root, detached), 'web', 'index.html'), 'utf8')).toBe('detached\n');
  rmSync(join(process.env['TMPDIR'] ?? '', 'kamal-clones'), { recursive: true });
  expect(readFileSync(join(await clone(root, detached), 'web', 'index.html'), 'utf8')).toBe('detached\n');
});

test('a clone that is broken is made anew', async () => {
  const { root, sha } = repository();
  const directory = await clone(root, sha);
  rmSync(join(directory, '.git', 'HEAD'));
  expect(git(await clone(root, sha), 'rev-parse', 'HEAD')).toBe(sha);
});

describe('submodules', { timeout: 30_000 }, () => {
  const { GIT_ALLOW_PROTOCOL: _, ...usual } = gitEnv;
  const cloneAsUsual = (root: string, sha: string) =>
    ensureCleanClone({ service: 'shop', cwd: root, root, sha, env: usual, signal: new AbortController().signal });
  const page = (directory: string) => readFileSync(join(directory, 'index.html'), 'utf8');
  const withModule = (address: (library: string) => string = (library) => library) => {
    const { root: library } = repository();
    const { root } = repository();
    git(root, 'submodule', '--quiet', 'add', address(library), 'vendor');
    return { library, root, sha: commitAll(root) };
  };

  test('come along, also those within them', async () => {
    const inner = withModule();
    const { root } = repository();
    git(root, 'submodule', '--quiet', 'add', inner.root, 'lib');
    git(root, 'submodule', '--quiet', 'update', '--init', '--recursive');
    const directory = await cloneAsUsual(root, commitAll(root));
    expect(page(join(directory, 'lib/web'))).toBe('one\n');
    expect(page(join(directory, 'lib/vendor/web'))).toBe('one\n');
  });

  test('are at the commit that is recorded, pushed or not, and without changes', async () => {
    const { root, sha } = withModule();
    const before = await cloneAsUsual(root, sha);
    expect(page(join(before, 'vendor/web'))).toBe('one\n');
    const vendor = join(root, 'vendor');
    writeFileSync(join(vendor, 'web', 'index.html'), 'never pushed\n');
    git(vendor, 'config', 'user.name', 'Ada');
    git(vendor, 'config', 'user.email', 'ada@example.com');
    commitAll(vendor);
    const recorded = commitAll(root);
    writeFileSync(join(vendor, 'web', 'index.html'), 'not even committed\n');
    expect(page(join(await cloneAsUsual(root, recorded), 'vendor/web'))).toBe('never pushed\n');
    expect(page(join(await cloneAsUsual(root, sha), 'vendor/web'))).toBe('one\n');
  });

  test('that the work tree has not, come from where it came from', async () => {
    const { root: library } = repository();
    const { root: origin } = repository();
    git(origin, 'submodule', '--quiet', 'add', `../${basename(library)}`, 'vendor');
    commitAll(origin);
    const root = join(temporaryDirectory(), 'deep', 'shop');
    git(origin, 'clone', '--quiet', origin, root);
    expect(page(join(await clone(root, git(root, 'rev-parse', 'HEAD')), 'vendor/web'))).toBe('one\n');
  });
});

test('what git complains about is in the failure', async () => {
  const { root } = repository();
  await expect(clone(root, '1234'.repeat(10))).rejects.toMatchObject({ code: 'git-failed' });
});
