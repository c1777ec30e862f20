import { wantedAccessories } from '../../accessories/wanted.ts';
import { shellWords } from '../../config/aliases.ts';
import { Failure } from '../../errors.ts';
import { onHosts, refuseMissing, statusOfAll, streamAll, type Streams, type Surroundings } from '../streams.ts';
import type { Run } from '../run.ts';
import { openSession, type Session } from '../session.ts';

/** What of a log is wanted, as Kamal spells it. */
export interface LogsRequest {
  readonly name: string;
  /** As `docker logs --since` takes it: `10m`, `2026-11-20T10:00:00`. */
  readonly since?: string;
  readonly lines?: number;
  readonly grep?: string;
  /** More words for grep, such as `-i -A 3`. */
  readonly grepOptions?: string;
  readonly isFollowed: boolean;
  readonly hasTimestamps: boolean;
}

export interface StreamedResult {
  readonly service: string;
  readonly destination?: string;
  readonly streams: readonly Streams[];
  readonly exitStatus: number;
}

/** Kamal's, where nothing else limits them. */
const usualLines = 100;
const usualLinesBeforeFollowing = 10;

/** Shows the logs of an accessory's containers, from all of its machines. @throws Failure */
export async function accessoryLogs(
  run: Run,
  request: LogsRequest,
  surroundings: Pick<Surroundings, 'output'>,
): Promise<StreamedResult> {
  const options = logOptions(request);
  const grep = grepWords(request);
  const session = await openSession(run, {
    changes: 'nothing',
    hooks: [],
    needs: [],
    accessories: [request.name],
  });
  return logsWith({ ...session, hooks: new Set() }, { ...request, options, grep }, surroundings);
}

/** @throws Failure */
export async function logsWith(
  session: Session,
  request: Pick<LogsRequest, 'name'> & { options: readonly string[]; grep: readonly string[] | undefined },
  surroundings: Pick<Surroundings, 'output'>,
): Promise<StreamedResult> {
  const { run, selected } = session;
  const wanted = wantedAccessories(selected);
  const isOne = selected.accessories.length === 1;
  const streams = await onHosts(session, selected.accessoryHosts, async (hosts) => {
    const found = await Promise.all(
      hosts.flatMap((host) =>
        wanted
          .filter((one) => one.host === host.name)
          .map(async ({ accessory, spec }) => ({
            host,
            ...(isOne ? {} : { name: accessory.name }),
            container: spec.name,
            isThere: (await host.docker.inspectContainer(spec.name)) !== undefined,
          })),
      ),
    );
    const missing = found.filter(({ isThere }) => !isThere);
    const reasons = missing.map(({ host, container }) => `${host.name}: there is no container ${container}`);
    if (missing.length === found.length) refuseMissing(reasons, session.typed(`accessory boot ${request.name}`));
    for (const text of missing.length === found.length ? [] : reasons) run.emit({ type: 'warning', text });
    const targets = found.flatMap(({ host, name, container, isThere }) => {
      if (!isThere) return [];
      const { options, grep } = request;
      const streamed = { kind: 'logs' as const, container, options, ...(grep === undefined ? {} : { grep }) };
      return [{ host, ...(name === undefined ? {} : { name }), streamed }];
    });
    return streamAll(targets, surroundings, run.signal);
  });
  if (request.grep !== undefined && !run.signal.aborted) sayWhereNothingIs(streams, run);
  // Grep's 1 is that there is nothing.
  const counted = streams.filter(({ exitStatus }) => request.grep === undefined || exitStatus > 1);
  return { ...about(session), streams, exitStatus: statusOfAll(counted, run.signal) };
}

function sayWhereNothingIs(streams: readonly Streams[], run: Run): void {
  for (const { host, name } of streams.filter(({ exitStatus }) => exitStatus === 1)) {
    run.emit({ type: 'note', text: `${host}: nothing found${name === undefined ? '' : ` in the log of ${name}`}` });
  }
}

export function about({ config }: Session): { service: string; destination?: string } {
  const { service, destinationName } = config;
  return { service, ...(destinationName === undefined ? {} : { destination: destinationName }) };
}

/** Words for `docker logs`. */
export function logOptions({ since, lines, grep, isFollowed, hasTimestamps }: LogsRequest): string[] {
  const everything = since !== undefined || (grep !== undefined && !isFollowed);
  const usual = everything ? undefined : isFollowed ? usualLinesBeforeFollowing : usualLines;
  const tail = lines ?? usual;
  return [
    ...(since === undefined ? [] : [`--since=${since}`]),
    ...(tail === undefined ? [] : [`--tail=${tail}`]),
    ...(hasTimestamps ? ['--timestamps'] : []),
    ...(isFollowed ? ['--follow'] : []),
  ];
}

/** Words for the machine's grep; undefined when everything is wanted. @throws Failure `usage` */
export function grepWords({ grep, grepOptions }: Pick<LogsRequest, 'grep' | 'grepOptions'>): string[] | undefined {
  if (grep === undefined) {
    if (grepOptions === undefined) return undefined;
    throw new Failure('usage', '--grep-options says how to look, but not what for', { hint: 'Add: --grep PATTERN' });
  }
  const options = shellWords(grepOptions ?? '');
  if (options === undefined) throw new Failure('usage', `a quote in --grep-options is not closed: ${grepOptions}`);
  return [...options, '-e', grep];
}
