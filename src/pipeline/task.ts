import type { Run } from './run.ts';

/** Work outside of a plan, shown from its beginning to its end. */
export async function asTask<T>({ emit }: Run, task: string, work: () => Promise<T>): Promise<T> {
  const started = Date.now();
  let outcome: 'done' | 'failed' = 'failed';
  emit({ type: 'task-started', task });
  try {
    const result = await work();
    outcome = 'done';
    return result;
  } finally {
    emit({ type: 'task-ended', task, seconds: (Date.now() - started) / 1000, outcome });
  }
}
