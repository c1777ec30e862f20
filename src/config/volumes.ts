import type { Findings } from './findings.ts';
import type { Path } from './sheet.ts';

/** Volumes are given to Docker as they stand; only the login directory may be meant at the start, as with Kamal's shell. */
export function checkVolumes(volumes: readonly string[] = [], path: Path, findings: Findings): void {
  for (const [index, volume] of volumes.entries()) {
    const rest = volume.replace(/^(?:\$(?:PWD|HOME)|\$\{(?:PWD|HOME)\}|~)(?=\/)/, '');
    if (/[$`]|^~/.test(rest)) {
      findings.problem([...path, index], 'no shell expands this; write the path on the machine in full');
    } else if (volume === '' || /\s/.test(volume)) {
      findings.problem([...path, index], 'this should be source:path or source:path:options, without spaces');
    }
  }
}
