import Dockerode from 'dockerode';
import { Failure, messageOf } from '../errors.ts';
import type { Connection } from './connection.ts';
import type { DockerChannels } from './docker-channels.ts';

/** One machine's engine: dockerode on our channels, and the rule for every call on it. */
export interface Engine {
  readonly docker: Dockerode;
  readonly host: string;
  /**
   * Makes one call. `answers` says what a refusal means by its HTTP status; any other becomes `engine-refused`.
   * @param what for messages, such as `start container shop-web-4be1`
   */
  call<T>(
    what: string,
    work: (docker: Dockerode, signal: AbortSignal) => Promise<T>,
    options?: CallOptions<T>,
  ): Promise<T>;
}

export interface CallOptions<T> {
  timeoutSeconds?: number;
  answers?: Readonly<Record<number, T>>;
}

/** Seconds a call gets when nothing else is said. */
const callSeconds = 30;

export function engineOver(connection: Connection, { agent, way }: DockerChannels): Engine {
  const docker = withoutDockerEnvironment(
    () => new Dockerode({ host: 'docker', port: 80, protocol: 'http', agent } as Dockerode.DockerOptions),
  );
  return {
    docker,
    host: connection.name,
    call: (what, work, options = {}) =>
      connection.call(what, options.timeoutSeconds ?? callSeconds, async (signal) => {
        const { inTurn } = await way();
        try {
          return await inTurn(() => work(docker, signal));
        } catch (error) {
          const status = statusOf(error);
          if (status === undefined) throw error;
          if (options.answers !== undefined && status in options.answers) return options.answers[status] as never;
          throw new Failure('engine-refused', `${connection.name}: Docker did not ${what}: ${reasonOf(error)}.`, {
            cause: error,
          });
        }
      }),
  };
}

/** The HTTP status of a refusal; undefined for anything that is not an answer of the engine. */
export function statusOf(error: unknown): number | undefined {
  const status = (error as { statusCode?: unknown } | undefined)?.statusCode;
  return typeof status === 'number' ? status : undefined;
}

/** What the engine itself said. */
export function reasonOf(error: unknown): string {
  const said = (error as { json?: { message?: unknown } | null }).json?.message;
  return (typeof said === 'string' ? said : messageOf(error)).trim().replace(/\.$/, '');
}

/** docker-modem obeys this machine's DOCKER_HOST even when it is told a host. */
function withoutDockerEnvironment<T>(make: () => T): T {
  const names = Object.keys(process.env).filter((name) => name.startsWith('DOCKER_'));
  const saved = names.map((name) => [name, process.env[name]] as const);
  for (const name of names) delete process.env[name];
  try {
    return make();
  } finally {
    for (const [name, value] of saved) process.env[name] = value;
  }
}
