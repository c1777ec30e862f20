import { disconnected } from './faults.ts';
import { playCases } from './play.ts';

playCases('cut at every step', (boundaries) => boundaries.map((moment) => [disconnected, moment] as const));
