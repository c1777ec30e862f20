import { chmodSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Failure } from '../../src/errors.ts';
import { resolveSecrets } from '../../src/secrets/resolve.ts';

export interface Project {
  readonly folder: string;
  readonly warnings: string[];
  readonly env: Record<string, string | undefined>;
  resolve(...names: string[]): Promise<Record<string, string>>;
  failure(...names: string[]): Promise<Failure>;
}

/** A folder with these files; those under `bin/` are programs on PATH. */
export function project(
  files: Readonly<Record<string, string>>,
  {
    env = {},
    destination,
    ask,
  }: { env?: Record<string, string>; destination?: string; ask?: (question: string) => Promise<string> } = {},
): Project {
  const folder = mkdtempSync(join(tmpdir(), 'longshore-secrets-'));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
    if (name.startsWith('bin/')) chmodSync(join(folder, name), 0o755);
  }
  const warnings: string[] = [];
  const whole: Record<string, string | undefined> = { PATH: `${folder}/bin:/usr/bin:/bin`, HOME: folder, ...env };
  const resolve = async (...names: string[]): Promise<Record<string, string>> =>
    Object.fromEntries(
      await resolveSecrets({
        path: '.kamal/secrets',
        ...(destination !== undefined && { destination }),
        names,
        cwd: folder,
        env: whole,
        onWarning: (text) => warnings.push(text),
        ...(ask && { ask }),
      }),
    );
  const failure = (...names: string[]): Promise<Failure> =>
    resolve(...names).then(
      (values) => {
        throw new Error(`resolved ${Object.keys(values).join()}`);
      },
      (error: unknown) => {
        if (error instanceof Failure) return error;
        throw error;
      },
    );
  return { folder, warnings, env: whole, resolve, failure };
}

/** Everything that a failure tells, for searching. */
export function told({ message, details, hint }: Failure): string {
  return [message, ...details, hint ?? ''].join('\n');
}
