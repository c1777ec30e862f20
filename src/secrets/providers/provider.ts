/** What every source of secret values offers. One file per provider; `providers.ts` knows them by the names Kamal gives them. */
import { Failure } from '../../errors.ts';

export interface SecretProvider {
  /** `secrets fetch NAMES --from FROM --account ACCOUNT`: values by the keys that Kamal gives them, in order. */
  fetch(request: FetchRequest): Promise<ReadonlyMap<string, string>>;
}

export interface FetchRequest {
  /** Empty means everything there is in `from`. */
  readonly names: readonly string[];
  readonly from?: string;
  readonly account?: string;
}

/** Made anew for each command: a provider may remember its session and gather requests. */
export type CreateProvider<Provider extends SecretProvider = SecretProvider> = (context: ProviderContext) => Provider;

export interface ProviderContext {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Asks on the terminal, without echo, one question at a time; absent when nobody is there to answer. */
  readonly ask?: (question: string) => Promise<string>;
}

/** A vault that is reached through its own program: names are looked up together, whoever asks for them. */
export interface Vault {
  /** Each name with what it stands for, or what is wrong with it; throws what concerns them all. */
  lookUp(names: readonly string[], place: VaultPlace): Promise<ReadonlyMap<string, Found | Failure>>;
}

/** `from` only where it is not the first part of a name. */
export type VaultPlace = Pick<FetchRequest, 'from' | 'account'>;

/** Values by Kamal's keys; a name may stand for several. */
export type Found = readonly (readonly [key: string, value: string])[];

export type CreateVault = (context: ProviderContext) => Vault;

export function needsAccount(vault: string, what: string): Failure {
  return new Failure('secrets-invalid', `"secrets fetch" from ${vault} needs --account`, {
    hint: `--account ACCOUNT is ${what}.`,
  });
}
