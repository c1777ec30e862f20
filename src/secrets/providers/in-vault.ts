import { Failure } from '../../errors.ts';
import { type CreateVault, type FetchRequest, type Found, needsAccount, type ProviderContext } from './provider.ts';
import type { SecretProvider } from './provider.ts';
import { together } from './together.ts';

export interface VaultKind {
  readonly title: string;
  /** What `--account` is, where it is needed. */
  readonly account?: string;
  /** Whether `--from` is the first part of every name, or where the vault lies. */
  readonly from: 'prefix' | 'vault';
  readonly load: () => Promise<CreateVault>;
}

/** A provider that loads its vault when it is first asked, signs in once, and looks names of one account up together. */
export function inVault(kind: VaultKind, context: ProviderContext): SecretProvider {
  let vault: Promise<ReturnType<CreateVault>> | undefined;
  const finders = new Map<string, (name: string) => Promise<Found>>();
  const finderFor = (place: Pick<FetchRequest, 'from' | 'account'>): ((name: string) => Promise<Found>) => {
    const key = JSON.stringify([place.from, place.account]);
    const known =
      finders.get(key) ??
      together(async (names: readonly string[]) => {
        vault ??= kind.load().then((create) => create(context));
        return (await vault).lookUp(names, place);
      });
    finders.set(key, known);
    return known;
  };
  return {
    async fetch({ names, from, account }) {
      if (kind.account !== undefined && !account) throw needsAccount(kind.title, kind.account);
      if (names.length === 0) throw new Failure('secrets-invalid', `"secrets fetch" from ${kind.title} needs names`);
      const isPrefix = kind.from === 'prefix';
      const find = finderFor({ ...(account && { account }), ...(!isPrefix && from !== undefined && { from }) });
      const full = names.map((name) => (isPrefix && from !== undefined ? `${from}/${name}` : name));
      return new Map((await all(full.map(find))).flat());
    },
  };
}

/** What all found, or one failure for what they did not. */
async function all(finding: readonly Promise<Found>[]): Promise<readonly Found[]> {
  const settled = await Promise.allSettled(finding);
  const reasons = new Set(settled.flatMap((one): unknown[] => (one.status === 'rejected' ? [one.reason] : [])));
  const [first, ...more] = reasons;
  if (first === undefined) return settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  if (!(first instanceof Failure) || more.length === 0) throw first;
  const others = more.flatMap((one) => (one instanceof Failure ? [one.message, ...one.details] : []));
  const { code, message, details, hint } = first;
  throw new Failure(code, `${message}, and ${more.length} more`, {
    details: [...details, ...others],
    ...(hint !== undefined && { hint }),
    cause: first,
  });
}
