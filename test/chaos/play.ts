import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { TimedEvent } from '../e2e/harness.ts';
import type { Moment } from '../e2e/moments.ts';
import { machines } from './fleet.ts';
import { problemsOf, type Row } from './row.ts';
import { type Fault, startSuite, type Suite } from './suite.ts';

export type Case = readonly [Fault, Moment];

/** A file of the suite: a set of machines on which its cases are played one after the other. Its rows lie in CHAOS_ROWS. */
export function playCases(name: string, casesOf: (boundaries: readonly Moment[]) => readonly Case[]): void {
  let suite: Suite;
  beforeAll(async () => void (suite = await startSuite()), 600_000);
  afterAll(() => suite?.end());

  test(
    'nothing is lost in any case, and the same command ends right',
    async () => {
      const rows: Row[] = [];
      const problems: string[] = [];
      for (const [fault, moment] of casesOf(boundariesIn(await suite.rehearse()))) {
        const row = await suite.play(fault, moment);
        rows.push(row);
        problems.push(...problemsOf(row, fault.killsWorker === true));
        process.stderr.write(`    ${Object.values(row).join(' | ')}\n`);
        save(name, rows);
      }
      expect(problems).toEqual([]);
    },
    3 * 3600_000,
  );
}

/** After each kind of step of each role on each machine: where one thing is done and the next is not begun. */
function boundariesIn(events: readonly TimedEvent[]): Moment[] {
  const seen = new Map<string, Moment>();
  for (const event of events) {
    if (event.type !== 'step-ended') continue;
    const { host, role, step } = event;
    const key = `${host} ${role ?? ''} ${step.kind}`;
    const machine = machines.find(({ address }) => address === host);
    const where = [machine === undefined ? host : machine.address.endsWith('.11') ? 'dal-01' : 'chi-02', role].filter(
      Boolean,
    );
    if (seen.has(key)) continue;
    seen.set(key, {
      when: `after ${step.kind} on ${where.join(' ')}`,
      is: (one) => one.type === 'step-ended' && one.host === host && one.role === role && one.step.kind === step.kind,
    });
  }
  return [...seen.values()];
}

/** Into CHAOS_ROWS, for the table of the whole suite. */
export function save(name: string, rows: readonly Row[]): void {
  const folder = process.env['CHAOS_ROWS'];
  if (folder === undefined) return;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${name.replaceAll(/\W+/g, '-')}.json`), JSON.stringify(rows));
}
