/** LastPass through `lpass`: a name is an entry, with its folder; its value is the password. */
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
  file: 'lpass',
  vault: 'LastPass',
  install: 'https://github.com/lastpass/lastpass-cli',
  secretVariables: [],
  problems: [
    {
      said: /could not find specified account/i,
      code: 'secret-not-found',
      means: 'it has no such entry',
      hint: 'See the names with: lpass ls   (an entry in a folder is FOLDER/NAME, or --from FOLDER NAME)',
    },
    {
      said: /could not find decryption key|not logged in|session (has )?expired|invalid password/i,
      code: 'secret-provider-locked',
      means: 'not logged in',
      hint: 'Log in before: lpass login --trust ACCOUNT',
    },
  ],
};

export const createLastPass: CreateVault = (context) => {
  const lpass = inProgram(program, context);
  let session: Promise<void> | undefined;
  return {
    async lookUp(names, { account = '' }) {
      await (session ??= logIn(lpass, { account, context }));
      return oneByOneIfMissing(names, async (some) => {
        const called = 'lpass show';
        const output = await lpass(['show', '--json', '--', ...some], { called });
        return entriesOf(some, objectsIn(jsonOf(output, called)));
      });
    },
  };
};

async function logIn(
  lpass: RunProgram,
  { account, context }: { account: string; context: ProviderContext },
): Promise<void> {
  const status = await lpass(['status', '--color=never'], { called: 'lpass status' }).catch((error: unknown) => {
    if (error instanceof Failure && error.code !== 'secret-provider-missing') return '';
    throw error;
  });
  if (status.trim() === `Logged in as ${account}.`) return;
  if (context.ask === undefined) {
    throw new Failure('secret-provider-locked', `LastPass: ${account} is not logged in, and nobody is here to ask`, {
      hint: `Log in before: lpass login --trust ${account}`,
    });
  }
  await lpass(['login', '--color=never', '--', account], { called: 'lpass login', terminal: 'talks' });
}

function entriesOf(
  names: readonly string[],
  items: readonly Readonly<Record<string, unknown>>[],
): ReadonlyMap<string, Found | Failure> {
  return new Map(
    names.map((name): [string, Found | Failure] => {
      const found = items.filter(({ fullname, id }) => fullname === name || id === name);
      const [item, another] = found;
      if (another !== undefined) return [name, missing(`has more than one entry ${name}; use its id`)];
      if (typeof item?.password !== 'string') return [name, missing(`has no entry ${name}`)];
      return [name, [[typeof item.fullname === 'string' ? item.fullname : name, item.password]]];
    }),
  );
}

function missing(what: string): Failure {
  return new Failure('secret-not-found', `LastPass ${what}`, {
    hint: 'See the names with: lpass ls   (an entry in a folder is FOLDER/NAME, or --from FOLDER NAME)',
  });
}
