import { noColours, type Paint } from './paint.ts';
import type { BootstrapResult } from './results.ts';
import { table } from './table.ts';

/** Where Docker runs now, and how much would keep the service down after a restart; each of it was a warning before. */
export function renderBootstrap(result: BootstrapResult, paint: Paint = noColours): string {
  const rows = result.hosts.map(({ host, engineVersion, installed }) => [
    host,
    `Docker ${engineVersion}`,
    installed ? paint.green('installed') : 'was there',
  ]);
  const { length } = result.findings;
  return [
    ...table(rows),
    '',
    ...result.notAsked.map((text) => paint.yellow(text)),
    length === 0
      ? `Nothing was found that would keep ${result.service} down after a restart of a machine.`
      : paint.yellow(
          `${length} ${length === 1 ? 'thing' : 'things'} would keep ${result.service} down after a restart; see above.`,
        ),
  ].join('\n');
}
