import type { Event } from '../execute/events.ts';
import { describe, reasonOf } from '../plan/describe.ts';
import type { Lane, Plan, Step } from '../plan/plan.ts';
import { duration } from './duration.ts';
import { outcomeText, place } from './lines.ts';
import type { Paint } from './paint.ts';
import { newRow, type Row } from './row.ts';

type Of<Type extends Event['type']> = Extract<Event, { type: Type }>;

/** A plan as rows: a row per stage over a row per lane, which says the step it is at. */
export interface PlanRows {
  readonly rows: readonly Row[];
  startStage(event: Of<'stage-started'>): void;
  /** @returns false when the step is none of this plan's */
  startStep(event: Of<'step-started'>): boolean;
  progress(event: Of<'step-progress'>): void;
  /** @returns false when the step is none of this plan's */
  endStep(event: Of<'step-ended'>): boolean;
  end(): void;
}

interface LaneRow {
  readonly row: Row;
  readonly done: string[];
  left: number;
  seconds: number;
}

export function planRows(plan: Plan, paint: Paint): PlanRows {
  const lanes = new Map<Step, LaneRow>();
  const lanesById = new Map<number, LaneRow>();
  const stages = plan.stages.map((stage) => ({
    name: stage.name,
    row: newRow(
      paint.bold(stage.name),
      stage.lanes.map((lane) => laneRow(lane, lanes)),
    ),
  }));

  return {
    rows: stages.map(({ row }) => row),
    startStage: ({ stage }) => stages.find(({ name, row }) => name === stage && !row.hasBegun)?.row.begin(),
    startStep(event) {
      const lane = lanes.get(event.step);
      if (lane === undefined) return false;
      lanesById.set(event.id, lane);
      lane.row.begin();
      lane.row.say({ title: `${place(event)} ${describe(event.step)}`, output: reasonOf(event.step) });
      return true;
    },
    progress: ({ id, text }) => lanesById.get(id)?.row.say({ output: text }),
    endStep(event) {
      const lane = lanes.get(event.step);
      if (lane === undefined) return false;
      lane.left -= 1;
      lane.seconds += event.seconds;
      if (event.outcome === 'failed' || event.outcome === 'unknown') {
        lane.row.say({ title: `${place(event)} ${describe(event.step)}: ${outcomeText(event, paint)}` });
        lane.row.settle('failed');
      } else {
        if (event.outcome === 'done') lane.done.push(describe(event.step));
        if (lane.left === 0) finish(lane, place(event), paint);
      }
      return true;
    },
    end() {
      for (const { row } of stages) row.abandon();
    },
  };
}

function laneRow(lane: Lane, lanes: Map<Step, LaneRow>): Row {
  const row = newRow(place(lane));
  const state: LaneRow = { row, done: [], left: lane.steps.length, seconds: 0 };
  for (const step of lane.steps) lanes.set(step, state);
  return row;
}

function finish({ row, done, seconds }: LaneRow, where: string, paint: Paint): void {
  if (done.length === 0) return row.settle('skipped');
  row.say({ title: `${where} ${paint.dim(duration(seconds))} ${done.join('; ')}` });
  row.settle('done');
}
