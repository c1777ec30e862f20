import { constants } from 'node:os';
import type { Client, ClientChannel, ExecOptions, PseudoTtyOptions } from 'ssh2';
import { Failure, messageOf } from '../errors.ts';
import type { Way } from './reach.ts';

/** One SSH connection that is logged in, and the promise that no call on it waits for ever. */
export interface Connection {
  readonly name: string;
  readonly user: string;
  readonly client: Client;
  /** Resolves when the connection has ended, for whatever reason. */
  readonly closed: Promise<void>;
  /**
   * Runs one call against the machine, and gives up when the connection ends or the time is over.
   * @throws Failure `connection-lost`, `timed-out`, or what the call threw
   */
  call<T>(what: string, timeoutSeconds: number, work: (signal: AbortSignal) => Promise<T>): Promise<T>;
  /** Starts a command on a channel of its own: with this machine's ssh agent, where the file allows that, or on a terminal. */
  exec(command: string, having?: 'with-agent' | PseudoTtyOptions): Promise<ClientChannel>;
  close(): Promise<void>;
}

/** Two round trips over the slowest of links, so that a connection that has just died is seen as that. */
const closingMilliseconds = 500;

export function connectionOf({
  name,
  user,
  client,
  way,
  forwardsAgent,
}: {
  name: string;
  user: string;
  client: Client;
  way: Way;
  forwardsAgent: boolean;
}): Connection {
  let isClosed = false;
  const closed = new Promise<void>((resolve) => {
    client.once('close', () => {
      isClosed = true;
      resolve();
    });
  });

  const lost = (what: string, cause?: unknown) =>
    new Failure('connection-lost', `The connection to ${name} was lost: ${what}.`, {
      hint: 'Whether that still happened is not known. Run the command again: it looks at the machine first and does what is left.',
      cause,
    });

  return {
    name,
    user,
    client,
    closed,
    async call(what, timeoutSeconds, work) {
      if (isClosed) throw lost(what);
      const controller = new AbortController();
      let timer: NodeJS.Timeout | undefined;
      const timeout = new Promise<never>((_, reject) => {
        timer = setTimeout(() => {
          reject(
            new Failure('timed-out', `${name} did not answer within ${timeoutSeconds} s: ${what}.`, {
              hint: 'Whether it still happens is not known. Run the command again: it looks at the machine first.',
            }),
          );
        }, timeoutSeconds * 1000);
      });
      const end = closed.then(() => Promise.reject(lost(what)));
      try {
        return await Promise.race([work(controller.signal), timeout, end]);
      } catch (error) {
        if (error instanceof Failure) throw error;
        if (!isBroken(error)) throw error;
        // A broken stream is how the end of the connection is seen first.
        const waited = new Promise((resolve) => void setTimeout(resolve, closingMilliseconds).unref());
        await Promise.race([closed, waited]);
        throw lost(`${what} (${messageOf(error)})`, error);
      } finally {
        clearTimeout(timer);
        controller.abort();
        end.catch(() => undefined);
        timeout.catch(() => undefined);
      }
    },
    exec(command, having) {
      const agentForward = having === 'with-agent' && forwardsAgent;
      // Of ssh2's options its types do not know this one.
      const options = { agentForward, ...(typeof having === 'object' ? { pty: having } : {}) } as ExecOptions;
      return new Promise((resolve, reject) => {
        // ssh2 throws at once when the connection has ended.
        client.exec(command, options, (error, channel) => (error ? reject(error) : resolve(listening(channel))));
      });
    },
    async close() {
      client.end();
      // The goodbye is on its way; waiting for the answer would cost a round trip.
      if ('unref' in way.stream && typeof way.stream.unref === 'function') way.stream.unref();
    },
  };
}

const exitStatuses = new WeakMap<ClientChannel, number>();

/** Listens before anybody else can: what a short command said of its end may have come in the same packet as its beginning. */
function listening(channel: ClientChannel): ClientChannel {
  channel.on('exit', (code: number | null, signal?: string) => {
    const signalled = 128 + (constants.signals[`SIG${(signal ?? '').replace(/^SIG/, '')}` as 'SIGTERM'] ?? 0);
    exitStatuses.set(channel, code ?? signalled);
  });
  return channel;
}

/** Of a command whose channel has closed, 128 + n for a signal; undefined when it closed without saying it. */
export function exitStatusOf(channel: ClientChannel): number | undefined {
  return exitStatuses.get(channel);
}

/** Errors of streams and sockets, as against answers of the machine. */
export function isBroken(error: unknown): boolean {
  const { code, message = '' } = error as { code?: string; message?: string };
  if (['ECONNRESET', 'EPIPE', 'ECONNABORTED', 'ERR_STREAM_PREMATURE_CLOSE', 'ABORT_ERR'].includes(code ?? ''))
    return true;
  return /not connected|socket hang up|aborted|no response from server|channel open failure|unable to exec/i.test(
    message,
  );
}
