import { disconnected, interrupted } from './faults.ts';
import { playCases } from './play.ts';

playCases('interrupted and cut at every step', (boundaries) =>
  [interrupted, disconnected].flatMap((fault) => boundaries.map((moment) => [fault, moment] as const)),
);
