import { randomBytes } from 'node:crypto';
import type { ClientChannel } from 'ssh2';
import { Failure } from '../errors.ts';
import type { Connection } from './connection.ts';

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

export interface ShellResult {
  readonly exitStatus: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Seconds a script gets when nothing else is said. */
export const scriptSeconds = 30;

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

  function run(what: string, timeoutSeconds: number, start: (frame: Frame) => Promise<ClientChannel>, frame: Frame) {
    waiting += 1;
    return connection
      .call(what, timeoutSeconds, async (signal) => {
        let isAnswered = false;
        // Sent as soon as the one before is, not when it is answered: the shell itself takes them one after the other.
        const sent = tail.then(() => start(frame));
        tail = sent.catch(() => undefined);
        const opened = await sent;
        const opening = channel;
        // A script that did not answer in time still runs in this shell, which is closed only when it has ended: the next one gets a new shell.
        signal.addEventListener('abort', () => {
          if (isAnswered) return;
          forget(opening);
          opened.close();
        });
        const result = await answerOf(opened, frame);
        isAnswered = true;
        return result;
      })
      .finally(() => (waiting -= 1));
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

interface Frame {
  readonly mark: string;
  readonly text: string;
}

/**
 * A script with marks before and after it on both outputs; the last one says its exit status. One that waited for its turn is not begun
 * when the connection has ended meanwhile: that is the end of the shell's parent, where this user may ask about it.
 */
function frameOf(script: string): Frame {
  const mark = `longshore-${randomBytes(12).toString('hex')}`;
  const say = (text: string) => `printf '${text}'; printf '${text}' >&2\n`;
  // What the login shell's own start-up files print comes before the first mark.
  return {
    mark,
    text: `${endWithConnection}${say(`${mark}\\n`)}(\n${script}\n) </dev/null\nset -- $?\n${say(`\\n${mark} '"$1"'\\n`)}`,
  };
}

const endWithConnection = `: "\${parent:=$(kill -0 $PPID 2>/dev/null && echo seen || echo unseen)}"
[ "$parent" = unseen ] || kill -0 $PPID 2>/dev/null || exit
`;

/** A command that runs a frame and goes on as a shell, in characters that mean the same to every login shell. */
function commandOf({ text }: Frame): string {
  return `exec sh -c 'eval "$(printf %b "${octal(text)}")"; exec sh'`;
}

/** A command that runs a script, and leaves its stdin to that, in characters that mean the same to every login shell. */
export function inAnyShell(script: string): string {
  return `exec sh -c 'eval "$(printf %b "${octal(script)}")"'`;
}

function octal(text: string): string {
  return [...Buffer.from(text, 'utf8')].map((byte) => `\\0${byte.toString(8).padStart(3, '0')}`).join('');
}

function answerOf(channel: ClientChannel, { mark }: Frame): Promise<ShellResult> {
  return new Promise((resolve, reject) => {
    const lost = () => reject(Object.assign(new Error('the shell ended'), { code: 'ECONNRESET' }));
    channel.once('close', lost);
    void Promise.all([between(channel, mark), between(channel.stderr, mark)]).then(([stdout, stderr]) => {
      channel.removeListener('close', lost);
      resolve({ exitStatus: Number(stdout.after), stdout: stdout.text, stderr: stderr.text });
    });
  });
}

/** The text between two lines of marks, and what the second line says after its mark. */
function between(stream: NodeJS.ReadableStream, mark: string): Promise<{ text: string; after: string }> {
  const start = Buffer.from(`${mark}\n`);
  const end = Buffer.from(`\n${mark} `);
  const chunks: Buffer[] = [];
  let tail: Buffer = Buffer.alloc(0);
  return new Promise((resolve) => {
    const onData = (chunk: Buffer) => {
      chunks.push(chunk);
      // The last mark's line is short, so it lies in what was just received and a little of what came before.
      const window = Buffer.concat([tail, chunk]);
      tail = window.subarray(-(end.length + 8));
      const at = window.indexOf(end);
      if (at === -1 || !window.includes('\n', at + end.length)) return;
      stream.removeListener('data', onData);
      const all = Buffer.concat(chunks);
      const to = all.indexOf(end);
      const from = all.indexOf(start) + start.length;
      const after = all.subarray(to + end.length, all.indexOf('\n', to + end.length)).toString('utf8');
      resolve({ text: all.subarray(from, Math.max(from, to)).toString('utf8'), after });
    };
    stream.on('data', onData);
  });
}
