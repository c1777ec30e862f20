import { Failure } from '../errors.ts';
import { quote, quoteAll } from '../processes/quote.ts';
import type { DockerWay } from './docker-channels.ts';
import type { ExecResult } from './docker.ts';
import { printText } from './shell.ts';
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

export interface ContainerCreation {
  words: readonly string[];
  secretEnv: Readonly<Record<string, string>>;
}

/** `docker create` for options that only the command line knows. @returns the id. @throws Failure `engine-refused` */
export async function createByCommandLine(
  shells: ShellPool,
  way: DockerWay,
  creation: ContainerCreation,
): Promise<string> {
  const { exitStatus, stdout, stderr } = await shells
    .idle()
    .run('create a container by docker create', createScript(way.command, creation), 60);
  const id = stdout.trim().split('\n').at(-1) ?? '';
  if (exitStatus === 0 && /^[0-9a-f]{64}$/.test(id)) return id;
  throw new Failure('engine-refused', `docker create failed: ${stderr.trim().split('\n')[0] ?? ''}`, {
    details: stderr.trim().split('\n').slice(1),
    hint: 'Check the options of this role in deploy.yml.',
  });
}

/** Docker reads an env file by lines of less than 64 kB, and takes a carriage return before their end away. */
const longestLine = 60_000;

/**
 * An env file is taken to the letter, but for what is above: it comes on stdin, so that it lies nowhere. A value that does not fit into
 * a line is exported, for `--env NAME` to find it; sudo has to be told to let it through.
 */
function createScript(command: string, { words, secretEnv }: ContainerCreation): string {
  const entries = Object.entries(secretEnv);
  const fits = ([name, value]: [string, string]) =>
    !/[\r\n]/.test(value) && Buffer.byteLength(name) + Buffer.byteLength(value) < longestLine;
  const exported = entries.filter((entry) => !fits(entry));
  const lines = entries.filter(fits).map(([name, value]) => `${name}=${value}\n`);
  const names = exported.map(([name]) => checked(name));
  const client = names.length === 0 ? command : command.replace(/^sudo /, `sudo --preserve-env=${names.join(',')} `);
  const options = ['--env-file', '/dev/stdin', ...names.flatMap((name) => ['--env', name])];
  return `${exported.map(([name, value]) => `export ${name}=${quote(value)}\n`).join('')}{
${printText(lines.join(''))}} | ${client} create ${quoteAll([...options, ...words])}`;
}

function checked(name: string): string {
  if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) return name;
  throw new Failure(
    'config-invalid',
    `${JSON.stringify(name)} spans lines or is large, but is no name for a shell variable.`,
    {
      hint: 'With this option of the role only variables with a plain name can hold line breaks, or more than 60 kB.',
    },
  );
}
