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
export function stopwatch(emit: Emit): {
  emit: Emit;
  timings(): Timing[];
  /** How long what was stopped was away, or is, a line each. */
  away(): string[];
} {
  const stopped = new Map<string, number>();
  const begun = new Map<string, number>();
  const started = new Map<string, number>();
  const healthy = new Map<string, Timing>();
  return {
    emit(event) {
      emit(event);
      if (event.type !== 'step-started' && event.type !== 'step-ended') return;
      if (event.role === undefined) return;
      const [key, now] = [`${event.host}/${event.role}`, Date.now()];
      const { kind } = event.step;
      // What comes back after a failure has been away since the first stop.
      if (event.type === 'step-started' && kind === 'stop-container') {
        if (!stopped.has(key)) stopped.set(key, now);
        begun.set(key, now);
        healthy.delete(key);
      }
      const isFirst = stopped.get(key) === begun.get(key);
      if (event.type === 'step-ended' && kind === 'stop-container' && event.outcome === 'failed' && isFirst)
        stopped.delete(key);
      if (event.type === 'step-started' && kind === 'start-container') started.set(key, now);
      // With a route it is away for those who ask until that leads to it.
      const back = healthy.get(key);
      if (
        event.type === 'step-ended' &&
        kind === 'send-traffic' &&
        event.outcome === 'done' &&
        back?.downSeconds !== undefined
      )
        healthy.set(key, { ...back, downSeconds: (now - (stopped.get(key) ?? now)) / 1000 });
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
    away: () =>
      [...stopped].map(([key, since]) => {
        const [where, seconds] = [key.replace('/', ': '), healthy.get(key)?.downSeconds];
        if (seconds !== undefined) return `${where} was down for ${seconds.toFixed(1)} s`;
        return `${where} is down since ${((Date.now() - since) / 1000).toFixed(1)} s`;
      }),
  };
}
