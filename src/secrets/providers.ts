/** The providers by name: Kamal's adapter names and their aliases. */
import { Failure } from '../errors.ts';
import { createOnePassword, type OnePassword } from './providers/one-password.ts';
import type { ProviderContext, SecretProvider } from './providers/provider.ts';

export interface Providers {
  readonly onePassword: OnePassword;
  /** Throws `secrets-invalid` for a name that is not one, `secret-provider-failed` for one that is still missing here. */
  named(adapter: string): SecretProvider;
}

const notSupportedYet = new Set([
  'last_pass',
  'lastpass',
  'bitwarden',
  'bitwarden_secrets_manager',
  'bitwarden_sm',
  'aws_secrets_manager',
  'gcp_secret_manager',
  'gcp',
  'doppler',
  'enpass',
  'passbolt',
]);

export function createProviders(context: ProviderContext): Providers {
  const onePassword = createOnePassword(context);
  return {
    onePassword,
    named(adapter) {
      const name = adapter.toLowerCase().replaceAll('-', '_');
      if (name === '1password' || name === 'one_password') return onePassword;
      if (notSupportedYet.has(name)) {
        throw new Failure('secret-provider-failed', `the secrets adapter ${adapter} is not supported yet`, {
          hint: "Call the vault's own program instead: KEY=$(command that prints the value).",
        });
      }
      throw new Failure('secrets-invalid', 'there is no secrets adapter of this name', {
        hint: 'The one that works now is 1password.',
      });
    },
  };
}
