import { spawnSync } from 'node:child_process';
import { constants } from 'node:os';
import type { RunResult } from './run.ts';

export interface RunNowOptions {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly input?: string;
  readonly timeoutSeconds: number;
}

const mostBytes = 10 * 1024 * 1024;

/** Runs a command to its end while everything else waits, for what is read at once such as the config file. It never throws. */
export function runNow(command: string, args: readonly string[], options: RunNowOptions): RunResult {
  const { status, signal, stdout, stderr, error } = spawnSync(command, args, {
    cwd: options.cwd,
    env: options.env as NodeJS.ProcessEnv,
    input: options.input ?? '',
    encoding: 'utf8',
    timeout: options.timeoutSeconds * 1000,
    killSignal: 'SIGKILL',
    maxBuffer: mostBytes,
  });
  const code = error !== undefined && 'code' in error ? error.code : undefined;
  return {
    exitStatus: code === 'ENOENT' ? 127 : (status ?? 128 + (signal === null ? 0 : constants.signals[signal])),
    stdout: stdout ?? '',
    stderr: status === null && error !== undefined ? `${stderr ?? ''}${error.message}` : stderr,
    timedOut: code === 'ETIMEDOUT',
  };
}
