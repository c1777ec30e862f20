import { canBeCutAtEveryStep } from './cuts.ts';

canBeCutAtEveryStep('held');
