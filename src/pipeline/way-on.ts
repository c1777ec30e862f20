import { withoutPasswords } from '../config/sheet.ts';
import { Failure, type FailureCode } from '../errors.ts';
import { quoteAll } from '../processes/quote.ts';
import type { Run } from './run.ts';
import type { Session } from './session.ts';

const isAway: readonly FailureCode[] = ['host-unreachable', 'connection-lost', 'timed-out', 'host-without-docker'];

/** Those of these problems' machines that a run may go on without. */
export function away(problems: ReadonlyMap<string, unknown>): string[] {
  return [...problems].flatMap(([name, problem]) =>
    problem instanceof Failure && isAway.includes(problem.code) ? [name] : [],
  );
}

/** The same failure, with the command that goes on without the machines that are away; as it is when none would be left. */
export function orWithout(
  session: Pick<Session, 'run' | 'config' | 'typed'>,
  error: Error,
  names: readonly string[],
): Error {
  const { config } = session;
  const isOver = config.allHosts.every((host) => names.includes(host));
  if (!(error instanceof Failure) || names.length === 0 || isOver) return error;
  const them = names.length === 1 ? 'it' : 'them';
  const next = names.includes(config.primaryHost) ? ', which takes the lock on the next machine' : '';
  const way = `To go on without ${them}${next}: ${commandWithout(session, names)}`;
  return new Failure(error.code, error.message, {
    details: error.details,
    hint: error.hint === undefined ? way : `${error.hint}\n${way}`,
    exitStatus: error.exitStatus,
    cause: error.cause,
  });
}

function commandWithout(session: Typed, names: readonly string[]): string {
  return typedWith(
    session,
    names.flatMap((name) => ['--without', name]),
  );
}

export interface Typed {
  readonly run: Pick<Run, 'command' | 'typed'>;
  readonly typed: Session['typed'];
}

/** What was typed, every word of it, and some flags more; before what follows `--`, which is another command's. Passwords are left out. */
export function typedWith({ run, typed }: Typed, flags: readonly string[]): string {
  const words = run.typed ?? typed(run.command).split(' ');
  const end = words.includes('--') ? words.indexOf('--') : words.length;
  return withoutPasswords(quoteAll([...words.slice(0, end), ...flags, ...words.slice(end)]));
}
