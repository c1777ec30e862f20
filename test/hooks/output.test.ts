import { expect, test } from 'vitest';
import { parseHookOutput } from '../../src/hooks/output.ts';

test('a hook says that a failure is not to be brought back', () => {
  expect(parseHookOutput('on_failure=hold\n')).toEqual({ holds: true, unknown: [] });
  expect(parseHookOutput(' on_failure="hold"\r\n')).toEqual({ holds: true, unknown: [] });
  // What was held stays held, whatever a later line says.
  expect(parseHookOutput('on_failure=hold\non_failure=revert')).toEqual({ holds: true, unknown: [] });
});

test('anything else means nothing, and is told', () => {
  expect(parseHookOutput('')).toEqual({ holds: false, unknown: [] });
  expect(parseHookOutput('on_failure=holds\nversion=4be1\n\n')).toEqual({
    holds: false,
    unknown: ['on_failure=holds', 'version=4be1'],
  });
});
