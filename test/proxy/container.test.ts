import { expect, test } from 'vitest';
import { isTooOld } from '../../src/proxy/container.ts';

test.each([
  ['basecamp/kamal-proxy:v0.9.1', true],
  ['basecamp/kamal-proxy:v0.10.0', false],
  ['basecamp/kamal-proxy:v0.9.2', false],
  ['basecamp/kamal-proxy:0.8.7', true],
  ['registry.test:5000/basecamp/kamal-proxy:v0.9.1@sha256:aa11', true],
  // Nobody knows what these are; they are left to the user.
  ['basecamp/kamal-proxy:latest', false],
  ['registry.test:5000/basecamp/kamal-proxy', false],
  ['basecamp/kamal-proxy@sha256:0.1.0', false],
])('the proxy %s is too old: %s', (image, isOld) => {
  expect(isTooOld(image)).toBe(isOld);
});
