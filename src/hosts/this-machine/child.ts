import { Failure } from '../../errors.ts';
import { run } from '../../processes/run.ts';
import type { RunOptions, RunResult } from '../../processes/run.ts';

/** Exit status of a command that is not there. */
export const commandMissing = 127;

/** Runs a command on this machine. @throws Failure `interrupted` or `timed-out`, by when its process group was ended */
export async function runChild(words: readonly [string, ...string[]], options: RunOptions): Promise<RunResult> {
  const [command, ...args] = words;
  const interrupted = (): Failure => new Failure('interrupted', `${command} was interrupted`);
  if (options.signal?.aborted) throw interrupted();
  const result = await run(command, args, options);
  if (result.timedOut) {
    throw new Failure('timed-out', `${command} took longer than ${options.timeoutSeconds} s and was ended`);
  }
  if (options.signal?.aborted && result.exitStatus !== 0) throw interrupted();
  return result;
}

/** The last lines heard, oldest first, to explain a failure with. */
export function keepLastLines(count: number): { add(line: string): void; readonly lines: string[] } {
  const lines: string[] = [];
  return {
    lines,
    add(line) {
      lines.push(line);
      if (lines.length > count) lines.shift();
    },
  };
}
