import { isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectByTls } from 'node:tls';
import type { ClientChannel } from 'ssh2';
import { Failure } from '../errors.ts';
import { quote, quoteAll } from '../processes/quote.ts';
import type { Connection } from './connection.ts';
import type { Probe, ProbeAnswer } from './host.ts';
import type { Shell } from './shell.ts';

/** SSH's own numbers (RFC 4254, section 5.1): the machine refuses to forward at all, or nothing answered there. */
const administrativelyProhibited = 1;
const connectFailed = 2;

/**
 * Asks on the machine whether something listens at an address of its networks: through the SSH connection, so that nothing is started
 * there; where its sshd refuses to forward, by the machine's own shell. @throws Failure `connection-lost`
 */
export async function probe(connection: Connection, shell: Shell, wanted: Probe): Promise<ProbeAnswer> {
  const { address, port, timeoutSeconds } = wanted;
  return connection.call(`ask ${address}:${port}`, timeoutSeconds + 15, async (signal) => {
    const channel = await open(connection, wanted, signal);
    if (channel === 'refused') return { answers: false };
    if (channel === 'prohibited') return byShell(shell, wanted);
    channel.on('error', () => undefined);
    try {
      if (wanted.path === undefined) return { answers: true };
      return await statusOf(wanted.scheme === 'https' ? byTls(channel, wanted) : channel, wanted, wanted.path);
    } finally {
      channel.destroy();
    }
  });
}

async function open(
  { client }: Connection,
  { address, port, timeoutSeconds }: Probe,
  signal: AbortSignal,
): Promise<ClientChannel | 'refused' | 'prohibited'> {
  const opening = new Promise<ClientChannel | 'refused' | 'prohibited'>((resolve, reject) => {
    client.forwardOut('127.0.0.1', 0, address, port, (error: (Error & { reason?: number }) | undefined, channel) => {
      if (error === undefined) resolve(channel);
      else if (error.reason === connectFailed) resolve('refused');
      else if (error.reason === administrativelyProhibited) resolve('prohibited');
      else reject(error);
    });
  });
  // One that opens after all is of no use to anybody.
  const late = () =>
    void opening.then(
      (channel) => typeof channel === 'object' && channel.destroy(),
      () => undefined,
    );
  return Promise.race([opening, after(timeoutSeconds, signal).then(() => (late(), 'refused' as const))]);
}

/** Nobody in between can say whose certificate it should be: the machine asks itself, by its own address. */
function byTls(channel: ClientChannel, { address, host = address }: Probe): Duplex {
  const socket = connectByTls({
    socket: channel,
    rejectUnauthorized: false,
    ...(isIP(host) === 0 ? { servername: host.replace(/:\d+$/, '') } : {}),
  });
  return socket.on('error', () => socket.destroy());
}

function statusOf(
  channel: Duplex,
  { address, host = address, timeoutSeconds }: Probe,
  path: string,
): Promise<ProbeAnswer> {
  return new Promise((resolve) => {
    let said = '';
    const timer = setTimeout(() => resolve({ answers: false }), timeoutSeconds * 1000);
    const done = (answer: ProbeAnswer) => {
      clearTimeout(timer);
      resolve(answer);
    };
    channel.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      const status = /^HTTP\/1\.[01] (\d{3})\b/.exec(said)?.[1];
      if (status !== undefined) done({ answers: true, status: Number(status) });
      else if (said.length > 1024) done({ answers: false });
    });
    channel.on('close', () => done({ answers: false }));
    channel.write(request(host, path));
  });
}

function request(host: string, path: string): string {
  return `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nUser-Agent: longshore\r\nConnection: close\r\n\r\n`;
}

async function byShell(shell: Shell, probed: Probe): Promise<ProbeAnswer> {
  const { address, port, path, timeoutSeconds } = probed;
  const script = path === undefined ? connectScript(probed) : requestScript(probed, path);
  const said = (await shell.ask(`ask ${address}:${port}`, script, timeoutSeconds + 10)).trim();
  if (said === 'unable') {
    throw new Failure('host-command-failed', `Nothing on the machine can ask ${address}:${port}`, {
      hint: 'Allow TCP forwarding in its sshd (AllowTcpForwarding), or install curl there.',
    });
  }
  if (path === undefined) return { answers: said === 'open' };
  const status = Number(/^status (\d{3})$/.exec(said)?.[1] ?? 0);
  return status === 0 ? { answers: false } : { answers: true, status };
}

function connectScript({ address, port, timeoutSeconds }: Probe): string {
  const [seconds, host] = [Math.ceil(timeoutSeconds), quote(address)];
  return `if command -v nc >/dev/null 2>&1; then nc -z -w ${seconds} ${host} ${port} && echo open
elif command -v bash >/dev/null 2>&1; then timeout ${seconds} bash -c 'exec 3<>"/dev/tcp/$0/$1"' ${host} ${port} 2>/dev/null && echo open
else echo unable; fi; :`;
}

/** Without curl, bash speaks HTTP well enough, but no TLS. */
function requestScript(
  { address, port, timeoutSeconds, scheme = 'http', host = address }: Probe,
  path: string,
): string {
  const seconds = Math.ceil(timeoutSeconds);
  const name = host.replace(/:\d+$/, '');
  const place = isIP(address) === 6 ? `[${address}]` : address;
  const words = ['--connect-to', `::${place}:${port}`, '-H', `Host: ${host}`];
  const curl = `curl -sk -o /dev/null -w 'status %{http_code}' --max-time ${seconds} ${quoteAll([...words, `${scheme}://${name}:${port}${path}`])}`;
  const bash = `timeout ${seconds} bash -c 'exec 3<>"/dev/tcp/$0/$1"; printf %s "$2" >&3; read -r _ status _ <&3; echo "status $status"' ${quoteAll([address, String(port), request(host, path)])} 2>/dev/null`;
  const withoutCurl =
    scheme === 'https' ? 'else echo unable' : `elif command -v bash >/dev/null 2>&1; then ${bash}\nelse echo unable`;
  return `if command -v curl >/dev/null 2>&1; then ${curl}\n${withoutCurl}; fi; :`;
}

function after(seconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, seconds * 1000);
    signal.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true });
  });
}
