import type { Event } from '../execute/events.ts';
import { describeWithReason } from '../plan/describe.ts';
import { linesOf, place } from './lines.ts';
import type { Reporter, ReporterOptions } from './reporter.ts';

/** A step that takes longer than this says that it is still at work, so that a long pull is not a silence. */
const slowStepSeconds = 10;

const quietTypes = new Set<Event['type']>(['warning', 'diagnosis']);

/** One line per event, for pipes, logs and CI. */
export function plainReporter({ mode, verbose, stream, paint }: ReporterOptions): Reporter {
  const slow = new Map<number, NodeJS.Timeout>();
  const lastProgress = new Map<number, string>();
  const print = (lines: readonly string[]) => {
    if (lines.length > 0) stream.write(`${lines.join('\n')}\n`);
  };

  function watch(event: Extract<Event, { type: 'step-started' }>): void {
    const timer = setInterval(() => {
      const progress = lastProgress.get(event.id);
      print([
        `${place(event)} ${describeWithReason(event.step)}: still at it${progress === undefined ? '' : `, ${progress}`}`,
      ]);
    }, slowStepSeconds * 1000);
    slow.set(event.id, timer.unref());
  }

  function forget(id: number): void {
    clearInterval(slow.get(id));
    slow.delete(id);
    lastProgress.delete(id);
  }

  return {
    emit(event) {
      if (mode === 'quiet') {
        const failed = 'outcome' in event && event.type === 'step-ended' && event.outcome !== 'done';
        if (quietTypes.has(event.type) || (failed && event.outcome !== 'skipped'))
          print(linesOf(event, { verbose, paint }));
        return;
      }
      print(linesOf(event, { verbose, paint }));
      if (event.type === 'step-started') watch(event);
      if (event.type === 'step-progress') lastProgress.set(event.id, event.text);
      if (event.type === 'step-ended') forget(event.id);
    },
    close() {
      for (const timer of slow.values()) clearInterval(timer);
      return Promise.resolve();
    },
    aside: (ask) => ask(),
  };
}
