import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { tarOf } from '../../src/hosts/tar.ts';

test('an archive is read by tar, with modes, owners and every byte', () => {
  const input = tarOf([
    { name: 'cert.pem', content: 'é\n', mode: 0o600, uid: 1000, gid: 1001 },
    { name: 'empty', content: '', mode: 0o644, uid: 0, gid: 0 },
    { name: 'key.pem', content: 'x'.repeat(512), mode: 0o600, uid: 70_000, gid: 5 },
  ]);
  const list = execFileSync('tar', ['-tvf', '-', '--numeric-owner'], { input, encoding: 'utf8' });
  expect(
    list
      .trim()
      .split('\n')
      .map((line) => line.split(/\s+/).toSpliced(3, 2).join(' ')),
  ).toEqual(['-rw------- 1000/1001 3 cert.pem', '-rw-r--r-- 0/0 0 empty', '-rw------- 70000/5 512 key.pem']);
  const read = (name: string) => execFileSync('tar', ['-xOf', '-', name], { input, encoding: 'utf8' });
  expect([read('cert.pem'), read('empty'), read('key.pem')]).toEqual(['é\n', '', 'x'.repeat(512)]);
});
