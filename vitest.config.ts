import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { LongestFirst } from './test/house/longest-first.ts';
import { sets } from './test/sandbox/sets.ts';

const onMachines = {
  testTimeout: 300_000,
  hookTimeout: 300_000,
  // A file has a set of machines for itself.
  maxWorkers: sets.length,
};

export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/chaos/**', 'test/contract/**', 'test/e2e/**', '**/node_modules/**'],
          globalSetup: ['test/house/scratch.ts'],
          // What hangs fails; what has to wait for a busy box does not.
          testTimeout: 30_000,
          maxWorkers: availableParallelism(),
        },
      },
      {
        test: {
          ...onMachines,
          name: 'contract',
          include: ['test/contract/**/*.test.ts'],
          globalSetup: ['test/contract/set-up.ts'],
          testTimeout: 60_000,
        },
      },
      {
        test: {
          ...onMachines,
          name: 'e2e',
          include: ['test/e2e/*.test.ts'],
          globalSetup: ['test/e2e/set-up.ts'],
        },
      },
      {
        test: {
          ...onMachines,
          name: 'chaos',
          include: ['test/chaos/*.test.ts'],
          globalSetup: ['test/e2e/set-up.ts'],
        },
      },
      {
        test: {
          ...onMachines,
          name: 'e2e-alone',
          include: ['test/e2e/alone/*.test.ts'],
          globalSetup: ['test/e2e/set-up.ts'],
          // After all others, with nothing beside it.
          fileParallelism: false,
        },
      },
    ],
  },
});
