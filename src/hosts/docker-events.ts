import { constants } from 'node:os';
import type { Readable } from 'node:stream';
import { jsonLines } from './docker-streams.ts';
import type { Engine } from './docker-engine.ts';
import type { Docker, Stopping } from './docker.ts';

/** So many of its last events an engine remembers. */
const remembered = 256;

interface EngineEvent {
  readonly Action?: string;
  readonly Actor?: { readonly ID?: string; readonly Attributes?: Readonly<Record<string, string>> };
  readonly time?: number;
}

/** See `Docker.listStopping`: told by the engine's last events, a `kill` by the container's stop signal that no end followed. */
export async function listStopping(
  engine: Engine,
  docker: Pick<Docker, 'info' | 'inspectContainer'>,
  withinSeconds: number,
): Promise<Stopping> {
  const now = Date.parse((await docker.info()).SystemTime) / 1000;
  const since = Math.floor(now - withinSeconds);
  const events = await lastEvents(engine, { since, until: now });
  const signals = new Map<string, string[]>();
  for (const { Action = '', Actor: { ID = '', Attributes = {} } = {} } of events) {
    if (Action === 'kill') signals.set(ID, [...(signals.get(ID) ?? []), Attributes['signal'] ?? '']);
    if (['die', 'start', 'destroy'].includes(Action)) signals.delete(ID);
  }
  const names = await Promise.all(
    [...signals].map(async ([id, sent]) => {
      const container = await docker.inspectContainer(id);
      if (container?.State.Running !== true) return [];
      const stops = numberOf(String(container.Config['StopSignal'] ?? ''));
      return sent.some((signal) => numberOf(signal) === stops) ? [container.Name.replace(/^\//, '')] : [];
    }),
  );
  return { names: names.flat(), isComplete: events.length < remembered };
}

/** See `Docker.lastExitStatus`: of one that was started again only the engine's events tell it, those from before that start. */
export async function lastExitStatus(
  engine: Engine,
  docker: Pick<Docker, 'info' | 'inspectContainer'>,
  nameOrId: string,
): Promise<number | undefined> {
  const container = await docker.inspectContainer(nameOrId);
  if (container === undefined) return undefined;
  const { Running, Restarting, ExitCode, FinishedAt, StartedAt } = container.State;
  if (Date.parse(FinishedAt) < 0) return undefined;
  if (!Running || Restarting) return ExitCode;
  // Where the clock was set back since, an end that lies ahead would be waited for.
  const until = Math.min(Date.parse(StartedAt), Date.parse((await docker.info()).SystemTime)) / 1000;
  const since = Math.min(Math.floor(Date.parse(container.Created) / 1000), Math.floor(until));
  const events = await lastEvents(engine, { since, until });
  const exit = events.findLast(({ Action, Actor }) => Action === 'die' && Actor?.ID === container.Id);
  const status = exit?.Actor?.Attributes?.['exitCode'];
  return status === undefined ? undefined : Number(status);
}

/** The end lies in the past, so that the engine says what it remembers and is done. */
function lastEvents(engine: Engine, { since, until }: { since: number; until: number }): Promise<EngineEvent[]> {
  return engine.call('tell its last events', async (docker) => {
    const stream: unknown = await docker.getEvents({ since, until: until.toFixed(3) } as never);
    const events: EngineEvent[] = [];
    for await (const event of jsonLines(stream as Readable)) events.push(event);
    return events;
  });
}

/** `15`, `SIGTERM`, `TERM`, or nothing, which is the same. */
function numberOf(signal: string): number {
  if (signal === '') return constants.signals.SIGTERM;
  return Number(signal) || (constants.signals[`SIG${signal.replace(/^SIG/, '')}` as 'SIGTERM'] ?? 0);
}
