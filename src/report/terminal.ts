import { plainReporter } from './plain.ts';
import type { Reporter, ReporterOptions } from './reporter.ts';

export function terminalReporter(options: ReporterOptions): Reporter {
  return plainReporter(options);
}
