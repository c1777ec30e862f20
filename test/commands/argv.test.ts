import { expect, test } from 'vitest';
import { normaliseArgv, wantsJson } from '../../src/commands/frame/argv.ts';

test.each([
  [
    ['deploy', '--skip_push', '--lock_wait_timeout=9'],
    ['deploy', '--skip-push', '--lock-wait-timeout=9'],
  ],
  [
    ['deploy', '--config-file=my_file.yml', '-d', 'a_b'],
    ['deploy', '--config-file=my_file.yml', '-d', 'a_b'],
  ],
  [
    ['lock', 'acquire', '-m', '--not_a_flag'],
    ['lock', 'acquire', '-m', '--not_a_flag'],
  ],
  [
    ['exec', '--', '--as_it_is'],
    ['exec', '--', '--as_it_is'],
  ],
  [
    ['help', 'lock', 'acquire'],
    ['lock', 'acquire', '--help'],
  ],
  [['help'], ['--help']],
])('%j is read as %j', (typed, read) => {
  expect(normaliseArgv(typed)).toEqual(read);
});

test('JSON is asked for before the double dash only', () => {
  expect(wantsJson(['plan', '--json'])).toBe(true);
  expect(wantsJson(['plan', '--', '--json'])).toBe(false);
});
