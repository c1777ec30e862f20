/** Passbolt through go-passbolt-cli: a name is a resource, with its folders before it. */
import { Failure } from '../../errors.ts';
import type { CreateVault, Found, ProviderContext } from './provider.ts';
import { inProgram, isLocked, jsonOf, objectsIn, type RunProgram, type VaultProgram } from './vault-program.ts';

const program: VaultProgram = {
  file: 'passbolt',
  vault: 'Passbolt',
  install: 'https://github.com/passbolt/go-passbolt-cli',
  secretVariables: ['USERPASSWORD', 'USERPRIVATEKEY', 'MFATOTPTOKEN'],
  problems: [
    {
      said: /no such (resources|folders) found/i,
      code: 'secret-not-found',
      means: 'it has nothing of this name',
      hint: 'See the names with: passbolt list resources',
    },
    {
      said: /(serverAddress|userPrivateKey) is not defined/i,
      code: 'secret-provider-locked',
      means: 'it is not set up',
      hint: 'passbolt configure --serverAddress … --userPrivateKeyFile …',
    },
    {
      said: /reading password|logging in|decrypt.*private key|creating client|inappropriate ioctl/i,
      code: 'secret-provider-locked',
      means: 'the private key does not open',
      hint: 'Its passphrase is asked for on a terminal; else set USERPASSWORD.',
    },
  ],
};

export const createPassbolt: CreateVault = (context) => {
  const passbolt = unlocking(context);
  const list = async (what: 'folders' | 'resources', args: readonly string[]): Promise<readonly Item[]> => {
    const called = `passbolt list ${what}`;
    const nothing = (error: unknown): string => {
      if (error instanceof Failure && error.code === 'secret-not-found') return '[]';
      throw error;
    };
    return objectsIn(jsonOf(await passbolt(['list', what, ...args, '--json'], { called }).catch(nothing), called));
  };
  return {
    async lookUp(names) {
      const inFolders = names.filter((name) => name.includes('/'));
      const folders = inFolders.length === 0 ? new Map<string, string>() : pathsOf(await list('folders', []));
      const found = new Map<string, Found | Failure>();
      for (const some of [inFolders, names.filter((name) => !name.includes('/'))]) {
        const places = some.flatMap((name) => placeOf(name, folders) ?? []);
        const ids = [...new Set(places.flatMap(({ folder }) => folder ?? []))];
        const args = ['--filter', places.map(conditionFor).join(' || '), ...ids.flatMap((id) => ['--folder', id])];
        const items = places.length === 0 ? [] : await list('resources', args);
        for (const name of some) found.set(name, valueOf(name, placeOf(name, folders), items));
      }
      return found;
    },
  };
};

type Item = Readonly<Record<string, unknown>>;

/** Each call unlocks the key for itself, so the passphrase is asked for here, once, and handed over in the environment. */
function unlocking(context: ProviderContext): RunProgram {
  const { ask } = context;
  const passbolt = inProgram(program, context);
  let passphrase: Promise<string> | undefined;
  const withPassphrase: RunProgram = async (args, call) => {
    passphrase ??= ask?.("The passphrase of Passbolt's private key:");
    return passbolt(args, { ...call, env: { USERPASSWORD: (await passphrase) ?? '' } });
  };
  return (args, call) => {
    if (passphrase !== undefined) return withPassphrase(args, call);
    // It cannot ask for itself here, and says so.
    return passbolt(args, call).catch((error: unknown) => {
      if (!isLocked(error) || ask === undefined || !/private key/.test(error.message)) throw error;
      return withPassphrase(args, call);
    });
  };
}

interface Place {
  readonly name: string;
  /** The folder's id. */
  readonly folder?: string;
}

/** Undefined when there is no such folder. */
function placeOf(path: string, folders: ReadonlyMap<string, string>): Place | undefined {
  const slash = path.lastIndexOf('/');
  if (slash === -1) return { name: path };
  const folder = folders.get(path.slice(0, slash));
  return folder === undefined ? undefined : { name: path.slice(slash + 1), folder };
}

/** In the language of `--filter`, whose strings are JSON's. */
function conditionFor({ name, folder }: Place): string {
  const named = `Name == ${JSON.stringify(name)}`;
  return folder === undefined ? named : `(${named} && FolderParentID == ${JSON.stringify(folder)})`;
}

/** The id of each folder, by its path. */
function pathsOf(folders: readonly Item[]): ReadonlyMap<string, string> {
  const byId = new Map(folders.map((folder) => [folder.id, folder]));
  const pathOf = (folder: Item, deep = 0): string => {
    const parent = byId.get(folder.folder_parent_id);
    return parent === undefined || deep > 100
      ? String(folder.name)
      : `${pathOf(parent, deep + 1)}/${String(folder.name)}`;
  };
  return new Map(folders.map((folder) => [pathOf(folder), String(folder.id)]));
}

function valueOf(path: string, place: Place | undefined, items: readonly Item[]): Found | Failure {
  const found = items.filter(
    ({ name, folder_parent_id }) =>
      name === place?.name && (place?.folder === undefined || folder_parent_id === place.folder),
  );
  const [item, another] = found;
  if (item !== undefined && another === undefined && typeof item.password === 'string')
    return [[String(item.name), item.password]];
  const what =
    place === undefined ? 'has no folder' : item === undefined ? 'has no resource' : 'has more than one resource';
  return new Failure(
    'secret-not-found',
    `Passbolt ${what} ${place === undefined ? path.slice(0, path.lastIndexOf('/')) : path}`,
    {
      hint: 'See the names with: passbolt list resources, passbolt list folders',
    },
  );
}
