/** A vault's own program: how it is called, and what it means when it fails. */
import { Failure, type FailureCode } from '../../errors.ts';
import { type Command, outputOf } from '../command.ts';
import type { ProviderContext } from './provider.ts';

export interface VaultProgram {
  readonly file: string;
  /** The vault's name, as messages begin. */
  readonly vault: string;
  readonly install: string;
  /** Variables that hold passwords and tokens; they are taken out of what the program says. */
  readonly secretVariables: readonly string[];
  /** What it says when something is wrong, in its own words; the first that fits counts. */
  readonly problems: readonly Problem[];
}

export interface Problem {
  readonly said: RegExp;
  readonly code: FailureCode;
  readonly means: string;
  readonly hint: string;
}

export interface Call {
  /** In messages; the words of the call hold nothing secret, but may be long. */
  readonly called: string;
  /** Beside the environment everything has. */
  readonly env?: Readonly<Record<string, string>>;
  readonly terminal?: Command['terminal'];
}

export type RunProgram = (args: readonly string[], call: Call) => Promise<string>;

const problemsOfAll: readonly Problem[] = [
  {
    said: /too many requests|rate.?limit|slow down|throttl|quota exceeded|RESOURCE_EXHAUSTED|\b429\b/i,
    code: 'secret-provider-limited',
    means: 'too many requests',
    hint: 'Wait a minute and try again. One "secrets fetch" with all names costs one request, several cost several.',
  },
  {
    said: /no such host|could not resolve|ENOTFOUND|EAI_AGAIN|ECONNREFUSED|connection refused|timed? ?out|unreachable|could not connect|connect to the endpoint|dial tcp|error sending request|unable to find the server|fetch failed/i,
    code: 'secret-provider-unreachable',
    means: 'cannot be reached',
    hint: 'Is this machine online? Programs take their proxy from HTTPS_PROXY.',
  },
];

/** Runs the program and gives what it wrote. The function throws what the program's `problems` say, else `secret-provider-failed`. */
export function inProgram(program: VaultProgram, { cwd, env }: ProviderContext): RunProgram {
  return async (args, { called, env: more = {}, terminal = 'none' }) => {
    const whole = { ...env, ...more };
    const known = program.secretVariables.flatMap((name) => whole[name] ?? []);
    try {
      return await outputOf({ file: program.file, args, cwd, env: whole, called, terminal }, known);
    } catch (error) {
      throw error instanceof Failure ? explained(program, error) : error;
    }
  };
}

/** JSON that the program wrote, perhaps after a question of its own. @throws Failure that shows nothing of it */
export function jsonOf(output: string, called: string): unknown {
  const start = output.search(/^[[{]/m);
  try {
    return JSON.parse(start > 0 ? output.slice(start) : output);
  } catch {
    throw new Failure('secret-provider-failed', `${called} gave something that is not JSON`);
  }
}

/** The objects of a list; anything else in it is left out. */
export function objectsIn(value: unknown): readonly Readonly<Record<string, unknown>>[] {
  return (Array.isArray(value) ? value : []).filter(
    (one): one is Record<string, unknown> => typeof one === 'object' && one !== null,
  );
}

/** Where a program refuses all names because it lacks one, they are looked up one by one, to tell which. */
export async function oneByOneIfMissing<Found>(
  names: readonly string[],
  lookUp: (names: readonly string[]) => Promise<ReadonlyMap<string, Found | Failure>>,
): Promise<ReadonlyMap<string, Found | Failure>> {
  try {
    return await lookUp(names);
  } catch (error) {
    if (!isMissing(error)) throw error;
    if (names.length === 1) return new Map(names.map((name) => [name, error]));
  }
  const found = new Map<string, Found | Failure>();
  for (const name of names) for (const [key, one] of await oneByOneIfMissing([name], lookUp)) found.set(key, one);
  return found;
}

export function isLocked(error: unknown): error is Failure {
  return error instanceof Failure && error.code === 'secret-provider-locked';
}

function isMissing(error: unknown): error is Failure {
  return error instanceof Failure && error.code === 'secret-not-found';
}

function explained({ file, vault, install, problems }: VaultProgram, failure: Failure): Failure {
  if (failure.code === 'secret-provider-missing') {
    return new Failure(failure.code, `${vault} is reached by the program ${file}, which is not installed`, {
      hint: `Install it: ${install}`,
      cause: failure,
    });
  }
  const { details } = failure;
  const said = [failure.message, ...details].join('\n');
  const problem = [...problems, ...problemsOfAll].find((one) => one.said.test(said));
  if (problem === undefined) {
    const hint = `Run ${file} by hand to see what it wants.`;
    return new Failure(failure.code, `${vault}: ${failure.message}`, { details, hint, cause: failure });
  }
  const { code, means, hint } = problem;
  return new Failure(code, `${vault}: ${means} (${failure.message})`, { details, hint, cause: failure });
}
