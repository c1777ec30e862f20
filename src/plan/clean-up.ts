import type { Lane, Stage } from './plan.ts';
import { stage } from './prepare.ts';

/** The stages of a run with these lanes beside what is cleaned up at its end. */
export function withCleanUp(stages: readonly Stage[], lanes: readonly Lane[]): Stage[] {
  const last = stages.at(-1);
  if (lanes.length === 0 || last?.name !== 'Clean up') return [...stages, ...stage('Clean up', lanes)];
  return [...stages.slice(0, -1), { ...last, lanes: [...last.lanes, ...lanes] }];
}
