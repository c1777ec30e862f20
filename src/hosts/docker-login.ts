import { Failure } from '../errors.ts';
import type { RegistryCredentials } from './docker.ts';
import type { Host } from './host.ts';
import { loginFailed } from './this-machine/docker-login.ts';

interface Way {
  readonly signal: AbortSignal;
  readonly mask: (text: string) => string;
}

/** Logs docker on a machine in, for good: the password reaches it by file and stdin. @throws Failure `registry-refused` or `host-without-docker` */
export async function loginOn(
  host: Host,
  { server, username, password }: RegistryCredentials,
  way: Way,
): Promise<void> {
  const env = { SERVER: server === 'docker.io' ? '' : server };
  const secretEnv = { REGISTRY_USERNAME: username, REGISTRY_PASSWORD: password };
  const line = `printf %s "$REGISTRY_PASSWORD" | docker login \${SERVER:+"$SERVER"} --username "$REGISTRY_USERNAME" --password-stdin`;
  await docker(host, way, { name: 'docker-login', line, env, secretEnv });
}

/** @throws Failure `host-without-docker` */
export async function logoutOn(host: Host, server: string | undefined, way: Way): Promise<void> {
  const line = 'docker logout ${SERVER:+"$SERVER"}';
  await docker(host, way, { name: 'docker-logout', line, env: { SERVER: server ?? '' }, secretEnv: {} });
}

interface Line {
  readonly name: string;
  readonly line: string;
  readonly env: Readonly<Record<string, string>>;
  readonly secretEnv: Readonly<Record<string, string>>;
}

async function docker(host: Host, { signal, mask }: Way, { name, line, env, secretEnv }: Line): Promise<void> {
  const said: string[] = [];
  const exitStatus = await host.runScript({
    name,
    script: `#!/bin/sh\ncommand -v docker >/dev/null || exit 127\n${line}\n`,
    env,
    secretEnv,
    timeoutSeconds: 60,
    onLine: (text) => said.push(mask(text)),
    signal,
  });
  if (exitStatus === 0) return;
  if (exitStatus === 127) {
    throw new Failure('host-without-docker', `${host.name} has no Docker.`, { hint: 'longshore setup installs it.' });
  }
  throw loginFailed(said.join('\n'), secretEnv['REGISTRY_PASSWORD'] ?? '', host.name);
}
