const queues = new Map<string, { running: number; waiting: (() => void)[] }>();

/** Runs `work`, but at most `limit` at once of those with the same key. */
export async function inTurn<T>(key: string, limit: number, work: () => Promise<T>): Promise<T> {
  const queue = queues.get(key) ?? { running: 0, waiting: [] };
  queues.set(key, queue);
  if (queue.running >= limit) await new Promise<void>((resolve) => void queue.waiting.push(resolve));
  else queue.running += 1;
  try {
    return await work();
  } finally {
    const next = queue.waiting.shift();
    if (next === undefined) queue.running -= 1;
    else next();
  }
}
