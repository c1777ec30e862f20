import { randomBytes } from 'node:crypto';
import { Agent } from 'node:http';
import type { Duplex } from 'node:stream';
import type { ClientChannel } from 'ssh2';
import { Failure, messageOf } from '../errors.ts';
import { quote } from '../processes/quote.ts';
import type { Connection } from './connection.ts';
import type { Shell } from './shell.ts';
import { type Turns, turns } from './turns.ts';

/** How this machine lets us speak with its Docker Engine. */
export interface DockerWay {
  open(): Promise<ClientChannel>;
  /** What `docker` is called in a script there. */
  readonly command: string;
  /** Requests that may be under way at once. */
  readonly inTurn: Turns;
}

export interface DockerChannels {
  /** For requests that are made once `way` is known. */
  readonly agent: Agent;
  /** @throws Failure `host-without-docker` that says what is missing */
  way(): Promise<DockerWay>;
}

const usualSocket = '/var/run/docker.sock';
/** So many first requests travel together, in one round trip. */
const openedAhead = 12;
/** sshd allows ten sessions on a connection, and shells and hooks need theirs. A channel to a socket is no session. */
const dialsAtOnce = 4;

/** Channels to the machine's Docker Engine, some of them opened before they are needed. */
export function dockerChannels(connection: Connection, shell: Shell): DockerChannels {
  const overSocket = (path: string, command: string): DockerWay => ({
    command,
    open: () => openSocket(connection, path),
    inTurn: (work) => work(),
  });
  const usual = overSocket(usualSocket, 'docker');
  const ready = Array.from({ length: openedAhead }, () => usual.open());
  for (const opening of ready) opening.catch(() => undefined);
  let found: Promise<DockerWay> | undefined;

  /** Socket forwarding refused and no socket look the same from here, so the machine is asked once. */
  const way = () =>
    (found ??= Promise.any(ready).then(
      () => usual,
      () => probe(connection, shell, overSocket),
    ));

  async function take(): Promise<ClientChannel> {
    for (let next = ready.shift(); next !== undefined; next = ready.shift()) {
      const channel = await next.catch(() => undefined);
      if (channel?.writable === true) return channel;
    }
    return (await way()).open();
  }
  return { agent: new ChannelAgent(take), way };
}

/** Keeps channels open between requests, and takes new ones from `take`. */
class ChannelAgent extends Agent {
  readonly #take: () => Promise<ClientChannel>;

  constructor(take: () => Promise<ClientChannel>) {
    super({ keepAlive: true, maxSockets: Infinity, maxFreeSockets: 32 });
    this.#take = take;
  }

  override createConnection(_options: object, done: (error: Error | null, stream?: Duplex) => void): undefined {
    this.#take().then(
      (channel) => done(null, asSocket(channel)),
      (error: unknown) => done(error instanceof Error ? error : new Error(messageOf(error))),
    );
  }

  /** docker-modem prints its options before every request; without this it would walk the whole connection. */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return 'ChannelAgent';
  }
}

/** node:http asks for a socket's methods; an SSH channel has no use for them. */
function asSocket(channel: ClientChannel): Duplex {
  const same = () => channel;
  return Object.assign(channel, {
    setKeepAlive: same,
    setNoDelay: same,
    setTimeout: same,
    ref: same,
    unref: same,
    destroySoon: () => channel.destroy(),
  });
}

function openSocket(connection: Connection, path: string): Promise<ClientChannel> {
  return new Promise((resolve, reject) => {
    connection.client.openssh_forwardOutStreamLocal(path, (error, channel) =>
      error ? reject(error) : resolve(channel),
    );
  });
}

/** A `docker system dial-stdio`, which counts as a session. What the login shell's start-up files print comes before the mark. */
async function openDial(connection: Connection, command: string): Promise<ClientChannel> {
  const mark = `longshore-${randomBytes(12).toString('hex')}\n`;
  const channel = await connection.exec(`exec sh -c 'echo ${mark.trim()}; exec ${command} system dial-stdio'`);
  channel.stderr.resume();
  return new Promise((resolve, reject) => {
    let said: Buffer = Buffer.alloc(0);
    const broken = () => reject(Object.assign(new Error(`${command} system dial-stdio ended`), { code: 'ECONNRESET' }));
    const onData = (bytes: Buffer) => {
      said = Buffer.concat([said, bytes]);
      const at = said.indexOf(mark);
      if (at < 0) return;
      channel.removeListener('data', onData).removeListener('close', broken);
      resolve(channel);
    };
    channel.on('data', onData).once('close', broken);
  });
}

async function probe(
  connection: Connection,
  shell: Shell,
  overSocket: (path: string, command: string) => DockerWay,
): Promise<DockerWay> {
  const said = new Map(
    (await shell.ask('look for Docker', probeScript))
      .split('\n')
      .map((line) => [line.split(' ')[0] ?? '', line.slice(line.indexOf(' ') + 1)]),
  );
  const socket = said.get('socket');
  if (socket !== undefined && socket !== usualSocket) {
    const other = overSocket(socket, `docker -H ${quote(`unix://${socket}`)}`);
    const opens = await other
      .open()
      .then((channel) => (channel.close(), true))
      .catch(() => false);
    if (opens) return other;
  }
  const dial = (command: string): DockerWay => ({
    command,
    open: () => openDial(connection, command),
    inTurn: turns(dialsAtOnce),
  });
  if (said.has('answers')) return dial('docker');
  if (said.has('answers-sudo')) return dial('sudo -n docker');
  throw withoutDocker(connection, said);
}

/** One line per thing found; `answers` is only tried where the socket could not be reached. */
const probeScript = `
for socket in ${usualSocket} "\${XDG_RUNTIME_DIR:-/run/user/$(id -u)}/docker.sock" /run/podman/podman.sock; do
  if [ -S "$socket" ] && [ -w "$socket" ]; then echo "socket $socket"; break; fi
done
[ -S ${usualSocket} ] && echo 'engine there'
if command -v docker >/dev/null 2>&1; then
  echo 'client there'
  if docker version >/dev/null 2>&1; then echo 'answers yes'
  elif sudo -n docker version >/dev/null 2>&1; then echo 'answers-sudo yes'
  fi
fi
:`;

function withoutDocker({ name, user }: Connection, said: ReadonlyMap<string, string>): Failure {
  const hint = 'longshore setup installs Docker and lets the login user use it.';
  if (said.has('engine')) {
    const why = said.has('socket')
      ? 'it does not answer'
      : `${user} may not use it (not in the group docker, and no sudo without password)`;
    return new Failure('host-without-docker', `${name}: Docker is there, but ${why}.`, {
      hint: said.has('socket') ? `Look at it there: sudo systemctl status docker` : hint,
    });
  }
  if (said.has('client'))
    return new Failure('host-without-docker', `${name}: Docker is installed, but its engine does not run.`, { hint });
  return new Failure('host-without-docker', `${name} has no Docker.`, { hint });
}
