import type { Emit } from '../execute/events.ts';
import { actionsReporter } from './actions.ts';
import { jsonReporter } from './json.ts';
import type { Paint } from './paint.ts';
import { plainReporter } from './plain.ts';
import { terminalReporter } from './terminal.ts';

/** Shows events as they happen; the only thing that writes progress. */
export interface Reporter {
  readonly emit: Emit;
  /** Resolves when everything emitted is on the screen. */
  close(): Promise<void>;
  /** Runs a question to the user with nothing else being drawn meanwhile. */
  aside<Answer>(ask: () => Promise<Answer>): Promise<Answer>;
}

export interface ReporterOptions {
  /** `actions` is plain for GitHub Actions; `quiet` shows only warnings, diagnoses and what failed. */
  readonly mode: 'terminal' | 'plain' | 'actions' | 'json' | 'quiet';
  /** Starts of steps and the progress inside them too. */
  readonly verbose: boolean;
  readonly stream: NodeJS.WriteStream;
  readonly paint: Paint;
}

export function createReporter(options: ReporterOptions): Reporter {
  switch (options.mode) {
    case 'terminal':
      return terminalReporter(options);
    case 'plain':
    case 'quiet':
      return plainReporter(options);
    case 'actions':
      return actionsReporter(options);
    case 'json':
      return jsonReporter(options);
  }
}
