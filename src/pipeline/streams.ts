import { PassThrough, type Readable } from 'node:stream';
import { Failure } from '../errors.ts';
import type { Host } from '../hosts/host.ts';
import type { Streamed, Terminal } from '../hosts/stream.ts';
import type { StreamOutput } from '../report/streamed.ts';
import { connectFleet } from './connecting.ts';
import { together } from './together.ts';
import { runHookHere } from './hooks.ts';
import type { Session } from './session.ts';

/** One container whose output is shown. */
export interface StreamTarget {
  readonly host: Host;
  /** What it is called in front of its lines, besides its machine; absent: nothing. */
  readonly name?: string;
  readonly streamed: Streamed;
}

/** Where a person or a program sits. */
export interface Surroundings {
  readonly output: StreamOutput;
  /** What is piped in; absent: nothing is read. */
  readonly stdin?: Readable;
  readonly terminal?: Terminal;
}

export interface Streams {
  readonly host: string;
  readonly name?: string;
  readonly exitStatus: number;
}

/** Shows all of them side by side, to the end of the last. @throws Failure of those that nobody knows the end of */
export async function streamAll(
  targets: readonly StreamTarget[],
  { output, stdin, terminal }: Surroundings,
  signal: AbortSignal,
): Promise<Streams[]> {
  const inputs = stdin === undefined ? [] : shared(stdin, targets.length);
  const settled = await Promise.allSettled(
    targets.map(async ({ host, name, streamed }, index) => {
      const input = inputs[index];
      const running = host.stream({
        streamed,
        ...output(host.name, name),
        ...(input === undefined ? {} : { stdin: input }),
        ...(terminal === undefined ? {} : { terminal }),
        signal,
      });
      // What nobody reads any more must not hold up the others.
      const exitStatus = await running.finally(() => void (input === stdin ? undefined : input?.unpipe().resume()));
      return { host: host.name, ...(name === undefined ? {} : { name }), exitStatus };
    }),
  );
  const problems = settled.flatMap((one): unknown[] => (one.status === 'rejected' ? [one.reason] : []));
  if (problems.length > 0) throw together(problems);
  return settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
}

/** The same for each: none of it is read before all of them can have it. */
function shared(stdin: Readable, count: number): Readable[] {
  if (count === 1) return [stdin];
  return Array.from({ length: count }, () => stdin.pipe(new PassThrough()));
}

/** Connects to these machines only; no lock is taken. @throws Failure */
export async function onHosts<T>(
  session: Session,
  names: readonly string[],
  work: (hosts: readonly Host[]) => Promise<T>,
): Promise<T> {
  const version = session.tree.headSha;
  await runHookHere(session, { hook: 'pre-connect', version, hosts: names, lockHeld: false });
  const fleet = await connectFleet(session, names);
  try {
    return await work([...fleet.hosts.values()]);
  } finally {
    await fleet.close();
  }
}

/** The status of a command that ran in several places: the largest, and 130 when somebody ended it. */
export function statusOfAll(streams: readonly Streams[], signal: AbortSignal): number {
  return signal.aborted ? 130 : Math.max(0, ...streams.map(({ exitStatus }) => exitStatus));
}

/** @throws Failure `host-command-failed` that names every machine where the container is not as it has to be */
export function refuseMissing(reasons: readonly (string | undefined)[], hint: string): void {
  const [first, ...others] = reasons.filter((reason) => reason !== undefined);
  if (first === undefined) return;
  throw new Failure('host-command-failed', others.length === 0 ? first : 'Nothing was run', {
    ...(others.length === 0 ? {} : { details: [first, ...others] }),
    hint,
  });
}
