import { execFile } from 'node:child_process';
import { request } from 'node:http';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { sandbox } from './harness.ts';

/** This file's machines by what they are for. All are reached by loopback address. */
export interface Machine {
  /** As written in deploy.yml. */
  readonly address: string;
  readonly loopback: string;
  /** What `docker exec` on this box calls it. */
  readonly container: string;
}

export const dal = machine('dal-01');
export const chi = machine('chi-02');
export const bare = machine('new-03');

function machine(name: string): Machine {
  const variable = name.toUpperCase().replace('-', '_');
  return {
    address: sandbox[variable] ?? '',
    loopback: sandbox[`${variable}_LOOPBACK`] ?? '',
    container: sandbox[`${variable}_CONTAINER`] ?? '',
  };
}

const execute = promisify(execFile);

/** Runs a script as root on a machine. @returns its output */
export async function on({ container }: Machine, script: string): Promise<string> {
  const { stdout } = await execute('docker', ['exec', container, 'sh', '-c', script], { maxBuffer: 64 << 20 });
  return stdout.trim();
}

/** Machines as on the day after Docker was installed; images of the proxy and of Node stay. */
export async function emptyMachines(...machines: readonly Machine[]): Promise<void> {
  const script = `docker ps -aq | xargs -r docker rm -fv >/dev/null
docker volume rm kamal-proxy-config >/dev/null 2>&1
docker network rm kamal >/dev/null 2>&1
docker images --format '{{.Repository}}:{{.Tag}}' | grep -E '/(hello|small):' | xargs -r docker rmi -f >/dev/null
rm -rf /home/deploy/.kamal /root/.kamal`;
  await Promise.all(machines.map((one) => on(one, script)));
}

/** All machines of this file as on the first day, one of them without Docker. */
export async function resetSandbox(): Promise<void> {
  await execute(join(import.meta.dirname, '../sandbox/sandbox'), ['reset', sandbox['SANDBOX_SET'] ?? '']);
}

/** Names of a service's running containers, sorted. */
export async function running(where: Machine, service: string): Promise<string[]> {
  const names = await on(where, `docker ps --filter label=service=${service} --format '{{.Names}}'`);
  return names === '' ? [] : names.split('\n').toSorted();
}

/** Names of all containers whose name holds this text. */
export async function allNamed(where: Machine, text: string): Promise<string[]> {
  return (await on(where, `docker ps -a --format '{{.Names}}'`)).split('\n').filter((name) => name.includes(text));
}

export interface Answer {
  readonly status: number;
  readonly body: string;
}

/** One request to a machine's proxy, on a connection of its own, by its loopback address. Status 0: no answer. */
export function get({ loopback }: Machine, host: string, path = '/'): Promise<Answer> {
  return ask({ address: loopback, port: 80, method: 'GET', path, host });
}

export interface Question {
  /** Of the loopback range. */
  readonly address: string;
  readonly port: number;
  readonly method: string;
  readonly path: string;
  /** Whom it is meant for. */
  readonly host: string;
  /** How long nothing may come; absent: 5. */
  readonly silenceSeconds?: number;
}

/** One request on a connection of its own. Status 0: no answer. */
export function ask({ address, port, method, path, host, silenceSeconds = 5 }: Question): Promise<Answer> {
  return new Promise((resolve) => {
    const options = { host: address, port, method, path, headers: { host }, agent: false };
    const asking = request(options, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (chunk) => (body += chunk));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
      response.on('error', () => resolve({ status: 0, body }));
    });
    asking.setTimeout(silenceSeconds * 1000, () => asking.destroy());
    asking.on('error', (error) => resolve({ status: 0, body: error.message }));
    asking.end();
  });
}

/** The version that answers on a machine, or what came instead. */
export async function served(where: Machine, host: string): Promise<string> {
  const { status, body } = await get(where, host);
  return /^\w+ from (\S+), /.exec(body)?.[1] ?? `${status} ${body}`;
}

/** Whether the service's deploy lock is held on a machine. */
export async function lockIsHeld(where: Machine, service: string): Promise<boolean> {
  return (await on(where, `ls -d /home/deploy/.kamal/lock-${service} 2>/dev/null || true`)) !== '';
}

/** Types a command that was printed on this box, as a person would. @returns its output */
export async function typed(command: string): Promise<string> {
  const { stdout } = await execute('sh', ['-c', command]);
  return stdout.trim();
}
