import type { Plan, Step } from '../plan/plan.ts';

/** What happened, as it happens: the only thing reporters see. Never holds a secret value. */
export type Event =
  | { readonly type: 'heading'; readonly text: string }
  | { readonly type: 'note'; readonly text: string }
  | { readonly type: 'warning'; readonly text: string }
  /** Work outside a plan: connecting, building, pushing. `task` names it until `task-ended`. */
  | { readonly type: 'task-started'; readonly task: string }
  | { readonly type: 'task-progress'; readonly task: string; readonly text: string }
  | {
      readonly type: 'task-ended';
      readonly task: string;
      readonly seconds: number;
      readonly outcome: 'done' | 'failed';
    }
  | { readonly type: 'plan-started'; readonly title: string; readonly plan: Plan }
  | { readonly type: 'stage-started'; readonly stage: string }
  | {
      readonly type: 'step-started';
      readonly id: number;
      readonly host: string;
      readonly role?: string;
      readonly step: Step;
    }
  | { readonly type: 'step-progress'; readonly id: number; readonly text: string }
  | {
      readonly type: 'step-ended';
      readonly id: number;
      readonly host: string;
      readonly role?: string;
      readonly step: Step;
      readonly outcome: 'done' | 'failed' | 'unknown' | 'skipped';
      readonly seconds: number;
      readonly message?: string;
    }
  /** One line of a hook, a build or a container. */
  | {
      readonly type: 'output';
      readonly host: string;
      readonly source: string;
      readonly line: string;
      /** Worth showing only to who wants everything. */
      readonly quiet?: true;
    }
  | { readonly type: 'diagnosis'; readonly diagnosis: Diagnosis }
  | {
      readonly type: 'plan-ended';
      readonly title: string;
      readonly outcome: 'done' | 'failed' | 'unknown';
      readonly seconds: number;
    };

/** Why a container did not make it, for a person. */
export interface Diagnosis {
  readonly host: string;
  readonly role: string;
  readonly container: string;
  readonly what: string;
  readonly likelyCause: string;
  readonly logLines: readonly string[];
  /** What the proxy's health check or Docker's saw, oldest first. */
  readonly probeLines: readonly string[];
  readonly next: string;
}

export type Emit = (event: Event) => void;
