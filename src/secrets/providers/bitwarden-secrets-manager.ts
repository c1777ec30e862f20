/** Bitwarden Secrets Manager through `bws`, whose access token is in the environment. Secrets are named by id; values go by their key. */
import { Failure } from '../../errors.ts';
import type { CreateVault, Found } from './provider.ts';
import { inProgram, jsonOf, objectsIn, oneByOneIfMissing, type VaultProgram } from './vault-program.ts';

const program: VaultProgram = {
  file: 'bws',
  vault: 'Bitwarden Secrets Manager',
  install: 'https://bitwarden.com/help/secrets-manager-cli/',
  secretVariables: ['BWS_ACCESS_TOKEN'],
  problems: [
    {
      said: /missing access token|invalid_client|is the wrong version|\b401\b|unauthori[sz]ed|token is (not valid|invalid)/i,
      code: 'secret-provider-locked',
      means: 'the access token is missing or not accepted',
      hint: 'Set BWS_ACCESS_TOKEN to an access token of a machine account.',
    },
    {
      said: /\b404\b|resource not found|invalid (uuid|value)/i,
      code: 'secret-not-found',
      means: 'it has no such secret or project',
      hint: 'The machine account sees only the projects it was given: bws secret list',
    },
  ],
};

type Secret = Readonly<Record<string, unknown>>;

/** A name is `all`, `PROJECT/all`, or a secret's id; its key does too. */
export const createBitwardenSecretsManager: CreateVault = (context) => {
  const bws = inProgram(program, context);
  const ask = async (args: readonly string[]): Promise<unknown> => {
    const called = `bws ${args.join(' ')}`;
    return jsonOf(await bws([...args, '--output', 'json', '--color', 'no'], { called }), called);
  };
  const list = async (project: readonly string[]): Promise<readonly Secret[]> =>
    objectsIn(await ask(['secret', 'list', ...project]));
  return {
    async lookUp(names) {
      const lists = names.filter(isList);
      const single = names.filter((name) => !isList(name));
      const found = new Map<string, Found | Failure>();
      for (const name of lists) {
        const project = name === 'all' ? [] : [name.slice(0, -'/all'.length)];
        for (const [key, one] of await oneByOneIfMissing(
          [name],
          async () => new Map([[name, pairs(await list(project))]]),
        ))
          found.set(key, one);
      }
      // One request for several, because there may be only a few a second.
      const [only, another] = single;
      if (only !== undefined && another === undefined && isId(only)) {
        const one = async () => new Map([[only, pairs(objectsIn([await ask(['secret', 'get', only])]))]]);
        for (const [key, value] of await oneByOneIfMissing([only], one)) found.set(key, value);
      } else if (only !== undefined) {
        const all = await list([]);
        for (const name of single) found.set(name, pick(name, all));
      }
      return found;
    },
  };
};

function isList(name: string): boolean {
  return name === 'all' || name.endsWith('/all');
}

function isId(name: string): boolean {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(name);
}

function pairs(secrets: readonly Secret[]): Found {
  return secrets.flatMap(({ key, value }) =>
    typeof key === 'string' && typeof value === 'string' ? [[key, value] as const] : [],
  );
}

function pick(name: string, all: readonly Secret[]): Found | Failure {
  const [secret, another] = pairs(all.filter(({ id, key }) => id === name || key === name));
  if (secret !== undefined && another === undefined) return [secret];
  const what = secret === undefined ? 'has no secret' : 'has more than one secret';
  return new Failure('secret-not-found', `Bitwarden Secrets Manager ${what} ${name}`, {
    hint: 'The machine account sees only the projects it was given: bws secret list',
  });
}
