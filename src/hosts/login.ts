import ssh2, { type AuthHandlerMiddleware, type Client } from 'ssh2';
import { Failure, messageOf } from '../errors.ts';
import { type HostKeyCheck, hostKeyCheck } from './host-keys.ts';
import { type AskSecret, type KeyOffers, keyOffers } from './keys.ts';
import { type Way, reachByCommand, reachDirectly, reachThrough, unreachable } from './reach.ts';
import { type Turns, turns } from './turns.ts';
import { type Asked, type SshSettings, sshSettings } from './ssh-settings.ts';

export interface LoginRequest {
  /** As written in the config. */
  name: string;
  ssh: Asked;
  acceptNewHostKeys: boolean;
  env: Readonly<Record<string, string | undefined>>;
  askSecret?: AskSecret | undefined;
  signal: AbortSignal;
}

const reachSeconds = 10;
const handshakeSeconds = 10;
/** sshd drops some connections while more than ten are not logged in yet (MaxStartups 10:30:100). */
const handshakesAtOnce = 8;
const attempts = 6;

/** Logs in to one machine, through its jump hosts. @throws Failure that says which of the many ways it went wrong */
export async function logIn(request: LoginRequest): Promise<{ client: Client; way: Way; settings: SshSettings }> {
  const settings = await sshSettings(request.name, request.ssh, request.env);
  return { ...(await logInWith(request, settings)), settings };
}

async function logInWith(request: LoginRequest, settings: SshSettings): Promise<{ client: Client; way: Way }> {
  const check = hostKeyCheck({
    name: request.name,
    keyName: settings.keyName,
    address: settings.address,
    port: settings.port,
    user: settings.user,
    userFiles: settings.userKnownHosts,
    globalFiles: settings.globalKnownHosts,
    acceptNew: request.acceptNewHostKeys || settings.acceptsNewKeys,
  });
  const sshd = [...settings.jumps, `${settings.address}:${settings.port}`].join(' ');
  let lookups = 0;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await turnsAt(sshd)(async () => {
        const way = await reach(request, settings);
        const offers = await keyOffers(settings, request.askSecret);
        return { client: await handshake({ request, settings, check, way, offers }), way };
      });
    } catch (error) {
      if (isUnresolved(error) && lookups < (request.ssh.dnsRetries ?? 0) && !request.signal.aborted) {
        await pauseAbout(Math.min(100 * 2 ** lookups, 2000));
        lookups += 1;
        continue;
      }
      if (attempt === attempts || request.signal.aborted || !isDropped(error)) throw error;
      await pauseAbout(200 * attempt);
    }
  }
}

const turnsOf = new Map<string, Turns>();

function turnsAt(sshd: string): Turns {
  const known = turnsOf.get(sshd) ?? turns(handshakesAtOnce);
  turnsOf.set(sshd, known);
  return known;
}

async function reach(request: LoginRequest, settings: SshSettings): Promise<Way> {
  if (settings.proxyCommand !== undefined) return reachByCommand(request.name, settings.proxyCommand, settings);
  const jump = settings.jumps.at(-1);
  // `Host *` with a ProxyJump covers the jump host too, which is no way to itself.
  if (jump === undefined || hostOf(jump) === request.name) return reachDirectly(request.name, settings, reachSeconds);
  return reachThrough(request.name, await logInToJump(request, jump, settings.jumps.slice(0, -1)), settings);
}

async function logInToJump(request: LoginRequest, jump: string, before: readonly string[]): Promise<Client> {
  const [, user, , , port] = jumpPattern.exec(jump) ?? [];
  const { proxy: _proxy, proxyCommand: _command, user: _user, port: _port, ...ssh } = request.ssh;
  const asked: Asked = {
    ...ssh,
    ...(user === undefined ? {} : { user }),
    ...(port === undefined ? {} : { port: Number(port) }),
    ...(before.length === 0 ? {} : { proxy: before.join(',') }),
  };
  return (await logIn({ ...request, name: hostOf(jump), ssh: asked })).client;
}

