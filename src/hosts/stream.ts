import { randomBytes } from 'node:crypto';
import { constants } from 'node:os';
import { type Readable, Transform, type Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import type { ClientChannel } from 'ssh2';
import { type Connection, exitStatusOf } from './connection.ts';
import type { DockerWay } from './docker-channels.ts';
import { inAnyShell } from './shell-frames.ts';
import { mainScript, watchScript } from './stream-scripts.ts';

/** What is shown while it happens, of a container or of the machine itself. */
export type Streamed =
  /** A line for the login shell of the machine, whether it has Docker or not. */
  | { readonly kind: 'line'; readonly line: string }
  /** A command in a running container. */
  | { readonly kind: 'exec'; readonly container: string; readonly words: readonly string[] }
  /** A container of its own, which `prepare` makes once the machine watches over it; it is gone afterwards. */
  | { readonly kind: 'start'; readonly container: string; readonly prepare: () => Promise<unknown> }
  /** Its log, with these options of `docker logs`; `grep`: only what the machine's grep finds, asked by these words. */
  | {
      readonly kind: 'logs';
      readonly container: string;
      readonly options: readonly string[];
      readonly grep?: readonly string[];
    };

export interface StreamRun {
  readonly streamed: Streamed;
  /** Handed over to its end; absent: there is nothing to read. */
  readonly stdin?: Readable;
  /** Absent: what runs there has no terminal. */
  readonly terminal?: Terminal;
  /** Both are ended when everything has been written; one that fails ends what runs there. */
  readonly stdout: Writable;
  readonly stderr: Writable;
  /** TERM to what runs there, then KILL. */
  readonly signal: AbortSignal;
}

/** The terminal here, of which there is one over there for the time being. */
export interface Terminal {
  /** `xterm-256color` */
  readonly type: string;
  size(): { readonly rows: number; readonly columns: number };
  onResize(listener: () => void): () => void;
  /** Every key is handed over as it is, until the answer is called. */
  takeKeys(): () => void;
}

/** As long as a timer goes, which is weeks. */
const noLimitSeconds = 2_000_000;
/** How long the machine may take to say that what was ended is gone. */
const farewellMilliseconds = 15_000;
const brokenPipe = 128 + constants.signals.SIGPIPE;

/**
 * Runs `docker exec`, `docker start --attach`, `docker logs` or a line on a channel of its own. A second channel is the lifeline: when it
 * ends without a word, because of the signal or with the connection, the machine ends what runs there, which neither Docker nor sshd
 * does when its client goes away.
 * @param docker how Docker is called there; asked only for what needs it. @returns its exit status, 128 + n for a signal. @throws Failure `connection-lost`
 */
export async function stream(
  connection: Connection,
  docker: () => Promise<DockerWay>,
  run: StreamRun,
): Promise<number> {
  const { streamed } = run;
  const what = streamed.kind === 'line' ? 'run a line' : `${streamed.kind} ${streamed.container}`;
  const command = streamed.kind === 'line' ? '' : (await docker()).command;
  const mark = `longshore-${randomBytes(12).toString('hex')}`;
  return connection.call(what, noLimitSeconds, async () => {
    const opening = watchOver(connection, watchScript(streamed, { command, mark }));
    if (streamed.kind === 'start') {
      await opening;
      await streamed.prepare();
    }
    const script = mainScript(streamed, {
      command,
      mark,
      stdin: run.stdin !== undefined,
      terminal: run.terminal !== undefined,
    });
    // A short command may be over before the lifeline is there, so its end is listened for at once.
    const main = openMain(connection, script, run).then((channel) => ({ channel, ended: exitOf(channel) }));
    const [watch, { channel, ended }] = await Promise.all([opening, main]);
    return follow({ channel, ended, watch, mark, run });
  });
}

interface Watch {
  /** Nothing is to be ended any more. */
  dismiss(): void;
  /** Ends what runs. Resolves when the machine has done so, or takes too long. */
  stop(): Promise<void>;
}

async function watchOver(connection: Connection, script: string): Promise<Watch> {
  const channel = await connection.exec(inAnyShell(script));
  channel.on('error', () => undefined).resume();
  channel.stderr.resume();
  const gone = new Promise<void>((resolve) => void channel.once('close', () => resolve()));
  let isOver = false;
  return {
    dismiss() {
      if (!isOver) channel.end('over\n');
      isOver = true;
    },
    async stop() {
      if (!isOver) channel.end();
      isOver = true;
      await Promise.race([gone, pause(farewellMilliseconds)]);
    },
  };
}

function openMain(connection: Connection, script: string, { terminal }: StreamRun): Promise<ClientChannel> {
  if (terminal === undefined) return connection.exec(inAnyShell(script));
  const { rows, columns } = terminal.size();
  return connection.exec(inAnyShell(script), { term: terminal.type, rows, cols: columns, width: 0, height: 0 });
}

interface Following {
  readonly channel: ClientChannel;
  readonly ended: Promise<number | undefined>;
  readonly watch: Watch;
  readonly mark: string;
  readonly run: StreamRun;
}

async function follow({ channel, ended, watch, mark, run }: Following): Promise<number> {
  let isReaderGone = false;
  let stopping: Promise<void> | undefined;
  const stop = () => {
    stopping ??= watch.stop().finally(() => channel.close());
  };
  const written = writeOut({ channel, mark, run }, () => {
    isReaderGone = true;
    stop();
  });
  run.signal.addEventListener('abort', stop, { once: true });
  const leaveTerminal = shareTerminal(channel, run);
  try {
    if (run.signal.aborted) stop();
    const exitStatus = await ended;
    await written;
    if (isReaderGone) return brokenPipe;
    if (exitStatus !== undefined) return exitStatus;
    if (stopping !== undefined) return 128 + constants.signals.SIGTERM;
    throw Object.assign(new Error('it was cut off'), { code: 'ECONNRESET' });
  } finally {
    run.signal.removeEventListener('abort', stop);
    leaveTerminal();
    await stopping;
    watch.dismiss();
  }
}

/** Both outputs go on at the speed of whoever reads them here. */
async function writeOut({ channel, mark, run }: Omit<Following, 'watch' | 'ended'>, onGone: () => void): Promise<void> {
  // What the login shell's own start-up files print comes before the mark; a terminal has but one output.
  const errors = run.terminal === undefined ? channel.stderr.pipe(after(mark)) : channel.stderr;
  await Promise.all(
    [channel.pipe(after(mark)).pipe(run.stdout), errors.pipe(run.stderr)].map((output) =>
      finished(output).catch(() => {
        onGone();
        channel.resume();
        channel.stderr.resume();
      }),
    ),
  );
}

/** Hands over keys or a pipe's bytes, and the size of the window. @returns what ends it */
function shareTerminal(channel: ClientChannel, { stdin, terminal }: StreamRun): () => void {
  const giveBack = terminal?.takeKeys();
  const stopListening = terminal?.onResize(() => {
    const { rows, columns } = terminal.size();
    channel.setWindow(rows, columns, 0, 0);
  });
  if (stdin === undefined) channel.end();
  else stdin.pipe(channel);
  return () => {
    stdin?.unpipe(channel);
    stopListening?.();
    giveBack?.();
  };
}

/** Undefined when the channel ended without saying it. */
function exitOf(channel: ClientChannel): Promise<number | undefined> {
  channel.on('error', () => undefined);
  return new Promise((resolve) => void channel.once('close', () => resolve(exitStatusOf(channel))));
}

/** Everything behind the mark; all of it when there is none, for it says why. */
function after(mark: string): Transform {
  let held: Buffer | undefined = Buffer.alloc(0);
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      if (held === undefined) return done(null, chunk);
      held = Buffer.concat([held, chunk]);
      const at = held.indexOf(mark);
      if (at < 0) return done();
      const rest = held.subarray(at + mark.length);
      held = undefined;
      done(null, rest);
    },
    flush(done) {
      done(null, held);
    },
  });
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, milliseconds).unref());
}
