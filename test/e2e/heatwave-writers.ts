import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { createInterface } from 'node:readline';
import { pause } from './heatwave.ts';
import { type Machine, on } from './machines.ts';

/** What one of two PostgreSQL servers said of itself, at a moment of the clock that both machines share. */
export interface Answer {
  readonly server: string;
  readonly microseconds: number;
  readonly takesWrites: boolean;
}

export interface Watched {
  /** All answers in the order of time. */
  end(): Promise<readonly Answer[]>;
}

/** Nothing is watched for longer. */
const mostSeconds = 420;

/**
 * Asks both servers fifteen times a second, each in its own container and past everything that may stand before it, whether they take
 * writes; again as soon as it can after the server, its container or its machine was away.
 */
export function watchWriters(servers: readonly { readonly where: Machine; readonly container: string }[]): Watched {
  const answers: Answer[] = [];
  const deadline = Date.now() + mostSeconds * 1000;
  const over = new AbortController();
  const watching = servers.map(async ({ where, container }) => {
    while (!over.signal.aborted && Date.now() < deadline) {
      await askOn(where, container, (answer) => answers.push({ server: container, ...answer }));
      await pause(100);
    }
  });
  return {
    async end() {
      over.abort();
      await Promise.all(
        servers.map(({ where, container }) => on(where, `docker exec ${container} touch ${enough} || true`)),
      );
      await Promise.all(watching);
      return answers.toSorted((one, other) => one.microseconds - other.microseconds);
    },
  };
}

/** Of this run: the containers may be watched again. */
const enough = `/tmp/watched-${randomUUID()}`;
const question = `SELECT (extract(epoch from clock_timestamp()) * 1000000)::bigint || ' ' || pg_is_in_recovery();`;
/** Ends with the container, with the file, and by itself after a while. */
const asking = `for turn in $(seq 1000); do
  [ ! -e ${enough} ] || exit 0
  while [ ! -e ${enough} ] && echo "${question}" && sleep 0.05; do :; done | psql -XqtA -U heatwave -d postgres 2>/dev/null
  sleep 0.1
done`;

function askOn(
  { container: machine }: Machine,
  container: string,
  onAnswer: (answer: Omit<Answer, 'server'>) => void,
): Promise<void> {
  const child = spawn(
    'docker',
    ['exec', machine, 'docker', 'exec', container, 'timeout', `${mostSeconds}`, 'sh', '-c', asking],
    {
      stdio: ['ignore', 'pipe', 'ignore'],
    },
  );
  createInterface({ input: child.stdout }).on('line', (line) => {
    const [, microseconds, isInRecovery] = /^(\d+) (true|false)$/.exec(line) ?? [];
    if (microseconds !== undefined)
      onAnswer({ microseconds: Number(microseconds), takesWrites: isInRecovery === 'false' });
  });
  return new Promise((resolve) => void child.once('close', () => resolve()));
}

/** Who took writes, one after the other: were two to do so at once, they would take turns here. */
export function writersInOrder(answers: readonly Answer[]): string[] {
  const writers = answers.filter(({ takesWrites }) => takesWrites).map(({ server }) => server);
  return writers.filter((server, index) => server !== writers[index - 1]);
}
