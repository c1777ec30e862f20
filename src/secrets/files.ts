/** Which secrets files there are, and what stands in them. */
import { readFile } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { Failure, messageOf } from '../errors.ts';
import { parseSecrets, type SecretsFile } from './dialect.ts';

export interface SecretsLocation {
  /** Kamal's `secrets_path`, `.kamal/secrets` unless the config says otherwise. */
  readonly path: string;
  readonly destination?: string;
  /** Where the path starts and commands run. */
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** The files that are looked at, in the order in which later ones win. */
export function secretsPaths({ path, destination }: Pick<SecretsLocation, 'path' | 'destination'>): readonly string[] {
  return [`${path}-common`, destination === undefined ? path : `${path}.${destination}`];
}

/** Those of them that exist, parsed; throws `secrets-invalid`. */
export async function readSecretsFiles(location: SecretsLocation): Promise<readonly SecretsFile[]> {
  const files = await Promise.all(secretsPaths(location).map((path) => readSecretsFile(path, location)));
  return files.filter((file) => file !== undefined);
}

async function readSecretsFile(file: string, { cwd, env }: SecretsLocation): Promise<SecretsFile | undefined> {
  let bytes: Buffer;
  try {
    bytes = await readFile(isAbsolute(file) ? file : join(cwd, file));
  } catch (error) {
    if ((error as { code?: string }).code === 'ENOENT') return undefined;
    throw new Failure('secrets-invalid', `${file} cannot be read: ${messageOf(error)}`);
  }
  return parseSecrets(decode(bytes, file), { file, env });
}

function decode(bytes: Buffer, file: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new Failure('secrets-invalid', `${file} is not text in UTF-8`);
  }
}
