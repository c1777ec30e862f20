import { messageOf } from '../errors.ts';
import type { Lane, Plan, Step } from '../plan/plan.ts';
import { isUnknown, type Execution } from './execution.ts';
import { perform } from './perform.ts';

/** How a plan ended. `unknown`: a reply was lost or a time limit passed, so the machine must be looked at again. */
export interface Outcome {
  readonly result: 'done' | 'failed' | 'unknown' | 'interrupted';
  readonly problems: readonly StepProblem[];
  /** Whether a step was begun that changes what serves. */
  readonly swapBegan: boolean;
  /** Lanes that were not walked to their end, with the steps that were not done, the one that failed among them. */
  readonly left: readonly Lane[];
  /** What had a step begun on its container or route, or was waited for. */
  readonly touched: readonly Touched[];
  /** Hooks that were begun, whatever became of them. */
  readonly hooksBegun: readonly HookBegun[];
  /** Machines on which it was begun to note that the run is under way. */
  readonly noted: readonly string[];
}

/** How a plan without stages ends. */
export const nothingToDo: Outcome = {
  result: 'done',
  problems: [],
  swapBegan: false,
  left: [],
  touched: [],
  hooksBegun: [],
  noted: [],
};

/** A role or accessory on one machine. */
export type Touched = Pick<Lane, 'host' | 'role'>;

export interface HookBegun {
  readonly hook: string;
  /** Or this machine. */
  readonly host: string;
  /** Of the whole run. */
  readonly hosts: readonly string[];
}

export interface StepProblem {
  readonly host: string;
  readonly role?: string;
  readonly step: Step;
  readonly error: unknown;
  readonly certainty: 'failed' | 'unknown';
}

/**
 * Walks the plan: stages in turn, lanes side by side, steps in order. After a problem the lanes beside it finish the step in hand and
 * nothing further is begun, unless the others are to go on; so it is when somebody interrupts, but where only housekeeping is left:
 * everything is as wanted then, and what is being taken away could not be brought back. Decides nothing about going back: that is a plan
 * of its own.
 */
export async function execute(plan: Plan, title: string, execution: Execution): Promise<Outcome> {
  const { emit, signal, afterProblem = 'stop' } = execution;
  const started = Date.now();
  emit({ type: 'plan-started', title, plan });
  const problems: StepProblem[] = [];
  const hooksBegun: HookBegun[] = [];
  const noted: string[] = [];
  const touched: Touched[] = [];
  let interrupted = false;
  let swapBegan = false;
  const passed: Lane[] = [];
  let left = plan.stages.flatMap(({ lanes }) => lanes);
  for (const [index, stage] of plan.stages.entries()) {
    const isHousekeeping = !isMore(left);
    interrupted = signal.aborted && !isHousekeeping;
    if (interrupted) break;
    emit({ type: 'stage-started', stage: stage.name });
    swapBegan ||= stage.lanes.some(({ steps }) => steps.some(({ kind }) => changesWhatServes(kind)));
    const stops = (lane: Lane) =>
      (afterProblem === 'stop' ? problems.length > 0 : problems.some((one) => isSame(one, lane))) ||
      (signal.aborted && !isHousekeeping);
    const walked = stage.lanes.map((lane) => walk(lane, { problems, hooksBegun, noted, touched, stops }, execution));
    const cut = (await Promise.all(walked)).flat();
    passed.push(...cut);
    left = [...passed, ...plan.stages.slice(index + 1).flatMap(({ lanes }) => lanes)];
    interrupted = signal.aborted && isMore(cut);
    if (problems.length > 0 && afterProblem === 'stop') break;
  }
  const result = resultOf(problems, interrupted);
  emit({
    type: 'plan-ended',
    title,
    outcome: result === 'done' || result === 'unknown' ? result : 'failed',
    seconds: (Date.now() - started) / 1000,
  });
  return { result, problems, swapBegan, left, touched, hooksBegun, noted };
}

export function isSame(one: Touched, other: Touched): boolean {
  return one.host === other.host && one.role === other.role;
}

function resultOf(problems: readonly StepProblem[], interrupted: boolean): Outcome['result'] {
  if (problems.some(({ certainty }) => certainty === 'unknown')) return 'unknown';
  if (interrupted) return 'interrupted';
  return problems.length > 0 ? 'failed' : 'done';
}

/** Whether there is more than housekeeping. */
export const isMore = (lanes: readonly Lane[]) => lanes.some(({ optional }) => optional !== true);

const changing: readonly Step['kind'][] = [
  ...(['start-container', 'send-traffic', 'stop-container', 'remove-route', 'quiet-container'] as const),
];

function changesWhatServes(kind: Step['kind']): boolean {
  return changing.includes(kind);
}

let nextStepId = 1;

/** @returns the lane with what was not done of it; nothing when it was walked to its end */
async function walk(
  lane: Lane,
  said: {
    problems: StepProblem[];
    hooksBegun: HookBegun[];
    noted: string[];
    touched: Touched[];
    stops: (lane: Lane) => boolean;
  },
  execution: Execution,
): Promise<Lane[]> {
  const { emit } = execution;
  const where = { host: lane.host, ...(lane.role === undefined ? {} : { role: lane.role }) };
  for (const [index, step] of lane.steps.entries()) {
    const left = [{ ...lane, steps: lane.steps.slice(index) }];
    if (said.stops(lane)) return left;
    const id = nextStepId++;
    const started = Date.now();
    const ended = (outcome: 'done' | 'failed' | 'unknown', message?: string) =>
      emit({
        type: 'step-ended',
        id,
        ...where,
        step,
        outcome,
        seconds: (Date.now() - started) / 1000,
        ...(message === undefined ? {} : { message }),
      });
    emit({ type: 'step-started', id, ...where, step });
    if (changesWhatServes(step.kind) || step.kind === 'wait-until-healthy') said.touched.push(where);
    if (step.kind === 'note-run') said.noted.push(lane.host);
    if (step.kind === 'run-hook') said.hooksBegun.push({ hook: step.hook, host: lane.host, hosts: step.hosts });
    try {
      await perform(step, lane, execution, (text) => emit({ type: 'step-progress', id, text }));
      ended('done');
    } catch (error) {
      const certainty = isUnknown(error) ? 'unknown' : 'failed';
      ended(certainty, messageOf(error));
      if (lane.optional === true) {
        emit({ type: 'warning', text: `${lane.host}: ${messageOf(error)}` });
        return [];
      }
      said.problems.push({ ...where, step, error, certainty });
      return left;
    }
  }
  return [];
}
