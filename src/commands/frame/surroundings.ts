import type { Surroundings } from '../../pipeline/streams.ts';
import { paintFor } from '../../report/paint.ts';
import { linesOutput, rawOutput, type StreamOutput } from '../../report/streamed.ts';

/** What a command on a machine reads of this process's stdin: a pipe is handed on, and a terminal's keys when that is asked for. */
export function handsOn({ isInteractive }: { isInteractive: boolean }): Pick<Surroundings, 'stdin' | 'terminal'> {
  const { stdin, stdout } = process;
  if (!isInteractive) return stdin.isTTY ? {} : { stdin };
  if (!stdin.isTTY || !stdout.isTTY) return { stdin };
  return {
    stdin,
    terminal: {
      type: process.env['TERM'] ?? 'xterm',
      size: () => ({ rows: stdout.rows, columns: stdout.columns }),
      onResize(listener) {
        stdout.on('resize', listener);
        return () => void stdout.off('resize', listener);
      },
      takeKeys() {
        const giveBack = () => void stdin.setRawMode(false);
        stdin.setRawMode(true);
        process.once('exit', giveBack);
        return () => {
          giveBack();
          stdin.pause();
          process.off('exit', giveBack);
        };
      },
    },
  };
}

/** Lines behind their machine's name, or the bytes as they are. */
export function shownHere({ isRaw }: { isRaw: boolean }): StreamOutput {
  const { stdout, stderr, env } = process;
  if (isRaw) return rawOutput({ stdout, stderr });
  return linesOutput({ stdout, stderr }, { stdout: paintFor(stdout, env), stderr: paintFor(stderr, env) });
}
