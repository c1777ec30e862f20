import { constants } from 'node:fs';
import { access, realpath } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { Failure } from '../../errors.ts';
import { runChild } from './child.ts';

export interface DockerClient {
  readonly path: string;
  /** By the plug-in, or by the BuildKit that clients before 23 reach without it. */
  readonly builds: 'buildx' | 'docker-build' | 'nothing';
  /** Said before building when it is not the usual way. */
  readonly note?: string;
}

export interface ClientQuestion {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
  /** What is wanted of it; `push` is what every client can. */
  readonly needs: 'build' | 'push';
}

/** Finds a docker client on this machine, one that can build with BuildKit where that is needed. @throws Failure `build-failed` when there is none */
export async function findDockerClient(question: ClientQuestion): Promise<DockerClient> {
  const paths = await dockerClients(question.env['PATH'] ?? '');
  const clients = await Promise.all(paths.map((path) => look(path, question)));
  const withBuildx = clients.find((client) => client.buildx);
  if (withBuildx !== undefined) return { path: withBuildx.path, builds: 'buildx' };
  const old = clients.find((client) => client.major >= 20 && client.major < 23);
  if (old !== undefined) {
    const note = `docker buildx is not there: building with ${old.path} ${old.version} and the engine's own BuildKit`;
    return { path: old.path, builds: 'docker-build', note };
  }
  const seen = clients.filter((client) => client.version !== '').map(({ path, version }) => `${path} (${version})`);
  const [any] = clients.filter((client) => client.version !== '');
  if (question.needs === 'push' && any !== undefined) return { path: any.path, builds: 'nothing' };
  if (seen.length === 0) {
    throw new Failure('build-failed', 'There is no docker client on this machine (no `docker` in PATH)', {
      hint: 'Install Docker with buildx, or deploy an image that is already pushed: --skip-push --version VERSION',
    });
  }
  throw new Failure('build-failed', `Docker is here without the buildx component: ${seen.join(', ')}`, {
    hint: 'Install it (package docker-buildx-plugin or docker-buildx), or use --skip-push --version VERSION',
  });
}

interface Client {
  readonly path: string;
  readonly buildx: boolean;
  readonly version: string;
  readonly major: number;
}

async function look(path: string, { env, signal }: Omit<ClientQuestion, 'needs'>): Promise<Client> {
  const options = { env, signal, timeoutSeconds: 20 };
  const [client, buildx] = await Promise.all([
    runChild([path, '--version'], options),
    runChild([path, 'buildx', 'version'], options),
  ]);
  const version = /^Docker version ([^,\s]+)/.exec(client.stdout)?.[1] ?? '';
  return {
    path,
    buildx: buildx.exitStatus === 0 && buildx.stdout.includes('docker/buildx'),
    version,
    major: Number.parseInt(version, 10) || 0,
  };
}

/** Every `docker` in PATH, each once. */
async function dockerClients(path: string): Promise<string[]> {
  const directories = path.split(delimiter).filter(Boolean);
  const found = await Promise.all(
    directories.map(async (directory) => {
      const file = join(directory, 'docker');
      const usable = access(file, constants.X_OK).then(() => realpath(file));
      return { file, real: await usable.catch(() => undefined) };
    }),
  );
  const byRealPath = new Map<string, string>();
  for (const { file, real } of found) if (real !== undefined && !byRealPath.has(real)) byRealPath.set(real, file);
  return [...byRealPath.values()];
}
