import { Writable } from 'node:stream';
import type { ContainerInspect } from '../hosts/docker.ts';
import { Failure, messageOf } from '../errors.ts';
import type { Host } from '../hosts/host.ts';
import { lineReader } from '../processes/lines.ts';
import { describe } from '../plan/describe.ts';
import type { Step } from '../plan/plan.ts';
import type { Execution } from './execution.ts';

const keptLines = 20_000;

/** Shows what a release command says as it says it. Ends with the container; that it cannot be shown stops nothing. */
export async function showLog(host: Host, container: string, { emit, mask }: Execution): Promise<void> {
  const lines = () => {
    const reader = lineReader((line) => emit({ type: 'output', host: host.name, source: 'release', line: mask(line) }));
    return new Writable({
      decodeStrings: false,
      defaultEncoding: 'utf8',
      write: (text: Buffer | string, _encoding, done) => (reader.push(text.toString()), done()),
      final: (done) => (reader.end(), done()),
    });
  };
  const streamed = { kind: 'logs', container, options: ['--follow'] } as const;
  const { signal } = new AbortController();
  await host.stream({ streamed, stdout: lines(), stderr: lines(), signal }).catch(() => undefined);
}

/**
 * Keeps the log on the machine, for its login alone; one that is too long for that, or for the way to the machine, is not kept, which stops
 * nothing. @returns where, and its lines
 */
export async function keepLog(input: {
  host: Host;
  step: Extract<Step, { kind: 'run-release' }>;
  container: ContainerInspect;
  execution: Execution;
}): Promise<{ path: string; lines: readonly string[] }> {
  const { host, step, container, execution } = input;
  const { record, logs } = step;
  const { StartedAt, FinishedAt, ExitCode } = container.State;
  // By the container's own time, so that the same run has the same file.
  const at = container.Created.replace(/\.\d+/, '').replaceAll(/[-:]/g, '');
  const path = `${logs}/${at}-${record.version.slice(0, 12)}.log`;
  const head = [`${describe(step)} (${record.version})`, `from ${StartedAt} to ${FinishedAt}, status ${ExitCode}`, ''];
  let lines: readonly string[] = [];
  try {
    lines = (await host.docker.logs(container.Id, { tail: keptLines })).map((line) => execution.mask(line));
    await host.writeFile(path, [...head, ...lines].map((line) => `${line}\n`).join(''), '600');
  } catch (error) {
    if (error instanceof Failure && error.code === 'connection-lost') throw error;
    execution.emit({ type: 'warning', text: `${host.name}: the log could not be kept: ${messageOf(error)}` });
  }
  return { path, lines };
}
