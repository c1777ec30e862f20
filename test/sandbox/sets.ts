import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

/** Which sets of machines the tests may use. Of several, each of vitest's workers has one for itself. */
export const sets: readonly string[] = (process.env['SANDBOX_SETS'] ?? '1').split(' ').filter((word) => word !== '');

/** What `sandbox env` says of this worker's set. @throws when there is no such set */
export function sandboxOfWorker(): Readonly<Record<string, string>> {
  const set = sets[Number(process.env['VITEST_POOL_ID'] ?? 1) - 1];
  if (set === undefined) throw new Error(`more workers than sets of machines: SANDBOX_SETS is ${sets.join(' ')}`);
  return Object.fromEntries(
    runSandbox('env', set)
      .split('\n')
      .filter((line) => line.includes('='))
      .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );
}

/** @returns what it prints; what it says is shown */
export function runSandbox(...words: readonly string[]): string {
  return execFileSync(join(import.meta.dirname, 'sandbox'), words, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}
