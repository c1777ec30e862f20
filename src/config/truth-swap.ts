import type { Healthcheck } from './config-accessory.ts';
import type { Swap } from './config-swap.ts';
import { withoutPasswords } from './sheet.ts';
import type { Put, Shown } from './truth-shown.ts';

/** Longshore's own keys of a role, those that say something. */
export function addSwap(swap: Swap, add: (keys: string[], value: Shown | undefined) => void): void {
  const { quiet, healthcheck } = swap;
  add(['quiet', 'signal'], quiet?.by.kind === 'signal' ? quiet.by.signal : undefined);
  add(['quiet', 'cmd'], quiet?.by.kind === 'cmd' ? quiet.by.words.map(withoutPasswords) : undefined);
  add(['quiet', 'drained'], quiet?.drained?.words.map(withoutPasswords));
  add(['quiet', 'timeout'], quiet?.drained?.timeoutSeconds);
  add(['stop_signal'], swap.stopSignal);
  add(['overlap'], swap.mayOverlap ? undefined : 'none');
  add(['singleton'], swap.isSingleton ? true : undefined);
  if (healthcheck !== undefined) addHealth(healthcheck, (keys, value) => add(['healthcheck', ...keys], value));
}

export function addHealth({ check, ...rest }: Healthcheck, add: (keys: string[], value: Parameters<Put>[1]) => void) {
  if (check?.kind === 'cmd') add(['cmd'], check.words.map(withoutPasswords));
  if (check?.kind === 'tcp') add(['tcp'], check.port);
  if (check?.kind === 'http') {
    add(['http', 'path'], check.path);
    add(['http', 'port'], check.port);
    add(['http', 'status'], check.status);
  }
  add(['interval'], rest.intervalSeconds);
  add(['timeout'], rest.timeoutSeconds);
  add(['start_period'], rest.startPeriodSeconds);
  add(['retries'], rest.retries);
}
