import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Config } from '../../src/config/config.ts';
import { placesIn } from '../../src/pipeline/session-secrets.ts';

test('a secret is found in the lines that name it, of both files, and in no comment', () => {
  const cwd = mkdtempSync(join(tmpdir(), 'longshore-places-'));
  writeFileSync(
    join(cwd, 'base.yml'),
    '# KEY\nenv:\n  secret:\n    - KEY\n    - DB:KEY\n    - KEYS\nregistry: {password: [KEY]}\n',
  );
  writeFileSync(join(cwd, 'over.yml'), 'env: {secret: [OTHER, KEY]} # KEY\n');
  const places = placesIn({ file: 'base.yml', destinationFile: 'over.yml' } as Config, cwd);
  expect(places('KEY')).toEqual(['base.yml:4', 'base.yml:5', 'base.yml:7', 'over.yml:1']);
  expect(places('NOWHERE')).toEqual([]);
});
