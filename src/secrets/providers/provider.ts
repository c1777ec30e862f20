/** What every source of secret values offers. One file per provider; `providers.ts` knows them by the names Kamal gives them. */

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
}
