/** The providers by name: Kamal's adapter names and their aliases. */
import { nearest } from '../config/nearest.ts';
import { Failure } from '../errors.ts';
import { inVault, type VaultKind } from './providers/in-vault.ts';
import { createOnePassword, type OnePassword } from './providers/one-password.ts';
import { createOnePasswordEnvironments } from './providers/one-password-environments.ts';
import type { ProviderContext, SecretProvider } from './providers/provider.ts';

export interface Providers {
  readonly onePassword: OnePassword;
  /** Throws `secrets-invalid` for a name that is not one. */
  named(adapter: string): SecretProvider;
}

const lastPass: VaultKind = {
  title: 'LastPass',
  account: 'the email address you log in with',
  from: 'prefix',
  load: async () => (await import('./providers/last-pass.ts')).createLastPass,
};
const bitwarden: VaultKind = {
  title: 'Bitwarden',
  account: 'the email address you log in with',
  from: 'prefix',
  load: async () => (await import('./providers/bitwarden.ts')).createBitwarden,
};
const bitwardenSecretsManager: VaultKind = {
  title: 'Bitwarden Secrets Manager',
  from: 'prefix',
  load: async () => (await import('./providers/bitwarden-secrets-manager.ts')).createBitwardenSecretsManager,
};
const awsSecretsManager: VaultKind = {
  title: 'AWS Secrets Manager',
  from: 'prefix',
  load: async () => (await import('./providers/aws-secrets-manager.ts')).createAwsSecretsManager,
};
const gcpSecretManager: VaultKind = {
  title: 'Google Secret Manager',
  account: 'default, or the user; after a | the service account to act as',
  from: 'prefix',
  load: async () => (await import('./providers/gcp-secret-manager.ts')).createGcpSecretManager,
};
const doppler: VaultKind = {
  title: 'Doppler',
  from: 'prefix',
  load: async () => (await import('./providers/doppler.ts')).createDoppler,
};
const enpass: VaultKind = {
  title: 'Enpass',
  from: 'vault',
  load: async () => (await import('./providers/enpass.ts')).createEnpass,
};
const passbolt: VaultKind = {
  title: 'Passbolt',
  from: 'prefix',
  load: async () => (await import('./providers/passbolt.ts')).createPassbolt,
};

/** By Kamal's names; `-` and `_` do not count, nor do capitals. */
const vaults = new Map<string, VaultKind>([
  ['lastpass', lastPass],
  ['bitwarden', bitwarden],
  ['bitwarden-secrets-manager', bitwardenSecretsManager],
  ['bitwarden-sm', bitwardenSecretsManager],
  ['aws-secrets-manager', awsSecretsManager],
  ['gcp-secret-manager', gcpSecretManager],
  ['gcp', gcpSecretManager],
  ['doppler', doppler],
  ['enpass', enpass],
  ['passbolt', passbolt],
]);

const onePasswordNames = ['1password', 'one-password', '1password-environments'];

/** The names to choose from, without aliases. */
export const adapterNames: readonly string[] = [
  '1password',
  '1password-environments',
  ...[...vaults].flatMap(([name, kind], index, all) => (all[index - 1]?.[1] === kind ? [] : [name])),
];

/** With one session for each vault, for as long as they are kept. */
export function createProviders({ ask, ...rest }: ProviderContext): Providers {
  const context: ProviderContext = { ...rest, ...(ask && { ask: oneAtATime(ask) }) };
  const onePassword = createOnePassword(context);
  const environments = createOnePasswordEnvironments(onePassword);
  const opened = new Map<VaultKind, SecretProvider>();
  return {
    onePassword,
    named(adapter) {
      const name = plain(adapter);
      if (name === '1password' || name === 'onepassword') return onePassword;
      if (/^(1|one)passwordenvironments?$/.test(name)) return environments;
      const kind = [...vaults].find(([known]) => plain(known) === name)?.[1];
      if (kind === undefined) throw unknown(adapter);
      const provider = opened.get(kind) ?? inVault(kind, context);
      opened.set(kind, provider);
      return provider;
    },
  };
}

function plain(name: string): string {
  return name.toLowerCase().replaceAll(/[-_]/g, '');
}

/** The name itself is not shown: it may be a value that ended up in the wrong place. */
function unknown(adapter: string): Failure {
  const guess = nearest(adapter, [...onePasswordNames, ...vaults.keys()]);
  return new Failure('secrets-invalid', 'there is no secrets adapter of this name', {
    hint: guess === undefined ? `There are: ${adapterNames.join(', ')}.` : `Did you mean ${guess}?`,
  });
}

function oneAtATime(ask: (question: string) => Promise<string>): (question: string) => Promise<string> {
  let before: Promise<unknown> = Promise.resolve();
  return (question) => {
    const answer = before.then(() => ask(question));
    before = answer.catch(() => undefined);
    return answer;
  };
}
