import type { TimedEvent } from './harness.ts';
import type { Machine } from './machines.ts';

/** Where a run is when something befalls it. */
export interface Moment {
  readonly when: string;
  is(event: TimedEvent): boolean;
}

/** A step on a machine, or on any, begins or has ended. */
export function step(
  when: string,
  type: 'step-started' | 'step-ended',
  kind: string,
  where?: Machine,
  role?: string,
): Moment {
  return {
    when,
    is: (event) =>
      event.type === type &&
      event.step.kind === kind &&
      (where === undefined || event.host === where.address) &&
      (role === undefined || event.role === role),
  };
}
