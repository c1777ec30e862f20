import { expect, test } from 'vitest';
import { tokenHint } from '../../src/build/registry-hint.ts';
import { failureOf } from '../../src/hosts/this-machine/build-failure.ts';
import type { ImageBuild } from '../../src/build/image-build.ts';

test('a token of gh is told which scope it needs, and no other registry is', () => {
  expect(tokenHint('ghcr.io/acme/shop:v1', 'read:packages')).toBe(
    '. A token of gh needs the scope read:packages: gh auth refresh --scopes read:packages',
  );
  expect(tokenHint('registry.test:5000/acme/shop:v1', 'write:packages')).toBe('');
});

test('a refused push says so', () => {
  const build = { image: 'ghcr.io/acme/shop:v1' } as ImageBuild;
  const { code, hint } = failureOf(build, { isPush: true, lines: ['ERROR: denied: permission_denied'] });
  expect([code, hint]).toEqual([
    'registry-refused',
    expect.stringContaining('gh auth refresh --scopes write:packages'),
  ]);
});
