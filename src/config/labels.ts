import { textMap } from './fields.ts';
import type { Findings } from './findings.ts';
import type { Path } from './sheet.ts';

export const labelsSchema = textMap;

const reserved = ['service', 'role', 'destination'];

/** Labels for containers; the three by which containers are found cannot be given. */
export function resolveLabels(
  written: Readonly<Record<string, string>> | undefined,
  path: Path,
  findings: Findings,
): Readonly<Record<string, string>> {
  for (const name of Object.keys(written ?? {})) {
    if (!reserved.includes(name)) continue;
    findings.problemWithKey([...path, name], `the label \`${name}\` is reserved: containers are found by it`);
  }
  return written ?? {};
}

export const labelsSample = `\
# More labels for the containers; service, role and destination are reserved.
labels:
  team: storefront
`;
