import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { constants } from 'node:os';
import type { Readable } from 'node:stream';
import { Failure } from '../../errors.ts';

export interface ChildRun {
  readonly words: readonly [string, ...string[]];
  readonly cwd?: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Hears every line as it comes; without it, the output is in the answer. */
  readonly onLine?: (line: string, stream: 'stdout' | 'stderr') => void;
  readonly timeoutSeconds?: number;
  readonly signal?: AbortSignal;
}

export interface ChildEnd {
  /** 128 and the signal's number for one that a signal ended. */
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

const graceSeconds = 5;
/** How long a background process may keep the output open once the child itself has ended. */
const lingerSeconds = 1;

/**
 * Runs a program on this machine in a process group of its own, which is ended (TERM, then KILL) on abort or time-out.
 * @throws Failure `interrupted` or `timed-out`; and what spawn throws, such as ENOENT
 */
export async function runChild(run: ChildRun): Promise<ChildEnd> {
  if (run.signal?.aborted) throw interrupted(run);
  const [program, ...words] = run.words;
  const child = spawn(program, words, {
    cwd: run.cwd,
    env: { ...run.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const stdout = collect(child.stdout, (line) => run.onLine?.(line, 'stdout'));
  const stderr = collect(child.stderr, (line) => run.onLine?.(line, 'stderr'));
  const ending = endOn(run, child);
  try {
    const status = await ended(child);
    if (ending.reason !== undefined) throw ending.reason;
    return { status, stdout: stdout(), stderr: stderr() };
  } finally {
    ending.forget();
  }
}

/** The last lines heard, oldest first, to explain a failure with. */
export function keepLastLines(count: number): { add(line: string): void; lines: string[] } {
  const lines: string[] = [];
  return {
    lines,
    add(line) {
      lines.push(line);
      if (lines.length > count) lines.shift();
    },
  };
}

function ended(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      const status = code ?? 128 + (signal === null ? 0 : constants.signals[signal]);
      const linger = setTimeout(() => {
        child.stdout?.destroy();
        child.stderr?.destroy();
      }, lingerSeconds * 1000);
      child.once('close', () => {
        clearTimeout(linger);
        resolve(status);
      });
    });
  });
}

function endOn(run: ChildRun, child: ChildProcess): { reason?: Failure; forget(): void } {
  const ending: { reason?: Failure; forget(): void } = { forget };
  let kill: NodeJS.Timeout | undefined;
  const end = (reason: Failure): void => {
    ending.reason ??= reason;
    signalGroup(child, 'SIGTERM');
    kill ??= setTimeout(() => signalGroup(child, 'SIGKILL'), graceSeconds * 1000);
  };
  const onAbort = (): void => end(interrupted(run));
  const timer =
    run.timeoutSeconds === undefined ? undefined : setTimeout(() => end(timedOut(run)), run.timeoutSeconds * 1000);
  run.signal?.addEventListener('abort', onAbort, { once: true });
  function forget(): void {
    clearTimeout(timer);
    clearTimeout(kill);
    run.signal?.removeEventListener('abort', onAbort);
    if (ending.reason !== undefined) signalGroup(child, 'SIGKILL');
  }
  return ending;
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // The whole group has ended already.
  }
}

function collect(stream: Readable, onLine: (line: string) => void): () => string {
  const parts: string[] = [];
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (text: string) => {
    parts.push(text);
    const lines = (rest + text).split(/\r?\n/);
    rest = lines.pop() ?? '';
    for (const line of lines) onLine(line);
  });
  stream.on('close', () => {
    if (rest !== '') onLine(rest);
  });
  return () => parts.join('');
}

function interrupted(run: ChildRun): Failure {
  return new Failure('interrupted', `${run.words[0]} was interrupted`);
}

function timedOut(run: ChildRun): Failure {
  return new Failure('timed-out', `${run.words[0]} took longer than ${run.timeoutSeconds} s and was ended`);
}
