import { Failure } from '../errors.ts';
import type { Entry, SecretsFile } from './dialect.ts';
import { atHandAmong } from './at-hand.ts';
import { type Evaluated, evaluateEntries, isReference, withReferences } from './evaluate.ts';
import { readSecretsFiles, secretsPaths, type SecretsLocation } from './files.ts';
import { createProviders } from './providers.ts';

export interface SecretsRequest extends SecretsLocation {
  /** What is needed; nothing else is looked at, and no command runs for anything else. */
  readonly names: readonly string[];
  /** Taken along where nothing has to be fetched or run for them; never a failure. */
  readonly atHand?: readonly string[];
  /** Fetched along; without a value they are left out. */
  readonly ifToBeHad?: readonly string[];
  onWarning?(text: string): void;
  /** Where a secret is asked for, such as `config/deploy.yml:12`; told of one that is not defined. */
  askedIn?(name: string): readonly string[];
  /** Hears of each value that Kamal would read as another one, and which. */
  onKamalsValue?(name: string, value: string): void;
  /** Asks on the terminal, without echo; absent when nobody is there to answer. */
  readonly ask?: (question: string) => Promise<string>;
}

/**
 * The values of the named secrets, from `<path>-common` and then `<path>`, or `<path>.<destination>` instead of it. Throws
 * `secrets-missing`, `secrets-invalid` or `secret-provider-failed`; names, files and lines are in the message, never anything of a value.
 */
export async function resolveSecrets(request: SecretsRequest): Promise<ReadonlyMap<string, string>> {
  const names = [...new Set(request.names)];
  const { atHand = [], ifToBeHad = [] } = request;
  if (names.length + atHand.length + ifToBeHad.length === 0) return new Map();
  const files = await readSecretsFiles(request);
  const defined = new Map(files.flatMap((file) => file.entries.map((entry) => [entry.key, entry] as const)));

  const missing = names.filter((name) => !defined.has(name));
  if (missing.length > 0) {
    const askedIn = missing.flatMap(
      (name) => request.askedIn?.(name).map((place) => `${place}: asks for ${name}`) ?? [],
    );
    throw missingFailure(missing, { paths: secretsPaths(request), found: files.length, askedIn });
  }
  const wanted = names.flatMap((name) => defined.get(name) ?? []);
  const fetched = [...wanted, ...ifToBeHad.flatMap((name) => defined.get(name) ?? [])];
  const along = atHandAmong(
    atHand.flatMap((name) => defined.get(name) ?? []),
    fetched,
  );
  const all = [...new Set([...fetched, ...along])];
  const { values, byKamal, failures } = await evaluated(all, { files, request, warned: wanted });
  const required = new Set(withReferences(wanted));
  const grave = [...failures].filter(([, entries]) => entries.some((entry) => required.has(entry)));
  if (grave.length > 0) throw combined(new Map(grave));
  for (const entry of all) {
    const kamals = byKamal.get(entry);
    if (kamals !== undefined) request.onKamalsValue?.(entry.key, kamals);
  }
  return new Map(all.flatMap((entry) => (values.has(entry) ? [[entry.key, values.get(entry) ?? '']] : [])));
}

/** What became of one secret: its value, or why it has none. */
export interface SecretSeen {
  readonly name: string;
  /** `.kamal/secrets:3` */
  readonly where: string;
  readonly value?: string;
  readonly problem?: Failure;
}

/** Every secret that the files define, by name; what is wrong with one is no matter to the others. Throws what concerns all. */
export async function lookAtSecrets(request: Omit<SecretsRequest, 'names'>): Promise<readonly SecretSeen[]> {
  const files = await readSecretsFiles(request);
  const paths = secretsPaths(request);
  if (files.length === 0) {
    throw new Failure('secrets-missing', `there is neither ${paths.join(' nor ')}`, {
      hint: 'longshore init writes one; each line is KEY=value.',
    });
  }
  const defined = new Map(files.flatMap((file) => file.entries.map((entry) => [entry.key, entry] as const)));
  const wanted = [...defined.values()];
  const { values, failures } = await evaluated(wanted, { files, request, warned: wanted });
  const problems = new Map([...failures].flatMap(([failure, entries]) => entries.map((entry) => [entry, failure])));
  return wanted.map((entry) => {
    const { key: name, where } = entry;
    const value = values.get(entry);
    return value === undefined
      ? { name, where, problem: problems.get(entry) ?? refersTo(entry, values) }
      : { name, where, value };
  });
}

function refersTo({ references }: Entry, values: ReadonlyMap<Entry, string>): Failure {
  const [without] = [...references.values()].filter((entry) => !values.has(entry));
  return new Failure('secrets-missing', `it refers to ${without?.key} (${without?.where}), which has no value`);
}

function evaluated(
  wanted: readonly Entry[],
  {
    files,
    request,
    warned,
  }: { files: readonly SecretsFile[]; request: Omit<SecretsRequest, 'names'>; warned: readonly Entry[] },
): Promise<Evaluated> {
  for (const warning of warningsFor(files, warned)) request.onWarning?.(warning);
  const { cwd, env, ask } = request;
  return evaluateEntries(wanted, { cwd, env, providers: createProviders({ cwd, env, ...(ask && { ask }) }) });
}

function missingFailure(
  missing: readonly string[],
  { paths, found, askedIn }: { paths: readonly string[]; found: number; askedIn: readonly string[] },
): Failure {
  const what = missing.length === 1 ? `the secret ${missing[0]} is` : `the secrets ${missing.join(', ')} are`;
  const where = found === 0 ? `there is neither ${paths.join(' nor ')}` : `looked in ${paths.join(' and ')}`;
  return new Failure('secrets-missing', `${what} not defined (${where})`, {
    details: askedIn,
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
