import type { Findings } from './findings.ts';
import type { WrittenConfig } from './written.ts';

/** Root keys of Kamal's that are accepted: some are not done yet, some have nothing to act on here. */
export function reportUnused(written: WrittenConfig, findings: Findings): void {
  if (written.accessories !== undefined && Object.keys(written.accessories).length > 0)
    findings.notDone(['accessories'], 'setup');
  if (written.run_directory !== undefined) {
    findings.warning(['run_directory'], '`run_directory` has no effect, as in Kamal: the directory is `.kamal`');
  }
}
