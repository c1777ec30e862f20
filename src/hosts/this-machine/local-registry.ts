import { Failure } from '../../errors.ts';
import type { RunResult } from '../../processes/run.ts';
import { engineSilent } from './build-failure.ts';
import { commandMissing, runChild } from './child.ts';

/** Kamal's name for it; there is one on a machine, whatever it holds. */
export const localRegistryName = 'kamal-docker-registry';

export interface RegistryPlace {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
}

/**
 * Starts the registry on this machine, making its container if there is none. LONGSHORE_REGISTRY_IMAGE names another image than
 * `registry:3`. @returns what was done. @throws Failure `build-failed`
 */
export async function startLocalRegistry(port: number, place: RegistryPlace): Promise<'ran' | 'started' | 'made'> {
  const found = await docker(place, [
    'container',
    'inspect',
    '--format',
    '{{.State.Running}} {{json .HostConfig.PortBindings}}',
    localRegistryName,
  ]);
  if (found.exitStatus !== 0) {
    const image = place.env['LONGSHORE_REGISTRY_IMAGE'] || 'registry:3';
    await must(place, ['run', '--detach', '--publish', `127.0.0.1:${port}:5000`, '--name', localRegistryName, image]);
    return 'made';
  }
  const [running = '', bindings = ''] = found.stdout.trim().split(' ');
  if (!bindings.includes(`"HostPort":"${port}"`)) {
    const other = /"HostPort":"(\d+)"/.exec(bindings)?.[1] ?? 'another port';
    throw new Failure(
      'build-failed',
      `The local registry ${localRegistryName} is there for port ${other}, not for ${port}`,
      {
        hint: `Say registry: {server: localhost:${other}}, or take it away with its images: docker rm -f ${localRegistryName}`,
      },
    );
  }
  if (running === 'true') return 'ran';
  await must(place, ['start', localRegistryName]);
  return 'started';
}

/** @returns false when there was none. @throws Failure `build-failed` */
export async function removeLocalRegistry(place: RegistryPlace): Promise<boolean> {
  const { exitStatus, stderr } = await docker(place, ['container', 'inspect', localRegistryName]);
  if (exitStatus !== 0 && /no such container/i.test(stderr)) return false;
  await must(place, ['rm', '--force', '--volumes', localRegistryName]);
  return true;
}

async function must(place: RegistryPlace, words: readonly string[]): Promise<void> {
  const { exitStatus, stderr } = await docker(place, words);
  if (exitStatus === 0) return;
  const last = stderr.trim().split('\n').at(-1) ?? '';
  if (exitStatus === commandMissing)
    throw new Failure('build-failed', 'There is no docker client on this machine', { hint: 'Install Docker' });
  if (/Cannot connect to the Docker daemon/i.test(stderr)) throw engineSilent(last);
  const pulling = /unable to find image|pull/i.test(stderr);
  throw new Failure('build-failed', `The local registry cannot be started: ${last}`, {
    hint: pulling
      ? 'Where registry:3 cannot be pulled, name another image in the environment: LONGSHORE_REGISTRY_IMAGE'
      : `Look at it: docker ps -a --filter name=${localRegistryName}`,
  });
}

function docker({ env, signal }: RegistryPlace, words: readonly string[]): Promise<RunResult> {
  return runChild(['docker', ...words], { env, signal, timeoutSeconds: 300 });
}
