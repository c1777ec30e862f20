import { expect, test } from 'vitest';
import { withStopping } from '../../src/containers/stopping.ts';

test('a container knows how it is to be stopped, also by an engine that ends; what its options say stays', () => {
  expect(withStopping([], { stopSignal: 'SIGINT', stopTimeoutSeconds: 120 })).toEqual([
    { name: 'stop-signal', value: 'SIGINT' },
    { name: 'stop-timeout', value: '120' },
  ]);
  const said = [{ name: 'stop-timeout', value: '60' }];
  expect(withStopping(said, { stopTimeoutSeconds: 120 })).toEqual(said);
  expect(withStopping(said, {})).toEqual(said);
});
