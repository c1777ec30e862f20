import type { Event } from '../execute/events.ts';
import { shortNames } from '../plan/describe.ts';
import { duration } from './duration.ts';
import { linesOf } from './lines.ts';
import type { Live } from './live.ts';
import { type PlanRows, planRows } from './plan-rows.ts';
import type { Reporter, ReporterOptions } from './reporter.ts';
import { newRow, type Row } from './row.ts';

/** Live rows for a person at a terminal, per task, stage and lane. What is worth keeping is written above them. */
export function terminalReporter(options: ReporterOptions): Reporter {
  const { stream, paint } = options;
  const loading = import('./live.ts');
  const tasks = new Map<string, Row>();
  const drawn: Row[] = [];
  let currentTask: Row | undefined;
  let plan: PlanRows | undefined;
  let live: Live | undefined;
  let queue = Promise.resolve();

  function draw(rows: readonly Row[]): void {
    if (rows.length === 0) return;
    drawn.push(...rows);
    queue = queue.then(async () => {
      const { drawRows } = await loading;
      live = drawRows(rows, { stream });
      await live.finished;
      live = undefined;
    });
  }

  /** Above what is being drawn; below it once nothing in it will change. */
  function print(event: Event): void {
    if (linesOf(event, options).length === 0) return;
    const atWork = drawn.some((row) => row.outcome === undefined);
    if (atWork && live !== undefined) live.above(linesOf(event, options).join('\n'));
    else printBelow(event);
  }

  function printBelow(event: Event): void {
    queue = queue.then(() => void stream.write(`${linesOf(event, options).join('\n')}\n`));
  }

  function emit(event: Event): void {
    switch (event.type) {
      case 'task-started': {
        const row = newRow(shortNames(event.task));
        tasks.set(event.task, row);
        currentTask = row;
        row.begin();
        return draw([row]);
      }
      case 'task-progress':
        return tasks.get(event.task)?.say({ output: event.text });
      case 'task-ended': {
        const row = tasks.get(event.task);
        row?.say({ title: `${shortNames(event.task)} ${paint.dim(duration(event.seconds))}` });
        return row?.settle(event.outcome);
      }
      case 'plan-started':
        plan = planRows(event.plan, paint);
        return draw(plan.rows);
      case 'stage-started':
        return plan?.startStage(event);
      case 'step-started':
        return void plan?.startStep(event);
      case 'step-progress':
        return plan?.progress(event);
      case 'step-ended':
        if (plan?.endStep(event) !== true) print(event);
        return;
      case 'plan-ended':
        return plan?.end();
      case 'heading':
      case 'note':
      case 'warning':
        return print(event);
      case 'output':
        return event.source === 'build' ? currentTask?.say({ output: event.line }) : print(event);
      case 'diagnosis':
        return printBelow(event);
    }
  }

  return {
    emit,
    async close() {
      for (const row of drawn) row.abandon();
      await queue;
    },
    async aside(ask) {
      live?.pause();
      try {
        return await ask();
      } finally {
        live?.resume();
      }
    },
  };
}
