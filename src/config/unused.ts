import type { Findings } from './findings.ts';
import type { WrittenConfig } from './written.ts';

/** Root keys of Kamal's that are accepted and have nothing to act on here. */
export function reportUnused(written: WrittenConfig, findings: Findings): void {
  if (written.run_directory !== undefined) {
    findings.warning(['run_directory'], '`run_directory` has no effect, as in Kamal: the directory is `.kamal`');
  }
}
