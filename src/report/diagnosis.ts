import type { Diagnosis } from '../execute/events.ts';
import { noColours, type Paint } from './paint.ts';

/** Why a container did not make it: where, what, the likely cause, what its log and the probe say, and what to type next. */
export function renderDiagnosis(diagnosis: Diagnosis, paint: Paint = noColours): string[] {
  return [
    paint.red(paint.bold(`${diagnosis.host} ${diagnosis.role}: ${diagnosis.what}`)),
    `  container     ${diagnosis.container}`,
    `  likely cause  ${diagnosis.likelyCause}`,
    ...quoted('last lines of its log', diagnosis.logLines, paint),
    ...quoted('what the health probe saw', diagnosis.probeLines, paint),
    `  next          ${paint.cyan(diagnosis.next)}`,
  ];
}

function quoted(title: string, lines: readonly string[], paint: Paint): string[] {
  if (lines.length === 0) return [`  ${title}: none`];
  return [`  ${title}:`, ...lines.map((line) => paint.dim(`    | ${line}`))];
}
