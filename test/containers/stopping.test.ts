import { expect, test } from 'vitest';
import type { Comparison } from '../../src/containers/differences.ts';
import { withoutStopping, withStopping } from '../../src/containers/stopping.ts';

test('a container knows how it is to be stopped, also by an engine that ends; what its options say stays', () => {
  expect(withStopping([], { stopSignal: 'SIGINT', stopTimeoutSeconds: 120 })).toEqual([
    { name: 'stop-signal', value: 'SIGINT' },
    { name: 'stop-timeout', value: '120' },
  ]);
  const said = [{ name: 'stop-timeout', value: '60' }];
  expect(withStopping(said, { stopTimeoutSeconds: 120 })).toEqual(said);
  expect(withStopping(said, {})).toEqual(said);
});

const options = [{ name: 'stop-timeout', value: '300' }];

test.each([
  { has: {}, image: {}, left: [] },
  { has: { StopTimeout: null }, image: {}, left: [] },
  // No engine takes it from the image.
  { has: {}, image: { StopTimeout: 60 }, left: [] },
  { has: { StopTimeout: 60 }, image: { StopTimeout: 60 }, left: options },
  { has: { StopTimeout: 60 }, image: {}, left: options },
])('a time-out is compared where the container has one: $has, its image $image', ({ has, image, left }) => {
  const comparison = { spec: { options }, running: { Config: has }, imageDefaults: image } as unknown as Comparison;
  expect(withoutStopping(comparison, { stopTimeoutSeconds: 300 }).spec.options).toEqual(left);
});
