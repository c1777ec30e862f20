/** Bitwarden's vault through `bw`. The session it is unlocked with and the password travel in the environment. */
import { nearest } from '../../config/nearest.ts';
import { Failure } from '../../errors.ts';
import type { CreateVault, Found, ProviderContext } from './provider.ts';
import {
  inProgram,
  jsonOf,
  objectsIn,
  oneByOneIfMissing,
  type RunProgram,
  type VaultProgram,
} from './vault-program.ts';

const program: VaultProgram = {
  file: 'bw',
  vault: 'Bitwarden',
  install: 'https://bitwarden.com/help/cli/',
  secretVariables: ['BW_SESSION', 'BW_PASSWORD', 'BW_CLIENTSECRET'],
  problems: [
    {
      said: /more than one result/i,
      code: 'secret-not-found',
      means: 'it has several items that fit',
      hint: 'Use the id of the item instead of its name.',
    },
    {
      said: /^not found/im,
      code: 'secret-not-found',
      means: 'it has no such item',
      hint: 'See the names with: bw list items   (a new item is there after bw sync)',
    },
    {
      said: /invalid master password/i,
      code: 'secret-provider-locked',
      means: 'this is not the master password',
      hint: 'Try again, or unlock it before: export BW_SESSION="$(bw unlock --raw)"',
    },
    {
      said: /vault is locked|not logged in|client_?id or client_?secret/i,
      code: 'secret-provider-locked',
      means: 'locked',
      hint: 'Unlock it before: export BW_SESSION="$(bw unlock --raw)"',
    },
  ],
};

export const createBitwarden: CreateVault = (context) => {
  const bw = inProgram(program, context);
  let unlocked: Promise<RunProgram> | undefined;
  return {
    async lookUp(names, { account = '' }) {
      const inSession = await (unlocked ??= unlock(bw, { account, context }));
      const items = await itemsNamed([...new Set(names.map((name) => split(name)[0]))], inSession);
      return new Map(names.map((name) => [name, valuesOf(name, items)]));
    },
  };
};

type Item = Readonly<Record<string, unknown>>;

/** Logged in, unlocked and synchronised, with at most one question. */
async function unlock(
  bw: RunProgram,
  { account, context }: { account: string; context: ProviderContext },
): Promise<RunProgram> {
  const { env, ask } = context;
  let status = await statusOf(bw);
  let session: string | undefined;
  if (status === 'unauthenticated') {
    if (env.BW_CLIENTID && env.BW_CLIENTSECRET)
      await bw(['login', '--apikey', '--nointeraction'], { called: 'bw login' });
    else if (ask === undefined) throw nobody('is not logged in', 'Set BW_CLIENTID, BW_CLIENTSECRET and BW_PASSWORD.');
    else session = await bw(['login', account, '--raw'], { called: 'bw login', terminal: 'asks' });
    status = session ? 'unlocked' : 'locked';
  }
  if (status === 'locked') {
    const password = env.BW_PASSWORD || (await ask?.(`Bitwarden's master password for ${account}:`));
    if (!password)
      throw nobody('is locked', 'Unlock it before: export BW_SESSION="$(bw unlock --raw)", or set BW_PASSWORD.');
    const args = ['unlock', '--raw', '--passwordenv', 'BW_PASSWORD', '--nointeraction'];
    session = await bw(args, { called: 'bw unlock', env: { BW_PASSWORD: password } });
  }
  const own = session ? { BW_SESSION: session.trim() } : {};
  const inSession: RunProgram = (args, call) => bw([...args, '--nointeraction'], { ...call, env: own });
  await inSession(['sync'], { called: 'bw sync' });
  return inSession;
}

async function statusOf(bw: RunProgram): Promise<unknown> {
  const called = 'bw status';
  return (jsonOf(await bw(['status', '--nointeraction'], { called }), called) as { status?: unknown } | null)?.status;
}

function nobody(what: string, hint: string): Failure {
  return new Failure('secret-provider-locked', `Bitwarden ${what}, and nobody is here to ask`, { hint });
}

/** One call: for one item the item, for several the list, because each call of `bw` takes a second; by the name in `names`. */
async function itemsNamed(names: readonly string[], bw: RunProgram): Promise<ReadonlyMap<string, Item | Failure>> {
  if (names.length === 1) return itemsBySearch(names, bw);
  const called = 'bw list items';
  const all = objectsIn(jsonOf(await bw(['list', 'items'], { called }), called));
  const exact = new Map(
    names.flatMap((name) => {
      const found = all.filter((item) => item.id === name || item.name === name);
      return found.length === 1 && found[0] ? [[name, found[0]] as const] : [];
    }),
  );
  const others = names.filter((name) => !exact.has(name));
  return new Map([...exact, ...(await itemsBySearch(others, bw))]);
}

/** As `bw get` finds them: also by a part of the name, if only one fits. */
async function itemsBySearch(names: readonly string[], bw: RunProgram): Promise<ReadonlyMap<string, Item | Failure>> {
  const items = new Map<string, Item | Failure>();
  for (const name of names) {
    const called = `bw get item ${name}`;
    const found = await oneByOneIfMissing<Item>([name], async () => {
      const [item = {}] = objectsIn([jsonOf(await bw(['get', 'item', name], { called }), called)]);
      return new Map([[name, item]]);
    });
    for (const [key, one] of found) items.set(key, one);
  }
  return items;
}

/** `item` is the login's password, else all fields of its own; `item/field` is one of them. */
function valuesOf(name: string, items: ReadonlyMap<string, Item | Failure>): Found | Failure {
  const [itemName, field] = split(name);
  const item = items.get(itemName) ?? {};
  if (item instanceof Failure) return item;
  const login = (item.login ?? {}) as Item;
  const fields: Found = objectsIn(item.fields).flatMap((one) =>
    typeof one.name === 'string' && typeof one.value === 'string' ? [[one.name, one.value] as const] : [],
  );
  if (field === undefined) {
    if (typeof login.password === 'string') return [[itemName, login.password]];
    if (fields.length > 0) return fields.map(([key, value]) => [`${itemName}/${key}`, value]);
    return missing(`the item ${itemName} has neither a password nor fields of its own`);
  }
  const given =
    fields.find(([key]) => key === field)?.[1] ?? login[field] ?? (field === 'notes' ? item.notes : undefined);
  if (typeof given === 'string') return [[name, given]];
  const guess = nearest(field, fields.map(([key]) => key)); // prettier-ignore
  return missing(`the item ${itemName} has no field ${field}`, guess);
}

function missing(what: string, guess?: string): Failure {
  return new Failure('secret-not-found', `Bitwarden: ${what}`, {
    hint: guess === undefined ? 'Its fields are shown by: bw get item NAME' : `Did you mean ${guess}?`,
  });
}

function split(name: string): [item: string, field: string | undefined] {
  const [item = '', ...field] = name.split('/');
  return [item, field.length === 0 ? undefined : field.join('/')];
}
