import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';

export interface RegistryLogin {
  /** Absent for Docker Hub. */
  readonly server?: string;
  readonly username: string;
  readonly password: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Lets docker clients log in to a registry for as long as `work` takes: from a private copy of the user's docker settings,
 * so that theirs are not changed and the password is in no argv. Contexts, plug-ins and other registries' logins stay usable.
 */
export async function withRegistryLogin<T>(
  login: RegistryLogin | undefined,
  env: Environment,
  work: (env: Environment) => Promise<T>,
): Promise<T> {
  if (login === undefined) return work(env);
  const own = env['DOCKER_CONFIG'] || join(env['HOME'] || homedir(), '.docker');
  const directory = await mkdtemp(join(tmpdir(), 'longshore-docker-'));
  try {
    const settings = withLogin(await readSettings(own), login);
    await writeFile(join(directory, 'config.json'), JSON.stringify(settings), { mode: 0o600 });
    for (const name of ['cli-plugins', 'contexts']) await symlink(join(own, name), join(directory, name));
    return await work({
      ...env,
      DOCKER_CONFIG: directory,
      BUILDX_CONFIG: env['BUILDX_CONFIG'] || join(own, 'buildx'),
      ...(env['DOCKER_TLS_VERIFY'] && !env['DOCKER_CERT_PATH'] ? { DOCKER_CERT_PATH: own } : {}),
    });
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

interface DockerSettings {
  readonly auths?: Readonly<Record<string, unknown>>;
  readonly credHelpers?: Readonly<Record<string, string>>;
  readonly [key: string]: unknown;
}

/** An empty helper sends docker to the file for this server, also where a credential store has the others. */
function withLogin(settings: DockerSettings, login: RegistryLogin): DockerSettings {
  const server = settingsKey(login.server);
  const auth = Buffer.from(`${login.username}:${login.password}`).toString('base64');
  return {
    ...settings,
    auths: { ...settings.auths, [server]: { auth } },
    credHelpers: { ...settings.credHelpers, [server]: '' },
  };
}

function settingsKey(server: string | undefined): string {
  const host = server?.replace(/^https?:\/\//, '').split('/')[0];
  return host === undefined || /^(index\.|registry-1\.)?docker\.io$/.test(host) ? 'https://index.docker.io/v1/' : host;
}

async function readSettings(directory: string): Promise<DockerSettings> {
  const text = await readFile(join(directory, 'config.json'), 'utf8').catch(() => '{}');
  try {
    return JSON.parse(text) as DockerSettings;
  } catch {
    return {};
  }
}
