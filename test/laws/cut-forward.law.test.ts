import { canBeCutAtEveryStep } from './cuts.ts';

canBeCutAtEveryStep('deploy', 'setup');
