import { killed } from './faults.ts';
import { playCases } from './play.ts';

playCases('killed at every step', (boundaries) => boundaries.map((moment) => [killed, moment] as const));
