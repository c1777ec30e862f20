import { Failure } from '../../errors.ts';
import { engineSilent } from './build-failure.ts';
import { commandMissing, runChild } from './child.ts';
import type { RegistryLogin } from './registry-login.ts';

export interface LoginPlace {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
  readonly mask: (text: string) => string;
}

/** Logs docker on this machine in to a registry, for good; the password goes over stdin. @throws Failure `registry-refused` or `build-failed` */
export async function loginHere({ server, username, password }: RegistryLogin, place: LoginPlace): Promise<void> {
  const words = [...(server === undefined ? [] : [server]), '--username', username, '--password-stdin'];
  await docker(['login', ...words], place, password);
}

/** @throws Failure `build-failed` */
export async function logoutHere(server: string | undefined, place: LoginPlace): Promise<void> {
  await docker(['logout', ...(server === undefined ? [] : [server])], place);
}

/** Why a `docker login` on a machine (absent: this one) did not work. */
export function loginFailed(said: string, password: string, where?: string): Failure {
  const at = where === undefined ? '' : `${where}: `;
  const why =
    said
      .trim()
      .split('\n')
      .findLast((line) => line !== '') ?? '';
  if (/unauthorized|denied|forbidden|incorrect username or password|\b40[13]\b/i.test(said)) {
    return new Failure('registry-refused', `${at}the registry refused the login: ${why}`, {
      hint:
        password === password.trim()
          ? 'Check registry.username and registry.password in deploy.yml and in the secrets'
          : 'The password has spaces at its ends, which `docker login` takes away; deploying needs no such login',
    });
  }
  return new Failure('registry-refused', `${at}docker could not log in: ${why}`, {
    hint: `Can the registry be reached from ${where ?? 'here'}?`,
  });
}

async function docker(words: readonly string[], { env, signal, mask }: LoginPlace, input?: string): Promise<void> {
  const options = { env, signal, timeoutSeconds: 60, ...(input === undefined ? {} : { input }) };
  const { exitStatus, stderr } = await runChild(['docker', ...words], options);
  if (exitStatus === 0) return;
  if (exitStatus === commandMissing) {
    throw new Failure('build-failed', 'There is no docker client on this machine (no `docker` in PATH)', {
      hint: 'Install Docker, or log in on the machines only: --skip-local',
    });
  }
  const said = mask(stderr);
  if (/Cannot connect to the Docker daemon/i.test(said)) throw engineSilent(said.trim());
  throw loginFailed(said, input ?? '');
}
