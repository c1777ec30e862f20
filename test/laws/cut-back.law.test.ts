import { canBeCutAtEveryStep } from './cuts.ts';

canBeCutAtEveryStep('rollback', 'broken');
