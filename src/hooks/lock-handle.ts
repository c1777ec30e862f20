import type { Config } from '../config/config.ts';
import { serviceOnMachine } from '../containers/names.ts';

/** A deploy lock that a run holds, as a `longshore` that its hook runs is told of it. */
export interface LockHandle {
  readonly ownerToken: string;
  readonly turn: number;
  /** As `serviceOnMachine` says it. */
  readonly service: string;
  /** That the lock lies on, as written in the config. */
  readonly host: string;
}

/** What lends a hook the locks of its run. Kamal's `KAMAL_LOCK=true` says only that there is one. */
export const handleVariable = 'LONGSHORE_LOCK';

type Env = Readonly<Record<string, string | undefined>>;

/** The lock of this file, where the run whose hook called this one holds it. */
export function handleFor(
  config: Pick<Config, 'service' | 'destination' | 'primaryHost'>,
  env: Env,
): LockHandle | undefined {
  const [service, host] = [serviceOnMachine(config), config.primaryHost];
  return parseHandles(env).find((handle) => handle.service === service && handle.host === host);
}

/** `TOKEN:TURN:SERVICE:HOST`, with a space between them. */
export function writeHandles(handles: readonly LockHandle[]): string {
  return handles.map(({ ownerToken, turn, service, host }) => [ownerToken, turn, service, host].join(':')).join(' ');
}

export function parseHandles(env: Env): LockHandle[] {
  return (env[handleVariable] ?? '').split(' ').flatMap((text) => {
    const [, ownerToken, turn, service, host] = /^([0-9a-f]+):(\d+):([^:]+):(.+)$/.exec(text) ?? [];
    if (ownerToken === undefined || service === undefined || host === undefined) return [];
    return [{ ownerToken, turn: Number(turn), service, host }];
  });
}
