import { interrupted } from './faults.ts';
import { playCases } from './play.ts';

playCases('interrupted at every step', (boundaries) => boundaries.map((moment) => [interrupted, moment] as const));
