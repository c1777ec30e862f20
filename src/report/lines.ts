import type { Event } from '../execute/events.ts';
import { describeWithReason, shortNames } from '../plan/describe.ts';
import { renderDiagnosis } from './diagnosis.ts';
import { duration } from './duration.ts';
import type { Paint } from './paint.ts';
import { planSize } from './plan.ts';

/** What a person reads of one event, as whole lines with the machine's name in front. Empty when it is not worth a line. */
export function linesOf(event: Event, { verbose, paint }: { verbose: boolean; paint: Paint }): string[] {
  switch (event.type) {
    case 'heading':
      return [paint.bold(event.text)];
    case 'note':
      return [event.text];
    case 'warning':
      return [`${paint.yellow('warning:')} ${event.text}`];
    case 'task-started':
      return [`${shortNames(event.task)} …`];
    case 'task-progress':
      return event.text.split('\n').map((line) => `${shortNames(event.task)} | ${line}`);
    case 'task-ended':
      return [`${shortNames(event.task)}: ${outcomeText(event, paint)}`];
    case 'plan-started':
      return [`${event.title}: ${planSize(event.plan)}`];
    case 'stage-started':
      return [paint.bold(`== ${event.stage}`)];
    case 'step-started':
      return verbose ? [`${place(event)} ${describeWithReason(event.step)} …`] : [];
    case 'step-progress':
      return [];
    case 'step-ended':
      return [`${place(event)} ${describeWithReason(event.step)}: ${outcomeText(event, paint)}`];
    case 'output':
      return event.quiet && !verbose ? [] : [`[${event.host} ${event.source}] | ${event.line}`];
    case 'diagnosis':
      return ['', ...renderDiagnosis(event.diagnosis, paint), ''];
    case 'plan-ended':
      return [`${event.title}: ${outcomeText(event, paint)}`];
  }
}

/** `[dal-01 web]` */
export function place({ host, role }: { host: string; role?: string }): string {
  return role === undefined ? `[${host}]` : `[${host} ${role}]`;
}

interface Ended {
  readonly outcome: 'done' | 'failed' | 'unknown' | 'skipped';
  readonly seconds: number;
  readonly message?: string;
}

export function outcomeText({ outcome, seconds, message }: Ended, paint: Paint): string {
  const after = message === undefined ? '' : `: ${message}`;
  if (outcome === 'done') return paint.green(`done in ${duration(seconds)}`) + after;
  if (outcome === 'skipped') return paint.dim('skipped') + after;
  if (outcome === 'failed') return paint.red(`failed after ${duration(seconds)}`) + after;
  return paint.red(`outcome unknown after ${duration(seconds)}`) + after;
}
