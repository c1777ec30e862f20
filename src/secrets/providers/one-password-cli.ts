/** 1Password through its program `op`, called as Kamal calls it; but a session's token goes into its environment, not on its command line. */
import { Failure, type FailureCode } from '../../errors.ts';
import { type Command, isInstalled, outputOf } from '../command.ts';
import type { Access } from './one-password.ts';
import type { ProviderContext } from './provider.ts';

/** Throws `secret-provider-failed` when `op` is not there or cannot sign in. */
export async function openWithCli(context: ProviderContext, account: string | undefined): Promise<Access> {
  if (!(await isInstalled('op', context))) {
    throw new Failure(
      'secret-provider-missing',
      '1Password cannot be reached: no service account, no desktop app, no program op',
      {
        hint: 'Set OP_SERVICE_ACCOUNT_TOKEN, or install the 1Password CLI (https://developer.1password.com/docs/cli/get-started).',
      },
    );
  }
  const isToken = Boolean(
    context.env.OP_SERVICE_ACCOUNT_TOKEN || (context.env.OP_CONNECT_HOST && context.env.OP_CONNECT_TOKEN),
  );
  const accountArgs = account === undefined || isToken ? [] : ['--account', account];
  const session = accountArgs.length === 0 ? {} : await signIn(context, accountArgs);
  const op = opIn({ ...context, env: { ...context.env, ...session } });
  return {
    fetchesFields: true,
    async read(references) {
      const [first, ...more] = references;
      const readOne = async (reference: string): Promise<[string, string | Failure]> => {
        try {
          return [reference, await op(['read', reference, ...accountArgs], `op read ${reference}`)];
        } catch (error) {
          if (error instanceof Failure) return [reference, error];
          throw error;
        }
      };
      // One first, so that what it asks for (an unlock) is asked once.
      const answers = first === undefined ? [] : [await readOne(first)];
      return new Map([...answers, ...(await Promise.all(more.map(readOne)))]);
    },
    variables() {
      throw new Failure(
        'secret-provider-locked',
        '1Password Environments are read through the SDK, and it cannot be used',
        {
          hint: 'Set OP_SERVICE_ACCOUNT_TOKEN of a service account that may read the Environment, or give --account and unlock the 1Password app.',
        },
      );
    },
    async fields({ vault, item, labels }) {
      const fields = labels === undefined ? [] : ['--fields', labels.map((label) => `label=${label}`).join(',')];
      const called = `op item get, for ${vault}/${item},`;
      const output = await op(
        ['item', 'get', item, '--vault', vault, '--format', 'json', ...accountArgs, ...fields],
        called,
      );
      return fieldsOf(output, called);
    },
  };
}

type RunOp = (args: readonly string[], called: string, terminal?: Command['terminal']) => Promise<string>;

function opIn({ cwd, env }: ProviderContext): RunOp {
  const known = [env.OP_SERVICE_ACCOUNT_TOKEN, env.OP_CONNECT_TOKEN, ...sessionsOf(env)].filter(
    (one) => one !== undefined,
  );
  return (args, called, terminal) =>
    outputOf({ file: 'op', args, cwd, env, called, ...(terminal && { terminal }) }, known).catch((error: unknown) =>
      Promise.reject(withHint(error)),
    );
}

/** The environment of a session: empty when there is one, or when the desktop app holds it. */
async function signIn(context: ProviderContext, accountArgs: readonly string[]): Promise<Record<string, string>> {
  const op = opIn(context);
  const isSignedIn = await op(['account', 'get', ...accountArgs], 'op account get').then(
    () => true,
    () => false,
  );
  if (isSignedIn) return {};
  const output = await op(['signin', ...accountArgs, '--force'], 'op signin', context.ask && 'asks');
  const session = /export (OP_SESSION_\w+)="?([^"\s]+)"?/.exec(output);
  return session?.[1] !== undefined && session[2] !== undefined ? { [session[1]]: session[2] } : {};
}

interface CliField {
  readonly reference?: string;
  readonly value?: string;
}

function fieldsOf(output: string, called: string): ReadonlyMap<string, string> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(output);
  } catch {
    throw new Failure('secret-provider-failed', `${called} gave something that is not JSON`);
  }
  const list = Array.isArray(parsed) ? parsed : ((parsed as { fields?: unknown } | null)?.fields ?? [parsed]);
  const fields = (Array.isArray(list) ? list : []).filter(
    (field): field is CliField => typeof field === 'object' && field !== null,
  );
  return new Map(
    fields.flatMap(({ reference, value }) =>
      typeof reference === 'string' && typeof value === 'string'
        ? [[reference.replace(/^op:\/\//, ''), value] as const]
        : [],
    ),
  );
}

function sessionsOf(env: ProviderContext['env']): readonly (string | undefined)[] {
  return Object.entries(env).flatMap(([name, value]) => (name.startsWith('OP_SESSION_') ? [value] : []));
}

function withHint(error: unknown): unknown {
  if (!(error instanceof Failure)) return error;
  const { message, details } = error;
  const [code, hint] = explanationOf(details.join('\n'));
  return new Failure(code, message, { details, hint, cause: error });
}

function explanationOf(said: string): [FailureCode, string] {
  if (/rate.?limit|too many requests/i.test(said)) {
    return [
      'secret-provider-limited',
      'The 1Password rate limit is used up; wait, or see what is left: op service-account ratelimit.',
    ];
  }
  if (/isn't an? (item|vault|field)|not found|no item|does(n't| not) (exist|have)|could not (find|get)/i.test(said)) {
    return [
      'secret-not-found',
      'Look at the names in 1Password: op://vault/item/[section/]field; a service account sees only the vaults it was given.',
    ];
  }
  return [
    /not (currently )?signed in|locked|session expired|authori[sz]ation|connecting to desktop app/i.test(said)
      ? 'secret-provider-locked'
      : 'secret-provider-failed',
    'Run the same op command by hand; "op signin" starts a session, and the desktop app has to be unlocked.',
  ];
}
