import { connect, type Socket } from 'node:net';
import type { AcceptConnection, RejectConnection, TcpConnectionDetails } from 'ssh2';
import { Failure, messageOf } from '../errors.ts';
import type { Connection } from './connection.ts';

const loopback = '127.0.0.1';
const answerSeconds = 20;

/**
 * Lets the machine reach a port of this one as its own `localhost:port`, over the SSH connection that is there.
 * @returns what ends it. @throws Failure `forwarding-refused` when nothing listens here, or sshd does not do it
 */
export async function reachBack(connection: Connection, port: number): Promise<() => void> {
  const { name, client } = connection;
  await listens(name, port);
  const onConnection = (details: TcpConnectionDetails, accept: AcceptConnection, refuse: RejectConnection): void => {
    if (details.destPort !== port) return;
    if (isOver) return refuse();
    const socket = connect({ host: loopback, port, noDelay: true });
    const channel = accept();
    socket.on('error', () => channel.destroy());
    channel.on('error', () => socket.destroy());
    channel.on('close', () => socket.destroy());
    socket.pipe(channel).pipe(socket);
  };
  let isOver = false;
  client.on('tcp connection', onConnection);
  const end = (): void => {
    isOver = true;
    // Nobody waits for the answer: what is asked later on this connection is answered later.
    try {
      client.unforwardIn(loopback, port, () => client.removeListener('tcp connection', onConnection));
    } catch {
      // The connection has ended, and the forwarding with it.
    }
  };
  try {
    await connection.call(`forward port ${port}`, answerSeconds, () => forward(connection, port));
  } catch (error) {
    client.removeListener('tcp connection', onConnection);
    throw error;
  }
  return end;
}

function forward({ name, client }: Connection, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    client.forwardIn(loopback, port, (error) => {
      if (error === undefined) return resolve();
      reject(
        new Failure(
          'forwarding-refused',
          `${name}: its sshd does not lead localhost:${port} back here: ${messageOf(error)}.`,
          {
            hint: `Either something listens on port ${port} there (look: ss -ltn), or its sshd_config says AllowTcpForwarding no or local. Another port can be given in registry.server.`,
          },
        ),
      );
    });
  });
}

/** A refused connection would only be seen as an odd answer to the machine's Docker. */
function listens(name: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket: Socket = connect({ host: loopback, port });
    socket.once('connect', () => {
      socket.destroy();
      resolve();
    });
    socket.once('error', (error) =>
      reject(
        new Failure(
          'forwarding-refused',
          `Nothing answers at localhost:${port} here, which ${name} should reach: ${error.message}`,
          {
            hint: 'Start the local registry: longshore registry setup',
          },
        ),
      ),
    );
  });
}
