import { Failure } from '../errors.ts';
import { quoteAll } from '../processes/quote.ts';
import type { DockerWay } from './docker-channels.ts';
import type { ExecResult } from './docker.ts';
import type { ShellPool } from './shell-pool.ts';

export interface ContainerCommand {
  container: string;
  words: readonly string[];
  timeoutSeconds: number;
}

/** `docker exec` over a shell: one round trip, where the API takes three. */
export async function execInContainer(
  shells: ShellPool,
  way: DockerWay,
  { container, words, timeoutSeconds }: ContainerCommand,
): Promise<ExecResult> {
  return shells
    .idle()
    .run(
      `run ${words.slice(0, 2).join(' ')} in ${container}`,
      `${way.command} exec ${quoteAll([container, ...words])}`,
      timeoutSeconds,
    );
}

/** `docker create` for options that only the command line knows. @returns the id. @throws Failure `engine-refused` */
export async function createByCommandLine(
  shells: ShellPool,
  way: DockerWay,
  words: readonly string[],
  envFile: string,
): Promise<string> {
  const withEnvFile = words.includes('--env-file') ? words : ['--env-file', envFile, ...words];
  const { exitStatus, stdout, stderr } = await shells
    .idle()
    .run('create a container by docker create', `${way.command} create ${quoteAll(withEnvFile)}`, 60);
  const id = stdout.trim().split('\n').at(-1) ?? '';
  if (exitStatus === 0 && /^[0-9a-f]{64}$/.test(id)) return id;
  throw new Failure('engine-refused', `docker create failed: ${stderr.trim().split('\n')[0] ?? ''}`, {
    details: stderr.trim().split('\n').slice(1),
    hint: 'Check the options of this role in deploy.yml.',
  });
}
