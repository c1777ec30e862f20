/** Enpass through `enpass-cli`: `--from` is the folder of the vault, a name is an item's title or `TITLE/LABEL`. */
import { Failure } from '../../errors.ts';
import type { CreateVault, Found, ProviderContext } from './provider.ts';
import { inProgram, jsonOf, objectsIn, type VaultProgram } from './vault-program.ts';

const program: VaultProgram = {
  file: 'enpass-cli',
  vault: 'Enpass',
  install: 'https://github.com/hazcod/enpass-cli',
  secretVariables: ['MASTERPW', 'ENP_PIN'],
  problems: [
    {
      said: /could not open vault|invalid (vault )?(password|credentials)|file is not a database|credentials/i,
      code: 'secret-provider-locked',
      means: 'the vault does not open',
      hint: 'Is --from the folder with vault.enpassdb, and MASTERPW its master password?',
    },
  ],
};

export const createEnpass: CreateVault = (context) => {
  const enpass = inProgram(program, context);
  let password: Promise<string> | undefined;
  return {
    async lookUp(names, { from }) {
      if (from === undefined) {
        throw new Failure('secrets-invalid', '"secrets fetch" from Enpass needs --from', {
          hint: '--from FOLDER is the folder with vault.enpassdb.',
        });
      }
      const titles = [...new Set(names.map(titleOf))];
      const called = 'enpass-cli show';
      const args = ['-json', '-nonInteractive', '-vault', from, 'show', ...titles];
      const output = await enpass(args, {
        called,
        env: { MASTERPW: await (password ??= masterPassword(from, context)) },
      });
      const cards = objectsIn(jsonOf(output, called)).filter(
        ({ password: value }) => typeof value === 'string' && value !== '',
      );
      return new Map(names.map((name) => [name, valuesOf(name, cards)]));
    },
  };
};

async function masterPassword(from: string, { env, ask }: ProviderContext): Promise<string> {
  const password = env.MASTERPW || (await ask?.(`Enpass's master password for ${from}:`));
  if (password) return password;
  throw new Failure('secret-provider-locked', 'Enpass is locked, and nobody is here to ask', {
    hint: 'Set MASTERPW to the master password of the vault.',
  });
}

function valuesOf(name: string, cards: readonly Readonly<Record<string, unknown>>[]): Found | Failure {
  const found = cards
    .map(({ title, label, password }) => ({
      title,
      key: label ? `${title}/${label}` : String(title),
      value: String(password),
    }))
    .filter(({ title, key }) => title === name || key === name);
  const twice = found.find(({ key }, index) => found.some((other, place) => place > index && other.key === key));
  if (found.length > 0 && twice === undefined) return found.map(({ key, value }) => [key, value]);
  const what = twice === undefined ? `has no ${name}` : `has ${twice.key} more than once`;
  return new Failure('secret-not-found', `Enpass ${what}`, {
    hint: 'A name is the title of an item, or TITLE/LABEL of one of its fields: enpass-cli list TITLE',
  });
}

function titleOf(name: string): string {
  const slash = name.lastIndexOf('/');
  return slash <= 0 ? name : name.slice(0, slash);
}
