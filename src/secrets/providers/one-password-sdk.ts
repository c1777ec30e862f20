/** 1Password through its SDK: a service account's token, or the desktop app. */
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Client, ResolveReferenceError } from '@1password/sdk';
import { Failure, type FailureCode, messageOf } from '../../errors.ts';
import { createMasker } from '../mask.ts';
import type { Access } from './one-password.ts';
import type { ProviderContext } from './provider.ts';

/** With Connect it cannot, and the desktop app needs to know the account. */
export function canUseSdk({ env }: ProviderContext, account: string | undefined): boolean {
  if (env.OP_CONNECT_HOST && env.OP_CONNECT_TOKEN) return false;
  return (
    Boolean(env.OP_SERVICE_ACCOUNT_TOKEN) ||
    (account !== undefined && desktopLibraries().some((path) => existsSync(path)))
  );
}

/** Throws `secret-provider-failed` when the package is missing, the token is not one, or the app is locked. */
export async function openWithSdk({ env }: ProviderContext, account: string | undefined): Promise<Access> {
  const token = env.OP_SERVICE_ACCOUNT_TOKEN;
  const explain = (error: unknown): Failure => sdkFailure(error, token);
  const sdk = await import('@1password/sdk').catch((error: unknown) => Promise.reject(missingFailure(error)));
  const client = await createClient(sdk, token || new sdk.DesktopAuth(account ?? '')).catch((error: unknown) =>
    Promise.reject(explain(error)),
  );
  return {
    fetchesFields: false,
    async read(references) {
      const answers = new Map<string, string | Failure>();
      const valid = references.filter((reference) => {
        const problem = problemOf(sdk, reference);
        if (problem !== undefined) answers.set(reference, referenceFailure(reference, problem));
        return problem === undefined;
      });
      if (valid.length === 0) return answers;
      const { individualResponses } = await client.secrets
        .resolveAll(valid)
        .catch((error: unknown) => Promise.reject(explain(error)));
      for (const reference of valid) {
        const { content, error } = individualResponses[reference] ?? {};
        if (content) answers.set(reference, content.secret);
        else answers.set(reference, referenceFailure(reference, describe(error)));
      }
      return answers;
    },
    async variables(environment) {
      const { variables } = await client.environments
        .getVariables(environment)
        .catch((error: unknown) => Promise.reject(explain(error)));
      return new Map(variables.map(({ name, value }) => [name, value]));
    },
    fields: ({ vault, item }) =>
      fieldsOf(client, { vault, item }).catch((error: unknown) => Promise.reject(explain(error))),
  };
}

type Sdk = typeof import('@1password/sdk');

async function createClient(sdk: Sdk, auth: string | InstanceType<Sdk['DesktopAuth']>): Promise<Client> {
  return sdk.createClient({ auth, integrationName: 'Longshore', integrationVersion: 'v1' });
}

/** The SDK throws a string of JSON here. */
function problemOf(sdk: Sdk, reference: string): string | undefined {
  try {
    sdk.Secrets.validateSecretReference(reference);
    return undefined;
  } catch (error) {
    return `this is not a secret reference (${saidBy(error)})`;
  }
}

/** All fields of an item that have a value, with the section's name where there is one, as `op` writes references. */
async function fieldsOf(client: Client, names: { vault: string; item: string }): Promise<ReadonlyMap<string, string>> {
  const vault = only(await client.vaults.list(), names.vault, `vault ${names.vault}`);
  const overview = only(await client.items.list(vault.id), names.item, `item ${names.item} in vault ${names.vault}`);
  const item = await client.items.get(vault.id, overview.id);
  const sections = new Map(item.sections.map(({ id, title }) => [id, title || id]));
  return new Map(
    item.fields
      .filter(({ value }) => value !== '')
      .map(({ title, sectionId, value }) => {
        const section = sectionId === undefined || sectionId === '' ? undefined : sections.get(sectionId);
        return [[names.vault, names.item, ...(section === undefined ? [] : [section]), title].join('/'), value];
      }),
  );
}

