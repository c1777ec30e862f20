import { afterAll, beforeAll, expect, test } from 'vitest';
import { dal } from '../e2e/machines.ts';
import { step } from '../e2e/moments.ts';
import { withoutDrain, withoutFence, withoutRoute } from './control.ts';
import { fromTheStart } from './faults.ts';
import { save } from './play.ts';
import type { Row } from './row.ts';
import { startSuite, type Suite } from './suite.ts';

/** Each must show losses: what the other files count as lost is really counted. */

let suite: Suite;
beforeAll(async () => void (suite = await startSuite()), 600_000);
afterAll(() => suite.end());

test('the control runs lose what they should', { timeout: 900_000 }, async () => {
  const switched = step('after the switch', 'step-ended', 'send-traffic', dal, 'web');
  const rows: Row[] = [
    await suite.play(withoutRoute, fromTheStart),
    await suite.play(withoutDrain, step('before the switch', 'step-started', 'start-container', dal, 'web')),
    await suite.play(withoutFence, switched),
  ];
  save('control', rows);
  for (const row of rows) {
    process.stderr.write(`    ${Object.values(row).join(' | ')}\n`);
    expect(row.lost, row.fault).toBeGreaterThan(0);
  }
});
