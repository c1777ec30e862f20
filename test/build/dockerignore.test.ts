import { expect, test } from 'vitest';
import { ignoredBy } from '../../src/build/dockerignore.ts';

/** What BuildKit does with them was tried in test/e2e/build.test.ts. */
test.each([
  ['*.log', ['a.log'], ['sub/a.log', 'log']],
  ['**/*.log', ['a.log', 'sub/deep/a.log'], ['a.logs']],
  ['node_modules', ['node_modules', 'node_modules/a/b.js'], ['sub/node_modules/a']],
  ['/tmp/', ['tmp/a'], ['a/tmp']],
  ['./tmp/../cache', ['cache/x'], ['tmp/x']],
  ['*\n!keep.txt', ['a', 'sub/b'], ['keep.txt']],
  ['docs\n!docs/README.md', ['docs/a.md'], ['docs/README.md']],
  ['!a\na', ['a'], []],
  ['# a comment\n\n  b  ', ['b'], ['# a comment', 'a']],
  ['a?c', ['abc'], ['a/c', 'ac']],
  ['[ab].txt', ['a.txt'], ['c.txt']],
  ['sub/**', ['sub/a', 'sub/a/b'], ['a']],
  ['a.b', ['a.b'], ['axb']],
  ['\\*', ['*'], ['a']],
  ['', [], ['a']],
])('%j', (text, ignored, taken) => {
  const isIgnored = ignoredBy(text);
  expect(ignored.filter((path) => !isIgnored(path))).toEqual([]);
  expect(taken.filter((path) => isIgnored(path))).toEqual([]);
});
