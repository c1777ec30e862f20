import { text } from 'node:stream/consumers';
import { finished } from 'node:stream/promises';
import type { StreamRun } from '../../src/hosts/stream.ts';
import { mustFind, removeContainer, startContainer, type FakeContainer } from './containers.ts';
import type { MachineState } from './machine.ts';

interface Said {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitStatus: number;
}

/** What a container in memory says to the few commands that it knows. */
export async function stream(machine: MachineState, run: StreamRun): Promise<number> {
  const { stdout, stderr, exitStatus } = await said(machine, run);
  run.stdout.end(stdout);
  run.stderr.end(stderr);
  await Promise.all([finished(run.stdout), finished(run.stderr)]);
  return exitStatus;
}

async function said(machine: MachineState, run: StreamRun): Promise<Said> {
  const { streamed } = run;
  if (streamed.kind === 'line') {
    const { line } = streamed;
    machine.journal.push(`run ${line}`);
    return answerOf(/[;&|<>$]/.test(line) ? ['sh', '-c', line] : line.split(' '), undefined, run);
  }
  const { container: name } = streamed;
  if (streamed.kind === 'start') {
    await streamed.prepare();
    const made = mustFind(machine, name, 'start');
    startContainer(machine, made);
    const answer = await answerOf(made.body.Cmd ?? [], made, run);
    removeContainer(machine, made, true);
    return answer;
  }
  const container = mustFind(machine, name, streamed.kind);
  if (streamed.kind === 'logs') return logsOf(container, streamed.options, streamed.grep);
  if (container.state !== 'running') return { ...nothing, stderr: `Container ${name} is not running\n`, exitStatus: 1 };
  machine.journal.push(`exec in ${name}: ${streamed.words.join(' ')}`);
  return answerOf(streamed.words, container, run);
}

const nothing: Said = { stdout: '', stderr: '', exitStatus: 0 };

async function answerOf(words: readonly string[], container: FakeContainer | undefined, run: StreamRun): Promise<Said> {
  const [program, ...rest] = words;
  if (program === 'echo') return { ...nothing, stdout: `${rest.join(' ')}\n` };
  if (program === 'printf')
    return {
      ...nothing,
      stdout: rest
        .slice(1)
        .map((word) => `<${word}>`)
        .join(''),
    };
  if (program === 'cat') return { ...nothing, stdout: run.stdin === undefined ? '' : await text(run.stdin) };
  if (program === 'printenv') {
    const value = ((container?.body['Env'] ?? []) as string[]).find((one) => one.startsWith(`${rest[0]}=`));
    return { ...nothing, stdout: value === undefined ? '' : `${value.slice(`${rest[0]}=`.length)}\n` };
  }
  if (program === 'sleep') {
    await new Promise<void>((resolve) => void run.signal.addEventListener('abort', () => resolve()));
    return { ...nothing, exitStatus: 143 };
  }
  if (program !== 'sh') return { ...nothing, stderr: `${program}: not found\n`, exitStatus: 127 };
  const script = rest.at(-1) ?? '';
  const errors = /echo (\w+) >&2/.exec(script)?.[1];
  return {
    stdout: '',
    stderr: errors === undefined ? '' : `${errors}\n`,
    exitStatus: script.includes('kill -KILL $$') ? 137 : Number(/exit (\d+)/.exec(script)?.[1] ?? 0),
  };
}

function logsOf({ logLines }: FakeContainer, options: readonly string[], grep: readonly string[] | undefined): Said {
  const tail = Number(options.find((one) => one.startsWith('--tail='))?.slice('--tail='.length) ?? Infinity);
  const lines = logLines.map(({ text: line }) => line).slice(tail === 0 ? logLines.length : -tail);
  const pattern = grep?.at(-1);
  const found = lines.filter((line) => pattern === undefined || line.includes(pattern));
  const isEmpty = pattern !== undefined && found.length === 0;
  return { ...nothing, stdout: found.map((line) => `${line}\n`).join(''), exitStatus: isEmpty ? 1 : 0 };
}
