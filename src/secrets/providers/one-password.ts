/** 1Password, with Kamal's names for what was fetched. How it is reached (SDK or `op`) is decided once per account. */
import { Failure } from '../../errors.ts';
import { openWithCli } from './one-password-cli.ts';
import { canUseSdk, openWithSdk } from './one-password-sdk.ts';
import {
  type CreateProvider,
  type FetchRequest,
  needsAccount,
  type ProviderContext,
  type SecretProvider,
} from './provider.ts';
import { together } from './together.ts';

export interface OnePassword extends SecretProvider {
  /** The value of one `op://vault/item/field`; what is asked for at the same time goes out as one request. */
  read(reference: string, account: string | undefined): Promise<string>;
  /** All variables of a 1Password Environment, by its id. */
  variables(environment: string, account: string | undefined): Promise<ReadonlyMap<string, string>>;
}

/** A way to reach 1Password. What is wrong with one reference is its answer; any other failure is thrown. */
export interface Access {
  read(references: readonly string[]): Promise<ReadonlyMap<string, string | Failure>>;
  variables(environment: string): Promise<ReadonlyMap<string, string>>;
  /** The fields of an item that have a value, by reference without `op://`; `labels` as `op item get --fields` takes them. */
  fields(item: {
    readonly vault: string;
    readonly item: string;
    readonly labels?: readonly string[];
  }): Promise<ReadonlyMap<string, string>>;
  /** Named fields are asked for by `fields`, as Kamal does, instead of by reference. */
  readonly fetchesFields: boolean;
}

export const createOnePassword: CreateProvider<OnePassword> = (context) => {
  const accesses = new Map<string, Promise<Reading>>();
  const accessFor = (named: string | undefined): Promise<Reading> => {
    // A token belongs to one account, whatever the file says.
    const account = context.env.OP_SERVICE_ACCOUNT_TOKEN ? undefined : (named ?? context.env.OP_ACCOUNT);
    const known = accesses.get(account ?? '') ?? open(context, account).then(reading);
    accesses.set(account ?? '', known);
    return known;
  };
  return {
    read: async (reference, account) => (await accessFor(account)).readOne(reference),
    async variables(environment, account) {
      return (await accessFor(account)).variables(environment);
    },
    async fetch(request) {
      requireAccount(request.account, context);
      if (request.names.length === 0) return allFields(request, await accessFor(request.account));
      const references = request.names.map((name) => referenceOf(name, request.from));
      const access = await accessFor(request.account);
      if (access.fetchesFields) return namedFields(references, access);
      const values = await Promise.all(references.map((reference) => access.readOne(`op://${reference}`)));
      return new Map(references.map((reference, index) => [keyOf(reference), values[index] ?? '']));
    },
  };
};

type Reading = Access & { readonly readOne: (reference: string) => Promise<string> };

function reading(access: Access): Reading {
  return { ...access, readOne: together((references) => access.read(references)) };
}

/** As Kamal does, but not where something else says which account it is. */
function requireAccount(account: string | undefined, { env }: ProviderContext): void {
  const isKnown =
    account || env.OP_ACCOUNT || env.OP_SERVICE_ACCOUNT_TOKEN || (env.OP_CONNECT_HOST && env.OP_CONNECT_TOKEN);
  if (!isKnown)
    throw needsAccount('1Password', "the account's name or address; or set OP_ACCOUNT or OP_SERVICE_ACCOUNT_TOKEN");
}

/** With a service account's token or the desktop app through the SDK; through `op` for Connect, and where the SDK cannot be used. */
async function open(context: ProviderContext, account: string | undefined): Promise<Access> {
  if (!canUseSdk(context, account)) return openWithCli(context, account);
  try {
    return await openWithSdk(context, account);
  } catch (error) {
    // The desktop app knows an account by another name than `op` does; a token that is refused is refused by both.
    if (context.env.OP_SERVICE_ACCOUNT_TOKEN && !isSdkMissing(error)) throw error;
    return openWithCli(context, account).catch(() => Promise.reject(error));
  }
}

function isSdkMissing(error: unknown): boolean {
  return (error as { cause?: { code?: string } }).cause?.code === 'ERR_MODULE_NOT_FOUND';
}

/** `vault/item/field` of a name, as Kamal joins them; the field is `password` unless said otherwise. */
function referenceOf(name: string, from: string | undefined): string {
  const full = [...(from === undefined ? [] : [from]), name].join('/').replace(/^op:\/\//, '');
  const [vault, item, ...field] = full.split('/');
  if (!vault || !item || full.endsWith('/')) {
    throw new Failure(
      'secrets-invalid',
      '"secrets fetch" from 1Password needs vault and item: --from VAULT/ITEM FIELD, or VAULT/ITEM/FIELD',
    );
  }
  return field.length === 0 ? `${full}/password` : full;
}

function keyOf(reference: string): string {
  return reference.replace(/^op:\/\//, '').replace(/\/password$/, '');
}

async function allFields({ from }: FetchRequest, access: Access): Promise<ReadonlyMap<string, string>> {
  const [vault, item] = (from ?? '').replace(/^op:\/\//, '').split('/');
  if (!vault || !item) throw new Failure('secrets-invalid', '"secrets fetch" without names needs --from VAULT/ITEM');
  return withKamalKeys(await access.fields({ vault, item }));
}

async function namedFields(references: readonly string[], access: Access): Promise<ReadonlyMap<string, string>> {
  const items = new Map<string, { vault: string; item: string; labels: string[] }>();
  for (const reference of references) {
    const [vault = '', item = '', ...field] = reference.split('/');
    const group = items.get(`${vault}/${item}`) ?? { vault, item, labels: [] };
    items.set(`${vault}/${item}`, group);
    group.labels.push(field.join('.'));
  }
  const results = await Promise.all([...items.values()].map((item) => access.fields(item)));
  return withKamalKeys(results.flatMap((fields) => [...fields]));
}

function withKamalKeys(fields: Iterable<readonly [string, string]>): ReadonlyMap<string, string> {
  return new Map([...fields].map(([reference, value]) => [keyOf(reference), value]));
}
