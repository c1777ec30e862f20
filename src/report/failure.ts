import { Failure, messageOf } from '../errors.ts';
import { noColours, type Paint } from './paint.ts';

const issues = 'https://github.com/longshore/longshore/issues/new';

/** How a command that failed says so, on stderr. Anything that is not a `Failure` is a bug, and says that. */
export function renderFailure(thrown: unknown, paint: Paint = noColours): string {
  if (thrown instanceof Failure) {
    return [
      `${paint.red('error:')} ${thrown.message}`,
      ...thrown.details.map((line) => `  ${line}`),
      ...(thrown.hint === undefined ? [] : [`${paint.cyan('→')} ${thrown.hint}`]),
    ].join('\n');
  }
  const stack = thrown instanceof Error ? (thrown.stack ?? thrown.message) : messageOf(thrown);
  return [
    `${paint.red('error:')} this is a bug in Longshore`,
    ...stack.split('\n').map((line) => `  ${line}`),
    `${paint.cyan('→')} please report it, with the lines above and what you typed: ${issues}`,
  ].join('\n');
}

/** The document that `--json` prints for a failed command. */
export function failureAsJson(thrown: unknown): { error: Record<string, unknown> } {
  if (thrown instanceof Failure) {
    return {
      error: {
        code: thrown.code,
        message: thrown.message,
        details: thrown.details,
        ...(thrown.hint === undefined ? {} : { hint: thrown.hint }),
        exit: thrown.exitStatus,
      },
    };
  }
  const stack = thrown instanceof Error ? { stack: thrown.stack } : {};
  return { error: { code: 'bug', message: messageOf(thrown), ...stack, exit: 1 } };
}
