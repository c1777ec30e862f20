import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Project, projectIn, sandbox } from './harness.ts';
import { type Answer, ask, chi, dal, type Machine, on } from './machines.ts';

/** The stack of examples/heatwave on this file's machines: dal-01 and chi-02. */

const script = join(import.meta.dirname, '../../examples/heatwave/sandbox/sandbox');
const execute = promisify(execFile);

/** The example as a project that deploys to this file's machines, as `sandbox project` makes it, with op and gh that answer. */
async function makeHeatwave(): Promise<Project> {
  const parent = mkdtempSync(join(tmpdir(), 'longshore-heatwave-'));
  mkdirSync(join(parent, 'tmp'));
  await execute(script, ['project', join(parent, 'app'), sandbox['SANDBOX_SET'] ?? '1']);
  return projectIn(parent, { PATH: `${join(parent, 'bin')}:${process.env['PATH']}` });
}

/** The example on two machines with nothing of the stack, its waits short, and the tunnel. @param more lines for its file */
export async function startHeatwave(more = ''): Promise<{ project: Project; version: string; tunnel: Tunnel }> {
  const [project] = await Promise.all([makeHeatwave(), emptyOfHeatwave()]);
  const version = project.commit('As this test wants it', {
    'config/deploy.yml': (text) => `${text}\nreadiness_delay: 1\n${more}`,
  });
  return { project, version, tunnel: await openTunnel() };
}

/** dal-01 and chi-02 with nothing of the stack on them: no containers, no data, nothing it wrote. Images of its services may stay. */
async function emptyOfHeatwave(): Promise<void> {
  const nothing = `docker ps -aq | xargs -r docker rm -fv >/dev/null
docker volume ls -q | xargs -r docker volume rm >/dev/null
docker network rm kamal >/dev/null 2>&1
docker images --format '{{.Repository}}:{{.Tag}}' | grep /example/ | xargs -r docker rmi -f >/dev/null
rm -rf /home/deploy/.kamal /home/deploy/heatwave*`;
  await Promise.all([dal, chi].map((one) => on(one, nothing)));
}

/** Starts Databasus on chi-02 by the example's own script, past the deploy file. Its image is public in life; here it asks for a login. */
export async function startDatabasus({ directory }: Project): Promise<void> {
  const { SANDBOX_SSH_CONFIG = '', REGISTRY = '', REGISTRY_USER = '', REGISTRY_PASSWORD = '' } = sandbox;
  await on(
    chi,
    `export DOCKER_CONFIG=$(mktemp -d)
echo '${REGISTRY_PASSWORD}' | docker login --username '${REGISTRY_USER}' --password-stdin '${REGISTRY}' >/dev/null 2>&1
docker pull --quiet '${REGISTRY}/heatwave/databasus:sandbox' && rm -r "$DOCKER_CONFIG"`,
  );
  await execute(join(directory, 'bin/databasus'), ['-F', SANDBOX_SSH_CONFIG]);
}

/** What stands for cloudflared: the proxy listens on dal-01's loopback alone, and this leads there. */
export interface Tunnel {
  /** On 127.0.0.1 of this box. */
  readonly port: number;
  /** One request to the app, such as `POST`, `/rows?id=one`. */
  ask(method: string, path: string, host?: string): Promise<Answer>;
  close(): void;
}

export const production = 'crm.example.com';
export const staging = 'crm.staging.example.com';

export async function openTunnel(): Promise<Tunnel> {
  const port = await freePort();
  const child = spawn(
    'ssh',
    [
      ...['-F', sandbox['SANDBOX_SSH_CONFIG'] ?? '', '-o', 'ExitOnForwardFailure=yes', '-o', 'LogLevel=ERROR'],
      ...['-N', '-L', `127.0.0.1:${port}:127.0.0.1:80`, 'dal-01'],
    ],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );
  await listens(port, child);
  return {
    port,
    ask: (method, path, host = production) => ask({ address: '127.0.0.1', port, method, path, host }),
    close: () => void child.kill(),
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no free port');
  return address.port;
}

async function listens(port: number, child: ChildProcess): Promise<void> {
  for (let turn = 0; turn < 100 && child.exitCode === null; turn += 1) {
    const isOpen = await new Promise<boolean>((resolve) => {
      const socket = connect({ host: '127.0.0.1', port }, () => resolve(true));
      socket.once('error', () => resolve(false)).once('connect', () => socket.destroy());
    });
    if (isOpen) return;
    await pause(100);
  }
  child.kill();
  throw new Error('the tunnel to dal-01 could not be opened');
}

/** What `GET /counts` of the app says. */
export interface Counts {
  readonly rows: number;
  readonly jobs: { queued: number; inHand: number; finished: number; startedTwice: number };
  /** By name: `working`, `quiet`, `gone`. */
  readonly workers: Readonly<Record<string, string>>;
}

export async function counts({ ask }: Tunnel, host = production): Promise<Counts> {
  const { status, body } = await ask('GET', '/counts', host);
  if (status !== 200) throw new Error(`/counts: ${status} ${body}`);
  return JSON.parse(body) as Counts;
}

/** Asks until the answer is as wanted. @throws with the last answer, after so many seconds */
export async function until<Value>(
  what: string,
  look: () => Promise<Value>,
  isWanted: (value: Value) => boolean,
  seconds = 30,
): Promise<Value> {
  const deadline = Date.now() + seconds * 1000;
  for (let last: unknown = 'nothing'; ;) {
    try {
      const value = await look();
      if (isWanted(value)) return value;
      last = value;
    } catch (error) {
      last = error;
    }
    if (Date.now() > deadline) throw new Error(`${what}: not within ${seconds} s; last: ${text(last)}`);
    await pause(200);
  }
}

const text = (value: unknown) => (value instanceof Error ? value.message : JSON.stringify(value));
export const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** What a statement says in a server's own container, a line for each row. */
export function sql(where: Machine, container: string, statement: string): Promise<string> {
  return inContainer(where, container, ['psql', '-U', 'heatwave', '-XqtA', '-c', statement]);
}

/** What `pg-guard state` says there: what this server is, and what the other one says. */
export function guardState(where: Machine, container: string): Promise<string> {
  return inContainer(where, container, ['pg-guard', 'state']);
}

/** Runs words in a container of a machine. @returns its output */
export async function inContainer({ container }: Machine, name: string, words: readonly string[]): Promise<string> {
  const { stdout } = await execute('docker', ['exec', container, 'docker', 'exec', name, ...words], {
    maxBuffer: 64 << 20,
  });
  return stdout.trim();
}

/** Ids of all jobs that are anywhere: queued, in a worker's hands, or finished. */
export async function allJobs(prefix = 'heatwave'): Promise<Set<string>> {
  const list = (key: string) => inContainer(dal, `${prefix}-valkey-queue`, ['valkey-cli', 'LRANGE', key, '0', '-1']);
  const keys = await inContainer(dal, `${prefix}-valkey-queue`, ['valkey-cli', 'KEYS', 'processing:*']);
  const lists = await Promise.all(['queue', ...keys.split('\n').filter((key) => key !== '')].map(list));
  const waiting = lists.flatMap((one) => one.split('\n').filter((line) => line.startsWith('{')));
  const finished = await sql(dal, `${prefix}-postgres`, 'SELECT job_id FROM finished');
  return new Set([
    ...waiting.map((line) => (JSON.parse(line) as { id: string }).id),
    ...finished.split('\n').filter((line) => line !== ''),
  ]);
}
