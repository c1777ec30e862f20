import { spawn } from 'node:child_process';
import { lineReader } from './lines.ts';

export interface RunOptions {
  cwd?: string;
  /** The whole environment of the child; absent: this process's own. */
  env?: Readonly<Record<string, string | undefined>>;
  input?: string;
  onLine?: (line: string, stream: 'stdout' | 'stderr') => void;
  /** TERM to the child's process group, then KILL five seconds later. */
  signal?: AbortSignal;
  timeoutSeconds?: number;
}

export interface RunResult {
  /** 128 + signal number when a signal ended it, 127 when the command is not there. */
  readonly exitStatus: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly timedOut: boolean;
}

const killAfterMilliseconds = 5_000;

/** Runs a command on this machine to its end, whatever its exit status; it never throws for what the command did. */
export function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: options.env as NodeJS.ProcessEnv | undefined,
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
  });
  const output = { stdout: '', stderr: '' };
  if (child.pid !== undefined) running.set(child.pid, 'SIGTERM');
  let timedOut = false;
  let killTimer: NodeJS.Timeout | undefined;

  const readers = (['stdout', 'stderr'] as const).map((stream) => {
    const lines = lineReader((line) => options.onLine?.(line, stream));
    child[stream].setEncoding('utf8').on('data', (text: string) => {
      output[stream] += text;
      lines.push(text);
    });
    return lines;
  });
  child.stdin.on('error', () => undefined);
  child.stdin.end(options.input ?? '');

  const stop = () => {
    killGroup(child.pid, 'SIGTERM');
    if (child.pid !== undefined) running.set(child.pid, 'SIGKILL');
    killTimer ??= setTimeout(() => killGroup(child.pid, 'SIGKILL'), killAfterMilliseconds);
  };
  const limit =
    options.timeoutSeconds === undefined
      ? undefined
      : setTimeout(() => {
          timedOut = true;
          stop();
        }, options.timeoutSeconds * 1000);
  options.signal?.addEventListener('abort', stop);
  if (options.signal?.aborted === true) stop();

  return new Promise((resolve) => {
    const end = (exitStatus: number) => {
      if (child.pid !== undefined) running.delete(child.pid);
      clearTimeout(limit);
      clearTimeout(killTimer);
      options.signal?.removeEventListener('abort', stop);
      for (const lines of readers) lines.end();
      resolve({ exitStatus, ...output, timedOut });
    };
    child.on('error', (error) => {
      output.stderr += error.message;
      end(127);
    });
    child.on('close', (status, signal) => end(status ?? 128 + signalNumber(signal)));
  });
}

/** Groups of their own, so that a terminal's Ctrl-C passes them by; they end with this process, by a signal that they did not get yet. */
const running = new Map<number, 'SIGTERM' | 'SIGKILL'>();
process.once('exit', () => {
  for (const [pid, signal] of running) killGroup(pid, signal);
});

function killGroup(pid: number | undefined, signal: 'SIGTERM' | 'SIGKILL'): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // The group is gone.
  }
}

function signalNumber(signal: NodeJS.Signals | null): number {
  return { SIGHUP: 1, SIGINT: 2, SIGKILL: 9, SIGTERM: 15 }[signal as 'SIGHUP'] ?? 0;
}
