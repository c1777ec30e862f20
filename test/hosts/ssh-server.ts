import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect as connectTcp, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import ssh2, { type Connection } from 'ssh2';
import { connect } from '../../src/hosts/connect.ts';
import { fingerprint } from '../../src/hosts/host-keys.ts';
import type { Host } from '../../src/hosts/host.ts';
import type { KeyText } from '../../src/hosts/ssh-settings.ts';

export interface TestServer {
  readonly port: number;
  readonly directory: string;
  readonly hostKeyFingerprint: string;
  readonly hostKeyLine: string;
  /** Counts TCP connections. */
  readonly connections: number;
  connect(options?: {
    acceptNewHostKeys?: boolean;
    keys?: string[];
    keyTexts?: readonly KeyText[];
    /** More lines of the ssh_config. */
    sshConfig?: string;
    /** Socket of an agent that is forwarded. */
    agent?: string;
    askSecret?: (question: string) => Promise<string>;
  }): Promise<Host>;
  /** Writes the known_hosts file that `connect` uses. */
  know(...lines: string[]): void;
  /** Commands of channels that asked for the agent. */
  readonly agentAskedBy: readonly string[];
  readonly knownHosts: string;
  /** Cuts every connection, as a network does that goes away with a reset. */
  cut(): void;
  close(): void;
}

export interface ServerOptions {
  /** So many TCP connections are hung up on before one is served. */
  drop?: number;
  refuseLogin?: boolean;
  /** What the login shell's start-up files print. */
  noise?: string;
  /** Unix socket of a fake engine; absent: there is none. */
  engineSocket?: string;
  /** Hears of ports that are to be led back to the client; absent: they are refused. */
  onForward?: (port: number, client: Connection) => void;
}

/** An SSH server in this process that runs commands by a real `sh`. */
export async function sshServer(options: ServerOptions = {}): Promise<TestServer> {
  const directory = mkdtempSync(join(tmpdir(), 'longshore-ssh-'));
  const hostKey = keyPair();
  const userKey = keyPair();
  writeFileSync(join(directory, 'key'), userKey.private, { mode: 0o600 });
  const known = join(directory, 'known_hosts');
  const config = join(directory, 'config');
  const rest = '  GlobalKnownHostsFile none\n  IdentityFile none\n';
  let written = '';
  const writeConfig = (lines: string) => {
    written = lines;
    writeFileSync(config, `Host *\n${lines}  UserKnownHostsFile ${known}\n${rest}`);
  };
  writeConfig('');
  const agentAskedBy: string[] = [];
  const sockets = new Set<Socket>();
  let connections = 0;
  const server = new ssh2.Server({ hostKeys: [hostKey.private] }, (client) =>
    serve(client, { options, directory, agentAskedBy }),
  );
  (server as unknown as { _srv: NodeJS.EventEmitter })._srv.prependListener('connection', (socket: Socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on('error', () => undefined);
    if (connections <= (options.drop ?? 0)) socket.destroy();
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  const [type = '', key = ''] = hostKey.public.split(' ');
  const hostKeyLine = `[127.0.0.1]:${port} ${type} ${key}`;
  const know = (...lines: string[]) => writeFileSync(known, lines.map((line) => `${line}\n`).join(''));
  know(hostKeyLine);
  return {
    port,
    directory,
    hostKeyLine,
    hostKeyFingerprint: fingerprint(Buffer.from(key, 'base64')),
    knownHosts: known,
    get connections() {
      return connections;
    },
    know,
    agentAskedBy,
    connect: ({ acceptNewHostKeys = false, keys, keyTexts = [], sshConfig = '', agent, askSecret } = {}) => {
      // Only when it is another: somebody else may be reading it.
      if (sshConfig !== written) writeConfig(sshConfig);
      return connect({
        name: '127.0.0.1',
        ssh: {
          ...{ user: 'deploy', port, keysOnly: true, config: [config], forwardAgent: agent !== undefined },
          keys: keys ?? [join(directory, 'key')],
          keyTexts,
        },
        acceptNewHostKeys,
        env: { PATH: process.env['PATH'], ...(agent === undefined ? {} : { SSH_AUTH_SOCK: agent }) },
        ...(askSecret === undefined ? {} : { askSecret }),
        signal: new AbortController().signal,
      });
    },
    cut() {
      for (const socket of sockets) socket.resetAndDestroy();
    },
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** ssh2 writes an ed25519 key that it cannot read itself now and then. */
export function keyPair(options: { passphrase?: string; cipher?: string; rounds?: number } = {}): {
  public: string;
  private: string;
} {
  for (;;) {
    const pair = ssh2.utils.generateKeyPairSync('ed25519', options as never);
    if (!(ssh2.utils.parseKey(pair.private, options.passphrase) instanceof Error)) return pair;
  }
}

interface Served {
  readonly options: ServerOptions;
  readonly directory: string;
  readonly agentAskedBy: string[];
}

function serve(client: Connection, { options, directory, agentAskedBy }: Served): void {
  client.on('error', () => undefined);
  client.on('authentication', (attempt) => {
    if (options.refuseLogin !== true && attempt.method === 'publickey') attempt.accept();
    else attempt.reject(['publickey']);
  });
  client.on('request', (accept, reject, name, info) => {
    const { bindPort } = info as { bindPort: number };
    if (options.onForward === undefined) return reject?.();
    accept?.();
    if (name === 'tcpip-forward') options.onForward(bindPort, client);
  });
  client.on('session', (accept) => {
    const session = accept();
    let asksForAgent = false;
    session.on('auth-agent', (acceptAgent) => {
      asksForAgent = true;
      acceptAgent?.();
    });
    session.on('exec', (acceptExec, _reject, { command }) => {
      if (asksForAgent) agentAskedBy.push(command);
      const channel = acceptExec();
      if (options.noise !== undefined) channel.write(options.noise);
      const child = spawn('sh', ['-c', command], { cwd: directory });
      channel.pipe(child.stdin);
      child.stdin.on('error', () => undefined);
      child.stdout.pipe(channel, { end: false });
      child.stderr.pipe(channel.stderr, { end: false });
      child.on('close', (status) => {
        channel.exit(status ?? 255);
        channel.end();
      });
      channel.on('close', () => child.kill());
    });
  });
  client.on('openssh.streamlocal' as 'tcpip', (accept: () => NodeJS.ReadWriteStream, reject: () => void) => {
    if (options.engineSocket === undefined) return reject();
    const channel = accept();
    const engine = connectTcp(options.engineSocket);
    engine.on('error', () => undefined);
    channel.pipe(engine).pipe(channel);
  });
}
