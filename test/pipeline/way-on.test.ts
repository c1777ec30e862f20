import { expect, test } from 'vitest';
import { type Typed, typedWith } from '../../src/pipeline/way-on.ts';

const given = (...typed: string[]): Typed => ({
  run: { command: typed[1] ?? '', typed },
  typed: (command) => `longshore ${command}`,
});

test('what was typed is shown with every word of it, and the flag before the words of another command', () => {
  expect(typedWith(given('longshore', 'deploy', 'production', '-h', 'one'), ['-y'])).toBe(
    'longshore deploy production -h one -y',
  );
  expect(typedWith(given('longshore', 'server', 'exec', '--', 'echo', 'a b'), ['--without', 'two'])).toBe(
    "longshore server exec --without two -- echo 'a b'",
  );
});

test('a password in it is not repeated', () => {
  const said = typedWith(given('longshore', 'accessory', 'exec', 'db', 'psql postgres://app:hunter2@db/app'), ['-y']);
  expect(said).toContain('psql postgres://app:…@db/app');
  expect(said).not.toContain('hunter2');
});
