import { randomBytes } from 'node:crypto';
import type { ClientChannel } from 'ssh2';
import { Failure } from '../errors.ts';
import type { Connection } from './connection.ts';
import { answerOf, commandOf, type Frame, frameOf, letGo, shellOf, type ShellResult } from './shell-frames.ts';

/** A POSIX shell on the machine that stays open and runs one script after the other. */
export interface Shell {
  /**
   * Runs a script in a subshell, in the login directory, with nothing on its stdin; scripts run one after the other.
   * @throws Failure `connection-lost` or `timed-out`; an exit status is an answer, not a failure
   */
  run(what: string, script: string, timeoutSeconds?: number): Promise<ShellResult>;
  /** As `run`, and gives its stdout. @throws also Failure `host-command-failed` with what the machine said */
  ask(what: string, script: string, timeoutSeconds?: number): Promise<string>;
  /** As `ask`, for a script that may be seen in the process list: as the first of all it saves a round trip. */
  askAtOnce(what: string, script: string): Promise<string>;
  readonly isIdle: boolean;
}

/** Seconds a script gets when nothing else is said. */
export const scriptSeconds = 30;

type Start = (frame: Frame) => Promise<ClientChannel>;
/** Emitted by a channel whose shell begins nothing more. */
const isLeft = Symbol('left');

/**
 * Opens the shell ahead of its first use; when that fails, the first use says so. A first script that is asked for at once by
 * `askAtOnce` travels with the opening.
 */
export function openShell(connection: Connection): Shell {
  let channel: Promise<ClientChannel> | undefined;
  let tail: Promise<unknown> = Promise.resolve();
  let waiting = 0;
  const ahead = setImmediate(() => void current().catch(() => undefined));

  function current(command = 'exec sh'): Promise<ClientChannel> {
    clearImmediate(ahead);
    if (channel !== undefined) return channel;
    const opening = open(command);
    channel = opening;
    opening.catch(() => forget(opening));
    return opening;
  }

  async function open(command: string): Promise<ClientChannel> {
    const opened = await connection.exec(command);
    opened.on('error', () => undefined).stderr.on('error', () => undefined);
    // One listener for each script that waits for its answer.
    for (const stream of [opened, opened.stderr]) stream.setMaxListeners(0);
    const opening = channel;
    opened.once('close', () => forget(opening));
    return opened;
  }

  function forget(opening: Promise<ClientChannel> | undefined): void {
    if (channel === opening) channel = undefined;
  }

  async function run(what: string, timeoutSeconds: number, start: Start, frame: Frame): Promise<ShellResult> {
    waiting += 1;
    try {
      for (;;) {
        const result = await connection.call(what, timeoutSeconds, (signal) => attempt(signal, start, frame));
        if (result !== 'not-begun') return result;
      }
    } finally {
      waiting -= 1;
    }
  }

  async function attempt(signal: AbortSignal, start: Start, frame: Frame): Promise<ShellResult | 'not-begun'> {
    let isOver = false;
    // Sent as soon as the one before is, not when it is answered: the shell itself takes them one after the other.
    const sent = tail.then(() => start(frame));
    tail = sent.catch(() => undefined);
    const opened = await sent;
    const opening = channel;
    const answer = answerOf(opened, frame);
    signal.addEventListener('abort', () => void (isOver || leave(opening, opened)));
    const leaving = new Promise<'not-begun'>((resolve) => {
      opened.once(isLeft, () => void (answer.hasBegun() || resolve('not-begun')));
    });
    const result = await Promise.race([answer.result, leaving]);
    isOver = true;
    return result;
  }

  /** A script that did not answer in time goes on in this shell, which ends with it; what waits for its turn there gets a new shell. */
  async function leave(opening: Promise<ClientChannel> | undefined, opened: ClientChannel): Promise<void> {
    forget(opening);
    const shell = shellOf(opened);
    const isTold = shell !== undefined && (await tell(shell));
    // Once it is told, what it has begun by then was heard of before the answer to that.
    if (isTold) opened.emit(isLeft);
    if (isTold) opened.end();
    else opened.close();
  }

  function tell(shell: number): Promise<boolean> {
    const never = new AbortController().signal;
    const what = 'leave a script that takes too long';
    return connection
      .call(what, scriptSeconds, () => attempt(never, write, frameOf(letGo(shell))))
      .then(
        (result) => result !== 'not-begun' && result.exitStatus === 0,
        () => false,
      );
  }

  const write = async (frame: Frame) => {
    const opened = await current();
    opened.write(frame.text);
    return opened;
  };
  const send = (frame: Frame) => (channel === undefined ? current(commandOf(frame)) : write(frame));
  const settled = async (what: string, result: Promise<ShellResult>): Promise<string> => {
    const { exitStatus, stdout, stderr } = await result;
    if (exitStatus === 0) return stdout;
    throw new Failure('host-command-failed', `${connection.name}: could not ${what} (exit status ${exitStatus}).`, {
      details: (stderr.trim() || stdout.trim()).split('\n').filter((line) => line !== ''),
    });
  };

  return {
    run: (what, script, timeoutSeconds = scriptSeconds) => run(what, timeoutSeconds, write, frameOf(script)),
    ask: (what, script, timeoutSeconds = scriptSeconds) =>
      settled(what, run(what, timeoutSeconds, write, frameOf(script))),
    askAtOnce: (what, script) => settled(what, run(what, scriptSeconds, send, frameOf(script))),
    get isIdle() {
      return waiting === 0;
    },
  };
}

/** A here-document of this text, to follow a command on the same line: the text never passes an argv. */
export function hereDocument(text: string): string {
  const end = `longshore-${randomBytes(12).toString('hex')}`;
  return `<<'${end}'\n${text.endsWith('\n') || text === '' ? text : `${text}\n`}${end}\n`;
}

/** Shell commands that write exactly this text to stdout. */
export function printText(text: string): string {
  if (text === '') return ':\n';
  if (text.endsWith('\n')) return `cat ${hereDocument(text)}`;
  // A here-document always ends with a newline; a command substitution takes it away, and printf is no process of its own.
  return `printf %s "$(cat ${hereDocument(text)})"\n`;
}
