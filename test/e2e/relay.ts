import { readFileSync } from 'node:fs';
import { createServer, connect, type Socket } from 'node:net';
import type { Changes } from './harness.ts';
import { sandbox } from './harness.ts';
import type { Machine } from './machines.ts';

/** The way to a machine's sshd, which can be cut. */
export interface Relay {
  readonly machine: Machine;
  readonly address: string;
  readonly port: number;
  /** Ends every connection. The next one is let through, unless the relay refuses. */
  cut(): void;
  /** From now on every connection is ended at once, until `allow`. */
  refuse(): void;
  allow(): void;
  stop(): void;
}

/** Relays from loopback addresses of their own to machines. All listen on one port, as deploy.yml names one for all machines. */
export async function startRelays(...machines: readonly Machine[]): Promise<Relay[]> {
  const [head, ...tail] = machines.map((machine) => ({
    machine,
    address: machine.loopback.replace('127.0.0.', '127.0.1.'),
  }));
  if (head === undefined) return [];
  const leader = await startRelay({ ...head, port: 0 });
  return [leader, ...(await Promise.all(tail.map((one) => startRelay({ ...one, port: leader.port }))))];
}

function startRelay({ machine, address, port }: { machine: Machine; address: string; port: number }): Promise<Relay> {
  const sockets = new Set<Socket>();
  let refusing = false;
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  const server = createServer((near) => {
    if (refusing) return near.destroy();
    const far = connect({ host: machine.loopback, port: 22 });
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      socket.setNoDelay(true);
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        other.destroy();
      });
      socket.pipe(other);
    }
    return undefined;
  });
  return new Promise((resolve) => {
    server.listen(port, address, () => {
      const listening = server.address();
      resolve({
        machine,
        address,
        port: typeof listening === 'object' ? (listening?.port ?? 0) : 0,
        cut,
        refuse() {
          refusing = true;
          cut();
        },
        allow: () => void (refusing = false),
        stop() {
          cut();
          server.close();
        },
      });
    });
  });
}

/** Files that make a project's deploys go through these relays. */
export function throughRelays(relays: readonly Relay[]): Changes {
  const known = readFileSync(sandbox['SANDBOX_KNOWN_HOSTS'] ?? '', 'utf8').split('\n');
  return {
    known_hosts: relays
      .map(({ machine, address, port }) => {
        const line = known.find((one) => one.split(' ')[0]?.split(',').includes(machine.loopback)) ?? '';
        return `[${address}]:${port} ${line.split(' ').slice(1).join(' ')}\n`;
      })
      .join(''),
    ssh_config: relays
      .map(({ machine, address }) =>
        [
          `Host ${machine.address}`,
          `  HostName ${address}`,
          `  IdentityFile ${sandbox['SANDBOX_KEY']}`,
          '  IdentitiesOnly yes',
          '  UserKnownHostsFile known_hosts',
          '  GlobalKnownHostsFile none',
          '',
        ].join('\n'),
      )
      .join(''),
    'config/deploy.yml': (text) =>
      text.replace(/config: .*ssh_config/, `config: ssh_config\n  port: ${relays[0]?.port ?? 22}`),
  };
}