function only<One extends { id: string; title: string }>(all: readonly One[], name: string, what: string): One {
  const found = all.filter(({ id, title }) => id === name || title === name);
  const [one, another] = found;
  if (one !== undefined && another === undefined) return one;
  throw new Failure('secret-not-found', `1Password has ${one === undefined ? 'no' : 'more than one'} ${what}`, {
    hint: 'A service account sees only the vaults it was given; where a name is not unique, use the id.',
  });
}

const notFoundHint =
  'Look at the names in 1Password: op://vault/item/[section/]field; a service account sees only the vaults it was given.';

const problems: Partial<Record<ResolveReferenceError['type'], string>> = {
  fieldNotFound: 'the item has no such field',
  noMatchingSections: 'the item has no such section',
  vaultNotFound: 'there is no such vault, or this account may not see it',
  tooManyVaults: 'more than one vault has this name; use its id',
  itemNotFound: 'the vault has no such item',
  tooManyItems: 'more than one item has this name; use its id',
  tooManyMatchingFields: 'more than one field has this name; name its section, or use its id',
  unsupportedFileFormat: 'only files of text can be read',
};

function referenceFailure(reference: string, problem: string): Failure {
  return new Failure('secret-not-found', `${reference}: ${problem}`, { hint: notFoundHint });
}

function describe(error: ResolveReferenceError | undefined): string {
  if (error === undefined) return '1Password gave no answer';
  return (
    problems[error.type] ?? `1Password could not read it (${error.type}${error.message ? `: ${error.message}` : ''})`
  );
}

function sdkFailure(error: unknown, token: string | undefined): Failure {
  if (error instanceof Failure) return error;
  const said = saidBy(error);
  const mask = createMasker(token ? [token] : []);
  const name = error instanceof Error ? error.constructor.name : '';
  const [code, hint] = explanationOf({ name, said, token });
  return new Failure(code, `1Password: ${mask(said)}`, { hint });
}

function explanationOf(problem: { name: string; said: string; token: string | undefined }): [FailureCode, string] {
  const { name, said, token } = problem;
  if (name === 'RateLimitExceededError' || /rate.?limit|too many requests/i.test(said)) {
    return [
      'secret-provider-limited',
      'The rate limit of this service account or of the whole account is used up; it is counted per hour and per day: op service-account ratelimit.',
    ];
  }
  if (name === 'AuthExpiredError') {
    return [
      'secret-provider-locked',
      'The token has expired; make a new one for the service account and set OP_SERVICE_ACCOUNT_TOKEN.',
    ];
  }
  if (!token) {
    return [
      'secret-provider-locked',
      'Unlock the 1Password app, allow "Integrate with other apps" under Settings > Developer, and give --account as the app shows it.',
    ];
  }
  if (/token|auth|credential/i.test(said)) {
    return [
      'secret-provider-locked',
      'Look at OP_SERVICE_ACCOUNT_TOKEN: the whole token, starting with ops_, of a service account that still exists.',
    ];
  }
  return [
    'secret-provider-unreachable',
    'If this machine reaches the internet only through a proxy: Node 20 does not use HTTPS_PROXY here; unset OP_SERVICE_ACCOUNT_TOKEN to use op instead.',
  ];
}

function missingFailure(cause: unknown): Failure {
  return new Failure('secret-provider-missing', 'the package @1password/sdk is not installed', {
    hint: 'npm install @1password/sdk next to Longshore, or install the 1Password CLI.',
    cause,
  });
}

/** What the SDK says: an Error, or a string that is JSON. */
function saidBy(error: unknown): string {
  const text = messageOf(error);
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === 'string') return parsed;
    const { message, name } = parsed as { message?: unknown; name?: unknown };
    return typeof message === 'string' ? message : typeof name === 'string' ? name : text;
  } catch {
    return text;
  }
}

/** Where the app keeps the library that the SDK speaks to; asked before, because the SDK prints to the console when it is not there. */
function desktopLibraries(): readonly string[] {
  if (process.platform === 'darwin') {
    const inApp = '1Password.app/Contents/Frameworks/libop_sdk_ipc_client.dylib';
    return [join('/Applications', inApp), join(homedir(), 'Applications', inApp)];
  }
  return ['/usr/bin/1password', '/opt/1Password', '/snap/bin/1password'].map((folder) =>
    join(folder, 'libop_sdk_ipc_client.so'),
  );
}
