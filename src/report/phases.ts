import { duration } from './duration.ts';

/** What a deploy goes through, in this order, as far as it has it. */
export type Phase =
  | 'preflight'
  | 'build'
  | 'accessories'
  | 'pull'
  | 'hooks'
  | 'release'
  | 'quiet'
  | 'swap'
  | 'smoke'
  | 'retire'
  | 'after';

/** Seconds. */
export type PhaseTimes = Partial<Readonly<Record<Phase, number>>>;

/** `preflight 0.4 s, swap 1.2 s` */
export function phaseTimes(times: PhaseTimes): string {
  return Object.entries(times)
    .map(([phase, seconds]) => `${phase} ${duration(seconds)}`)
    .join(', ');
}
