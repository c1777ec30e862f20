import { readFile } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { Failure, messageOf } from '../errors.ts';
import { parseSecrets, type Entry, type SecretsFile } from './dialect.ts';
import { evaluateEntries, isReference } from './evaluate.ts';
import { createProviders } from './providers.ts';

export interface SecretsRequest {
  /** Kamal's `secrets_path`, `.kamal/secrets` unless the config says otherwise. */
  readonly path: string;
  readonly destination?: string;
  /** What is needed; nothing else is looked at, and no command runs for anything else. */
  readonly names: readonly string[];
  /** Where the path starts and commands run. */
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  onWarning?(text: string): void;
}

/**
 * The values of the named secrets, from `<path>-common` and then `<path>`, or `<path>.<destination>` instead of it. Throws
 * `secrets-missing`, `secrets-invalid` or `secret-provider-failed`; names, files and lines are in the message, never anything of a value.
 */
export async function resolveSecrets(request: SecretsRequest): Promise<ReadonlyMap<string, string>> {
  const names = [...new Set(request.names)];
  if (names.length === 0) return new Map();
  const paths = secretsFiles(request);
  const read = await Promise.all(paths.map((path) => readSecrets(path, request)));
  const files = read.filter((file) => file !== undefined);
  const defined = new Map(files.flatMap((file) => file.entries.map((entry) => [entry.key, entry] as const)));

  const missing = names.filter((name) => !defined.has(name));
  if (missing.length > 0) throw missingFailure(missing, { paths, found: files.length });
  const wanted = new Map(
    names.flatMap((name) => ((entry) => (entry ? [[name, entry] as const] : []))(defined.get(name))),
  );
  for (const warning of warningsFor(files, [...wanted.values()])) request.onWarning?.(warning);

  const { cwd, env } = request;
  const { values, failures } = await evaluateEntries([...wanted.values()], {
    cwd,
    env,
    providers: createProviders({ cwd, env }),
  });
  if (failures.size > 0) throw combined(failures);
  return new Map([...wanted].map(([name, entry]) => [name, values.get(entry) ?? '']));
}

/** The files that are looked at, in the order in which later ones win. */
export function secretsFiles({ path, destination }: Pick<SecretsRequest, 'path' | 'destination'>): readonly string[] {
  return [`${path}-common`, destination === undefined ? path : `${path}.${destination}`];
}

async function readSecrets(file: string, { cwd, env }: SecretsRequest): Promise<SecretsFile | undefined> {
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

function missingFailure(
  missing: readonly string[],
  { paths, found }: { paths: readonly string[]; found: number },
): Failure {
  const what = missing.length === 1 ? `the secret ${missing[0]} is` : `the secrets ${missing.join(', ')} are`;
  const where = found === 0 ? `there is neither ${paths.join(' nor ')}` : `looked in ${paths.join(' and ')}`;
  return new Failure('secrets-missing', `${what} not defined (${where})`, {
    hint: `Add ${missing.length === 1 ? 'a line' : 'lines'} such as ${missing[0]}=… to ${paths.at(-1)}.`,
  });
}

function warningsFor(files: readonly SecretsFile[], wanted: readonly Entry[]): readonly string[] {
  const ignored = files
    .flatMap((file) => file.ignored)
    .map((where) => `${where}: ignored, because it is not KEY=value`);
  const cut = wanted
    .filter((entry) => entry.cutAtHash)
    .map(
      ({ where, key }) =>
        `${where}: the value of ${key} ends before the #, as in Kamal; put it in quotes if the # belongs to it`,
    );
  const references = wanted.filter(isReference).map(({ key, where }) => `${key} (${where})`);
  const delivered = `${references.join(', ')}: taken from 1Password; Kamal would deliver the text op://… itself, write $(op read op://…) for both`;
  return [...ignored, ...cut, ...(references.length > 0 ? [delivered] : [])];
}

/** One failure for all: as it is when there is only one, else with a line for each. */
function combined(failures: ReadonlyMap<Failure, readonly Entry[]>): Failure {
  const told = [...failures].map(([failure, entries]) => ({
    failure,
    message: `${placesOf(entries)}: ${failure.message}`,
  }));
  const [first, ...more] = told;
  if (first === undefined) throw new Error('no failures to combine');
  const hint = told.find(({ failure }) => failure.hint !== undefined)?.failure.hint;
  const message = more.length === 0 ? first.message : `${told.length} secrets have no value`;
  const details =
    more.length === 0
      ? first.failure.details
      : told.flatMap((one) => [one.message, ...one.failure.details.map((line) => `  ${line}`)]);
  return new Failure(first.failure.code, message, {
    details,
    cause: first.failure,
    ...(hint !== undefined && { hint }),
  });
}

function placesOf(entries: readonly Entry[]): string {
  const shown = entries.slice(0, 3).map(({ key, where }) => `${key} (${where})`);
  const more = entries.length - shown.length;
  return shown.join(', ') + (more > 0 ? ` and ${more} more` : '');
}
