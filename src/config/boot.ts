import * as z from 'zod';
import type { BootConfig } from './config.ts';
import { flag, integer, seconds, section } from './fields.ts';
import type { Findings } from './findings.ts';
import { withForm } from './form.ts';
import { present } from './present.ts';

const count = integer({ from: 1 });
const limit = withForm(
  z.custom<number | string>(
    (value) => count.safeParse(value).success || (typeof value === 'string' && isPercentage(value)),
    { error: 'this should be a number of machines from 1, without quotes, or a percentage such as 25%' },
  ),
  {
    anyOf: [
      { type: 'integer', minimum: 1 },
      { type: 'string', pattern: '^\\d{1,3}%$' },
    ],
  },
);

export const bootSchema = section({
  limit: limit.exactOptional(),
  wait: seconds.exactOptional(),
  parallel_roles: flag.exactOptional(),
});

export type WrittenBoot = z.output<typeof bootSchema>;

/** How many of the primary role's machines change at the same time. A percentage is rounded down, to one at least. */
export function resolveBoot(written: WrittenBoot | undefined, primaryHosts: number, findings: Findings): BootConfig {
  if (written?.parallel_roles === false) {
    findings.warning(
      ['boot', 'parallel_roles'],
      'roles boot side by side all the same: what waits for the primary, waits',
    );
  }
  return present({ limit: hostsPerGroup(written?.limit, primaryHosts), waitSeconds: written?.wait ?? 0 });
}

function hostsPerGroup(written: number | string | undefined, primaryHosts: number): number | undefined {
  if (typeof written !== 'string') return written;
  return Math.max(1, Math.floor((primaryHosts * Number(written.slice(0, -1))) / 100));
}

function isPercentage(value: string): boolean {
  const percent = Number(/^(\d{1,3})%$/.exec(value)?.[1]);
  return percent >= 1 && percent <= 100;
}

export const bootSample = `\
# Without it, all machines of the primary role change at once.
boot:
  # Machines at a time: a number, or a percentage of the primary role's machines.
  limit: 25%
  # Seconds between the groups.
  wait: 10
  # Roles on one machine boot side by side; true says so, and false changes nothing.
  parallel_roles: true
`;
