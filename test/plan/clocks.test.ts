import { expect, test } from 'vitest';
import { clockOffset } from '../../src/hosts/state.ts';
import type { Observed } from '../../src/observe/observed.ts';
import { clockProblem } from '../../src/plan/clocks.ts';
import { isEngineTooOld, otherProcessor } from '../../src/plan/engine.ts';
import type { ObservedHost } from '../../src/observe/observed.ts';

const at = (seconds: number) => ({ asked: seconds * 1000, answered: seconds * 1000 });

test('the time that question and answer took is no difference of clocks', () => {
  expect(clockOffset('1000.500000000', at(1000.5))).toEqual({ leastSeconds: 0, mostSeconds: 0 });
  expect(clockOffset('1010.0', { asked: 1_000_000, answered: 1_020_000 })).toEqual({
    leastSeconds: -10,
    mostSeconds: 10,
  });
  // Where `date` knows no fraction.
  expect(clockOffset('1000.%N', at(1000))).toEqual({ leastSeconds: 0, mostSeconds: 1 });
  expect(clockOffset('', at(1000))).toBeUndefined();
});

const seen = (clocks: Record<string, [number, number]>) =>
  ({
    hosts: Object.entries(clocks).map(([host, [leastSeconds, mostSeconds]]) => ({
      host,
      clock: { leastSeconds, mostSeconds },
    })),
  }) as unknown as Observed;

test('only clocks that are certainly more than 5 s apart are a problem', () => {
  expect(clockProblem(seen({ one: [-2, 2], two: [4, 5] }))).toBeUndefined();
  expect(clockProblem(seen({ one: [-60, 60], two: [0, 0] }))).toBeUndefined();
  expect(clockProblem(seen({}))).toBeUndefined();
  expect(clockProblem(seen({ one: [-1, 0], two: [600, 601] }))).toEqual({
    message: 'The clocks of the machines are more than 5 s apart',
    details: ["one: as this machine's", "two: 601 s ahead of this machine's"],
  });
});

test('where the machines agree, it is this one', () => {
  expect(clockProblem(seen({ one: [-9, -8], two: [-8, -7] }))).toEqual({
    message: "This machine's clock is more than 5 s off from the clocks of the others",
    details: ["one: 8 s behind this machine's", "two: 7 s behind this machine's"],
  });
});

test.each([
  ['20.10.24+dfsg1', false],
  ['19.03.15', true],
  ['20.9.1', true],
  ['26.1.5+dfsg1', false],
  ['dev', false],
])('Docker %s is too old: %s', (version, isOld) => {
  expect(isEngineTooOld(version)).toBe(isOld);
});

test('an image runs on the processors it was built for; what nobody knows is left to the user', () => {
  const machine = (architecture: string) => ({ architecture }) as ObservedHost;
  expect(otherProcessor(machine('x86_64'), ['amd64'])).toBeUndefined();
  expect(otherProcessor(machine('aarch64'), ['amd64', 'arm64'])).toBeUndefined();
  expect(otherProcessor(machine('armv7l'), ['arm/v7'])).toBeUndefined();
  expect(otherProcessor(machine('aarch64'), ['amd64'])).toBe('arm64');
  expect(otherProcessor(machine('riscv64'), ['amd64'])).toBeUndefined();
});
