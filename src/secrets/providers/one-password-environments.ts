/** 1Password Environments: `--from` is the Environment's id, names are its variables; without names, all of them. */
import { nearest } from '../../config/nearest.ts';
import { Failure } from '../../errors.ts';
import type { OnePassword } from './one-password.ts';
import type { SecretProvider } from './provider.ts';

/** Reads through the session of `onePassword`, each Environment once. */
export function createOnePasswordEnvironments(onePassword: OnePassword): SecretProvider {
  const known = new Map<string, Promise<ReadonlyMap<string, string>>>();
  return {
    async fetch({ names, from, account }) {
      if (from === undefined) {
        throw new Failure('secrets-invalid', '"secrets fetch" from 1Password Environments needs --from', {
          hint: '--from ID is the id of the Environment: in the app, Developer > View Environments > Manage environment.',
        });
      }
      const key = JSON.stringify([account, from]);
      const reading = known.get(key) ?? onePassword.variables(from, account);
      known.set(key, reading);
      const variables = await reading;
      if (names.length === 0) return variables;
      return new Map(names.map((name) => [name, variables.get(name) ?? missing(name, [...variables.keys()])]));
    },
  };
}

function missing(name: string, known: readonly string[]): never {
  const guess = nearest(name, known);
  throw new Failure('secret-not-found', `the 1Password Environment has no variable ${name}`, {
    hint: guess === undefined ? 'Variables are named exactly as the app shows them.' : `Did you mean ${guess}?`,
  });
}
