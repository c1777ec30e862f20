import type { Emit } from '../../execute/events.ts';

export interface Interruption {
  readonly signal: AbortSignal;
  /** Stops listening. */
  stop(): void;
}

/**
 * Ctrl-C, or a polite kill. The first lets the step in hand finish, the second leaves at once with 130.
 * Where nothing changes there is no step to finish, and the first one leaves.
 */
export function listenForInterrupts({ emit, changes }: { emit: Emit; changes: boolean }): Interruption {
  const controller = new AbortController();
  const onSignal = () => {
    if (!changes || controller.signal.aborted) process.exit(130);
    emit({ type: 'warning', text: 'finishing the step in hand… (once more leaves at once, as things are)' });
    controller.abort();
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const name of signals) process.on(name, onSignal);
  return {
    signal: controller.signal,
    stop() {
      for (const name of signals) process.off(name, onSignal);
    },
  };
}
