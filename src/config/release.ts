import type * as z from 'zod';
import type { Role } from './config.ts';
import type { ReleaseCommand } from './config-phases.ts';
import { chosen, flag, integer, section, text, textList, unknownKey } from './fields.ts';
import type { Findings } from './findings.ts';
import { resolveWords } from './words.ts';

const oneName = text.transform((name) => [name]);

/** Longshore's own key. */
export const releaseSchema = section({
  role: text.exactOptional(),
  cmd: text.exactOptional(),
  timeout: integer({ from: 1 }).exactOptional(),
  approve: chosen([oneName, textList], (value): z.ZodType<string[]> => {
    return Array.isArray(value) ? textList : oneName;
  }).exactOptional(),
  irreversible: flag.exactOptional(),
});

type WrittenRelease = z.output<typeof releaseSchema>;

interface Release {
  readonly written: WrittenRelease | undefined;
  readonly roles: readonly Role[];
  readonly primaryRole: string;
  /** What the user calls the destination. */
  readonly destinationName: string | undefined;
  readonly findings: Findings;
}

export function resolveRelease(input: Release): ReleaseCommand | undefined {
  const { written, roles, primaryRole, destinationName, findings } = input;
  if (written === undefined) return undefined;
  const { cmd, role = primaryRole, timeout = 600, approve = [], irreversible = false } = written;
  const names = roles.map(({ name }) => name);
  if (cmd === undefined) findings.problemWithKey(['release'], 'say what is run: `cmd: bin/migrate`');
  if (!names.includes(role)) {
    const key = written.role === undefined ? ['release'] : ['release', 'role'];
    findings.problem(key, unknownKey(role, names).replace('unknown key', 'there is no role'));
  } else if (roles.find(({ name }) => name === role)?.hosts.length === 0) {
    findings.problem(['release', 'role'], `role ${role} has no machine to run it on`);
  }
  if (approve.length > 0 && destinationName === undefined) {
    findings.warning(['release', 'approve'], 'this is read without a destination, so nobody is asked for a yes');
  }
  const words = cmd === undefined ? [] : resolveWords(cmd, ['release', 'cmd'], findings);
  return { role, words, timeoutSeconds: timeout, approve, irreversible };
}

export const releaseSample = `\
# Longshore's own (under x-longshore in a file that Kamal reads too): a command that is run once for each release, such as a
# database's migration: in the new image, on the role's first machine, after the image is on every machine and before
# anything is swapped. If it fails, nothing is swapped. A rollback never runs it.
release:
  # Whose environment and volumes it has; if not said, the primary role's.
  role: web
  # Split as a shell would, but run by none.
  cmd: bin/migrate
  # Seconds; then it is ended, and has failed.
  timeout: 600
  # Destinations for which somebody has to say yes, on the terminal or by --approve-release.
  approve: production
  # Whether the version before can no longer serve once it has run. The command can say so itself, by writing
  # on_failure=hold into the file that $LONGSHORE_OUTPUT names.
  irreversible: false
`;