const jumpPattern = /^(?:ssh:\/\/)?(?:(.+)@)?(?:\[(.+)\]|([^:]+))(?::(\d+))?$/;

function hostOf(jump: string): string {
  const match = jumpPattern.exec(jump);
  return match?.[2] ?? match?.[3] ?? jump;
}

interface Handshake {
  request: LoginRequest;
  settings: SshSettings;
  check: HostKeyCheck;
  way: Way;
  offers: KeyOffers;
}

function handshake({ request, settings, check, way, offers }: Handshake): Promise<Client> {
  const client = new ssh2.Client();
  return new Promise<Client>((resolve, reject) => {
    const fail = (failure: Failure) => {
      request.signal.removeEventListener('abort', interrupt);
      client.destroy();
      way.close();
      reject(check.refusal() ?? failure);
    };
    const interrupt = () => fail(new Failure('interrupted', `Interrupted while connecting to ${request.name}.`));
    if (request.signal.aborted) return interrupt();
    request.signal.addEventListener('abort', interrupt, { once: true });
    client.once('ready', () => {
      request.signal.removeEventListener('abort', interrupt);
      client.removeAllListeners('error').on('error', () => undefined);
      client.once('close', () => way.close());
      resolve(client);
    });
    client.on('error', (error) => fail(failureOf(error, request, settings, offers)));
    client.once('close', () => fail(unreachable(request.name, `${settings.address}:${settings.port}`, 'it hung up')));
    client.connect({
      sock: way.stream,
      ...(settings.forwardsAgent && settings.agent !== undefined ? { agent: settings.agent } : {}),
      username: settings.user,
      authHandler: authHandler(settings.user, offers),
      hostVerifier: (key: Buffer) => check.verify(key),
      algorithms: { serverHostKey: [...check.algorithms] as never },
      // Asks only OpenSSH for its extensions otherwise, and Tailscale is not OpenSSH.
      strictVendor: false,
      readyTimeout: handshakeSeconds * 1000,
      keepaliveInterval: 5_000,
      keepaliveCountMax: 3,
    });
  });
}

function authHandler(username: string, offers: KeyOffers): AuthHandlerMiddleware {
  return (_left, _partial, answer) => {
    void offers
      .next()
      .then((offer) => answer(offer === undefined ? (false as never) : ({ ...offer, username } as never)));
  };
}

function failureOf(
  error: Error & { level?: string },
  request: LoginRequest,
  settings: SshSettings,
  offers: KeyOffers,
): Failure {
  const address = `${settings.address}:${settings.port}`;
  if (error.level === 'client-authentication') {
    return new Failure('host-login-refused', `${request.name} (${address}) does not let ${settings.user} in.`, {
      details: offers.story,
      hint: `Add the public key to ~${settings.user}/.ssh/authorized_keys there, or say another ssh.user (ssh.hosts.${request.name}.user for it alone) or ssh.keys in deploy.yml.`,
      cause: error,
    });
  }
  if (error.level === 'client-timeout')
    return unreachable(request.name, address, `its sshd did not answer within ${handshakeSeconds} s`, error);
  return unreachable(request.name, address, messageOf(error), error);
}

/** Half as long to half as long again, so that many do not come back at the same time. */
function pauseAbout(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, (0.5 + Math.random()) * milliseconds));
}

function isUnresolved(error: unknown): boolean {
  const { code } = (error instanceof Failure ? (error.cause ?? {}) : {}) as NodeJS.ErrnoException;
  return code === 'ENOTFOUND' || code === 'EAI_AGAIN';
}

function isDropped(error: unknown): boolean {
  if (!(error instanceof Failure) || error.code !== 'host-unreachable') return false;
  return /before handshake|connection reset|ECONNRESET|it hung up/i.test(
    `${error.message} ${messageOf(error.cause ?? '')}`,
  );
}
