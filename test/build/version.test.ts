import { expect, test } from 'vitest';
import { abbreviateVersion, decideVersion } from '../../src/build/version.ts';
import type { SourceTree } from '../../src/build/version.ts';

const sha = '4be1'.repeat(10);
const clean: SourceTree = {
  isRepository: true,
  root: '/work/shop',
  headSha: sha,
  dirty: false,
  changedPaths: [],
  diffHash: '',
  userName: 'Ada',
  userEmail: 'ada@example.com',
  performer: 'ada@example.com',
};
const dirty: SourceTree = { ...clean, dirty: true, changedPaths: ['app.js', 'new.js'], diffHash: 'abcdef'.repeat(10) };

test('--version wins over the environment, and the environment over git', () => {
  expect(decideVersion({ flag: 'v7', env: 'v8', tree: clean, contextIsSet: false })).toEqual({
    version: 'v7',
    source: 'flag',
  });
  expect(decideVersion({ env: 'v8', tree: dirty, contextIsSet: true })).toEqual({
    version: 'v8',
    source: 'env',
    note: 'Version v8 comes from the environment variable VERSION',
  });
  expect(decideVersion({ env: '', tree: clean, contextIsSet: false })).toEqual({ version: sha, source: 'git' });
});

test('a dirty tree with a build context gets a version made of what changed', () => {
  expect(decideVersion({ tree: dirty, contextIsSet: true })).toEqual({
    version: `${sha}_uncommitted_abcdefabcdefabcd`,
    source: 'git',
    note: 'Building with uncommitted changes: app.js, new.js',
  });
});

test('a dirty tree without a build context is HEAD, with a warning', () => {
  const many = { ...dirty, changedPaths: ['a', 'b', 'c', 'd', 'e', 'f', 'g'] };
  expect(decideVersion({ tree: many, contextIsSet: false })).toEqual({
    version: sha,
    source: 'git',
    note: 'Uncommitted changes are not in the image, which is built from a clean clone of HEAD: a, b, c, d, e and 2 more',
  });
});

test('without a repository, or before the first commit, no version is known', () => {
  const nothing = { ...clean, headSha: '' };
  expect(() => decideVersion({ tree: { ...nothing, isRepository: false }, contextIsSet: false })).toThrow(
    '/work/shop is not in a git repository, so no version is known',
  );
  expect(() => decideVersion({ tree: nothing, contextIsSet: true })).toThrow('has no commit yet');
});

test.each(['a b', '.hidden', '-x', 'a/b', 'a:b', 'x'.repeat(129), 'a\nb'])('%j cannot be a version', (flag) => {
  expect(() => decideVersion({ flag, tree: clean, contextIsSet: false })).toThrow(
    expect.objectContaining({ code: 'usage' }),
  );
});

test('a version is abbreviated to seven characters unless it has an underscore', () => {
  expect(abbreviateVersion(sha)).toBe('4be14be');
  expect(abbreviateVersion(`${sha}_uncommitted_12`)).toBe(`${sha}_uncommitted_12`);
  expect(abbreviateVersion('v7')).toBe('v7');
});
