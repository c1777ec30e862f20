import type { Reporter, ReporterOptions } from './reporter.ts';

/** Each event as one JSON line with the time it happened, for programs. */
export function jsonReporter({ stream }: Pick<ReporterOptions, 'stream'>): Reporter {
  return {
    emit(event) {
      stream.write(`${JSON.stringify({ at: new Date().toISOString(), ...event })}\n`);
    },
    close: () => Promise.resolve(),
    aside: (ask) => ask(),
  };
}
