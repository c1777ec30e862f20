/**
 * Runs a command whose output is a secret. It is not `processes/run`: a vault's tool may ask for a password, so it keeps the terminal;
 * output is kept as bytes until it has proved to be text; and it is cut off when it grows without end.
 */
import { spawn } from 'node:child_process';
import { Failure, messageOf } from '../errors.ts';
import { createMasker } from './mask.ts';

export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What to call it in messages; its text may hold anything, so it is never shown. */
  readonly called: string;
  readonly timeoutSeconds?: number;
  /** `none`: it cannot ask. Who asks shows it on the terminal: `asks` by its error output, `talks` by all of its output. */
  readonly terminal?: 'none' | 'asks' | 'talks';
}

/** Characters; nothing that may be put into an environment comes near it. */
export const largestValue = 8 * 1024 * 1024;
const defaultTimeoutSeconds = 300;
const lastLines = 10;

/**
 * What the command wrote, without one line break at its end, as in Kamal; fails when it fails, with the end of its error output.
 * Throws `secret-provider-failed`, or `secret-provider-missing` when there is no such program.
 */
export async function outputOf(command: Command, known: readonly string[] = []): Promise<string> {
  const { status, stdout, stderr } = await run(command);
  if (status !== 0) {
    const ended = typeof status === 'number' ? `ended with exit status ${status}` : status;
    const mask = createMasker([...known, decode(stdout) ?? '']);
    const code = status === notThere ? 'secret-provider-missing' : 'secret-provider-failed';
    throw new Failure(code, `${command.called} ${ended}`, { details: endOf(stderr).map(mask) });
  }
  const text = decode(stdout);
  if (text === undefined)
    throw new Failure('secret-provider-failed', `${command.called} gave bytes that are not text (UTF-8, no NUL)`);
  return text.replace(/(\r\n|\n|\r)$/, '');
}

/** Is there such a program? */
export async function isInstalled(file: string, { cwd, env }: Pick<Command, 'cwd' | 'env'>): Promise<boolean> {
  const { status } = await run({ file, args: ['--version'], cwd, env, called: file, timeoutSeconds: 30 });
  return status === 0;
}

const notThere = 'could not be started: no such program';

interface Outcome {
  /** Exit status, or what happened instead. */
  readonly status: number | string;
  readonly stdout: Buffer;
  readonly stderr: Buffer;
}

function run({ file, args, cwd, env, terminal, timeoutSeconds = defaultTimeoutSeconds }: Command): Promise<Outcome> {
  return new Promise((resolve) => {
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    let size = 0;
    const finish = (status: number | string): void => {
      clearTimeout(timer);
      resolve({ status, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr) });
    };
    const stop = (why: string): void => {
      child.kill('SIGKILL');
      child.stdout?.destroy();
      child.stderr?.destroy();
      finish(why);
    };
    const timer = setTimeout(() => stop(`did not end within ${timeoutSeconds} seconds`), timeoutSeconds * 1000);
    const child = start({ file, args, cwd, env, ...(terminal && { terminal }) }, finish);
    const keep = (chunks: Buffer[]) => (chunk: Buffer) => {
      size += chunk.length;
      if (size > largestValue) stop('wrote more than 8 MiB');
      else chunks.push(chunk);
    };
    child.stdout?.on('data', keep(stdout));
    child.stderr?.on('data', keep(stderr));
    child.on('error', (error) => finish(startProblem(error)));
    child.on('close', (status, signal) => finish(status ?? `was ended by ${signal}`));
  });
}

function start({ file, args, cwd, env, terminal }: Omit<Command, 'called'>, finish: (status: string) => void) {
  const isShown = terminal === 'asks' || terminal === 'talks';
  try {
    return spawn(file, args, {
      cwd,
      env: env as NodeJS.ProcessEnv,
      stdio: [
        process.stdin.isTTY && terminal !== 'none' ? 'inherit' : 'ignore',
        terminal === 'talks' ? process.stderr.fd : 'pipe',
        isShown ? 'inherit' : 'pipe',
      ],
    });
  } catch (error) {
    finish(startProblem(error));
    return spawn('true');
  }
}

function startProblem(error: unknown): string {
  const code = (error as { code?: string }).code;
  if (code === 'ENOENT') return notThere;
  if (code === 'E2BIG') return 'could not be started: a variable in it is larger than the system lets a program have';
  return `could not be started (${code ?? messageOf(error)})`;
}

function decode(bytes: Buffer): string | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    return text.includes('\0') ? undefined : text;
  } catch {
    return undefined;
  }
}

function endOf(stderr: Buffer): string[] {
  const lines = stderr.toString('utf8').split('\n');
  return lines.filter((line) => line.trim() !== '').slice(-lastLines);
}
