import type { Step } from '../plan/plan.ts';

export function describe(step: Step): string {
  return step.kind;
}
