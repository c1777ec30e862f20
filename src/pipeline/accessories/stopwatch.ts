import type { Emit } from '../../execute/events.ts';

/** How an accessory's container fared on one machine. */
export interface Timing {
  readonly host: string;
  readonly name: string;
  /** From the moment its container was told to stop until the next one was healthy; absent when none was stopped. */
  readonly downSeconds?: number;
  /** From its start until it was healthy. */
  readonly healthySeconds: number;
}

/** Listens to a plan being carried out, and says how long what it stopped was away. */
export function stopwatch(emit: Emit): { emit: Emit; timings(): Timing[] } {
  const stopped = new Map<string, number>();
  const started = new Map<string, number>();
  const healthy = new Map<string, Timing>();
  return {
    emit(event) {
      emit(event);
      if (event.type !== 'step-started' && event.type !== 'step-ended') return;
      if (event.role === undefined) return;
      const [key, now] = [`${event.host}/${event.role}`, Date.now()];
      const { kind } = event.step;
      if (event.type === 'step-started' && kind === 'stop-container') stopped.set(key, now);
      if (event.type === 'step-started' && kind === 'start-container') started.set(key, now);
      if (event.type === 'step-ended' && kind === 'wait-until-healthy' && event.outcome === 'done') {
        const since = stopped.get(key);
        healthy.set(key, {
          host: event.host,
          name: event.role,
          ...(since === undefined ? {} : { downSeconds: (now - since) / 1000 }),
          healthySeconds: (now - (started.get(key) ?? now)) / 1000,
        });
      }
    },
    timings: () => [...healthy.values()],
  };
}
