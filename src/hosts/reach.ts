import { spawn } from 'node:child_process';
import { connect as connectTcp } from 'node:net';
import { Duplex } from 'node:stream';
import type { Client } from 'ssh2';
import { Failure, messageOf } from '../errors.ts';
import type { SshSettings } from './ssh-settings.ts';

export interface Way {
  /** The bytes to and from the machine's sshd. */
  readonly stream: Duplex;
  /** Ends what the stream runs through. */
  close(): void;
}

/** Connects straight to the machine. @throws Failure `host-unreachable` */
export function reachDirectly(name: string, { address, port }: SshSettings, timeoutSeconds: number): Promise<Way> {
  return new Promise((resolve, reject) => {
    // Without TCP_NODELAY every small request waits 40 ms for the one before it.
    const socket = connectTcp({ host: address, port, noDelay: true });
    const fail = (why: string, cause?: unknown) => {
      socket.destroy();
      reject(unreachable(name, `${address}:${port}`, why, cause));
    };
    const timer = setTimeout(() => fail(`no answer within ${timeoutSeconds} s`), timeoutSeconds * 1000);
    socket.once('error', (error) => {
      clearTimeout(timer);
      fail(reasonOf(error), error);
    });
    socket.once('connect', () => {
      clearTimeout(timer);
      socket.removeAllListeners('error').on('error', () => undefined);
      resolve({ stream: socket, close: () => socket.destroy() });
    });
  });
}

/** Connects from a jump host that is logged in to already. @throws Failure `host-unreachable` */
export function reachThrough(name: string, jump: Client, { address, port }: SshSettings): Promise<Way> {
  return new Promise((resolve, reject) => {
    jump.forwardOut('127.0.0.1', 0, address, port, (error, channel) => {
      if (error) reject(unreachable(name, `${address}:${port}`, `the jump host says: ${error.message}`));
      else resolve({ stream: channel, close: () => jump.end() });
    });
  });
}

/** Connects through a command that speaks with the machine on its stdin and stdout. */
export function reachByCommand(name: string, command: string, settings: SshSettings): Way {
  const tokens: Record<string, string> = {
    '%%': '%',
    '%h': settings.address,
    '%n': name,
    '%p': String(settings.port),
    '%r': settings.user,
  };
  const line = command.replace(/%[%hnpr]/g, (token) => tokens[token] ?? token);
  const child = spawn('sh', ['-c', `exec ${line}`], { stdio: ['pipe', 'pipe', 'inherit'] });
  child.on('error', () => undefined);
  child.stdin.on('error', () => undefined);
  return { stream: Duplex.from({ readable: child.stdout, writable: child.stdin }), close: () => child.kill() };
}

export function unreachable(name: string, address: string, why: string, cause?: unknown): Failure {
  return new Failure('host-unreachable', `${name} cannot be reached at ${address}: ${why}.`, {
    hint: `Is the machine up, and does its sshd listen there? Try: ssh ${name}`,
    cause,
  });
}

function reasonOf(error: NodeJS.ErrnoException): string {
  const reasons: Record<string, string> = {
    ECONNREFUSED: 'connection refused',
    ENOTFOUND: 'no such name in DNS',
    EAI_AGAIN: 'DNS does not answer',
    ETIMEDOUT: 'no answer',
    EHOSTUNREACH: 'no route to it',
    ENETUNREACH: 'no network to it',
    ECONNRESET: 'connection reset',
  };
  return reasons[error.code ?? ''] ?? messageOf(error);
}
