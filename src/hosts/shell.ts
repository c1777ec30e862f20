import { randomBytes } from 'node:crypto';
import type { ClientChannel } from 'ssh2';
import { Failure } from '../errors.ts';
import type { Connection } from './connection.ts';

/** A POSIX shell on the machine that stays open and runs one script after the other. */
export interface Shell {
  /**
   * Runs a script in a subshell, in the login directory, with nothing on its stdin; scripts wait for each other.
   * @throws Failure `connection-lost` or `timed-out`; an exit status is an answer, not a failure
   */
  run(what: string, script: string, timeoutSeconds?: number): Promise<ShellResult>;
  /** As `run`, and gives its stdout. @throws also Failure `host-command-failed` with what the machine said */
  ask(what: string, script: string, timeoutSeconds?: number): Promise<string>;
  readonly isIdle: boolean;
  close(): void;
}

export interface ShellResult {
  readonly exitStatus: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Seconds a script gets when nothing else is said. */
export const scriptSeconds = 30;

/** Opens the shell ahead of its first use; when that fails, the first use says so. */
export function openShell(connection: Connection): Shell {
  let channel: Promise<ClientChannel> | undefined = open();
  let tail: Promise<unknown> = Promise.resolve();
  let waiting = 0;

  async function open(): Promise<ClientChannel> {
    // `exec` replaces the login shell, whichever it is.
    const opened = await connection.exec('exec sh');
    opened.on('error', () => undefined).stderr.on('error', () => undefined);
    opened.once('close', () => (channel = undefined));
    return opened;
  }
  channel.catch(() => (channel = undefined));

  const run: Shell['run'] = (what, script, timeoutSeconds = scriptSeconds) => {
    waiting += 1;
    const turn = tail.then(() =>
      connection.call(what, timeoutSeconds, async (signal) => {
        channel ??= open();
        const current = await channel;
        signal.addEventListener('abort', () => answered || drop(current));
        let answered = false;
        const result = await runFramed(current, script);
        answered = true;
        return result;
      }),
    );
    tail = turn.catch(() => undefined).finally(() => (waiting -= 1));
    return turn;
  };

  /** A script that did not answer in time still runs in this shell: the next one gets a new shell. */
  function drop(current: ClientChannel): void {
    channel = undefined;
    current.close();
  }

  return {
    run,
    async ask(what, script, timeoutSeconds) {
      const { exitStatus, stdout, stderr } = await run(what, script, timeoutSeconds);
      if (exitStatus === 0) return stdout;
      throw new Failure('host-command-failed', `${connection.name}: could not ${what} (exit status ${exitStatus}).`, {
        details: (stderr.trim() || stdout.trim()).split('\n').filter((line) => line !== ''),
      });
    },
    get isIdle() {
      return waiting === 0;
    },
    close() {
      void channel?.then((opened) => opened.end()).catch(() => undefined);
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

/** Runs one script and reads its two outputs between the marks before and after it. */
function runFramed(channel: ClientChannel, script: string): Promise<ShellResult> {
  const mark = `longshore-${randomBytes(12).toString('hex')}`;
  return new Promise((resolve, reject) => {
    const lost = () => reject(Object.assign(new Error('the shell ended'), { code: 'ECONNRESET' }));
    channel.once('close', lost);
    void Promise.all([between(channel, mark), between(channel.stderr, mark)]).then(([stdout, stderr]) => {
      channel.removeListener('close', lost);
      resolve({ exitStatus: Number(stdout.after), stdout: stdout.text, stderr: stderr.text });
    });
    const say = (text: string) => `printf '${text}'; printf '${text}' >&2\n`;
    // What the login shell's own start-up files print comes before the first mark.
    channel.write(`${say(`${mark}\\n`)}(\n${script}\n) </dev/null\nset -- $?\n${say(`\\n${mark} '"$1"'\\n`)}`);
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
      // Only the end can hold the last mark's line: it is short, and nothing follows it.
      tail = Buffer.concat([tail, chunk]).subarray(-(end.length + 8));
      if (tail.at(-1) !== 0x0a || !tail.includes(end)) return;
      stream.removeListener('data', onData);
      const all = Buffer.concat(chunks);
      const to = all.lastIndexOf(end);
      const from = all.indexOf(start) + start.length;
      resolve({
        text: all.subarray(from, Math.max(from, to)).toString('utf8'),
        after: all
          .subarray(to + end.length)
          .toString('utf8')
          .trim(),
      });
    };
    stream.on('data', onData);
  });
}
