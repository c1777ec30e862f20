import { spawn } from 'node:child_process';
import { join } from 'node:path';

export interface LoadPlan {
  /** Loopback addresses. */
  readonly targets: readonly string[];
  readonly host: string;
  readonly total: number;
  readonly perSecond: number;
  /** How many requests of 10 s are kept in flight. */
  readonly slow?: number;
  readonly uploads?: number;
  readonly maxSeconds: number;
}

export interface LoadResult {
  readonly requests: number;
  readonly seconds: number;
  readonly losses: readonly { at: string; afterMilliseconds: number; kind: string; target: string; why: string }[];
  /** By address and version. */
  readonly versions: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly kinds: Readonly<Record<string, number>>;
  /** Milliseconds since 1970, and how many were in flight. */
  readonly samples: readonly (readonly [number, number])[];
}

export interface Load {
  /** Drops the pace; ends when the total is reached. */
  finish(): Promise<LoadResult>;
  stop(): void;
}

export function startLoad(plan: LoadPlan): Load {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'generate.mjs'), JSON.stringify(plan)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  child.stdin.on('error', () => undefined);
  let stdout = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  const ended = new Promise<LoadResult>((resolve, reject) => {
    child.once('close', (code) =>
      code === 0
        ? resolve(JSON.parse(stdout) as LoadResult)
        : reject(new Error(`the generator ended with status ${code}`)),
    );
  });
  ended.catch(() => undefined);
  return {
    finish() {
      child.stdin.end('hurry\n');
      return ended;
    },
    stop: () => void child.kill('SIGKILL'),
  };
}

/** The mix of versions and what was lost, a line each. */
export function describeLoad({ requests, seconds, losses, versions, kinds }: LoadResult): string {
  const words = (counts: Readonly<Record<string, number>>, length: number) =>
    Object.entries(counts)
      .map(([name, count]) => `${count} × ${name.slice(0, length)}`)
      .join(', ');
  return [
    `${requests} requests in ${seconds.toFixed(1)} s (${words(kinds, 20)}), ${losses.length} lost`,
    ...Object.entries(versions).map(([target, counts]) => `  ${target}: ${words(counts, 7)}`),
    ...losses.slice(0, 5).map(({ at, kind, target, why }) => `  lost at ${at}: ${kind} to ${target}: ${why}`),
  ].join('\n');
}

/** How many requests were in flight at a moment, by the sample next to it. */
export function inFlightAt({ samples }: LoadResult, at: string): number {
  const moment = Date.parse(at);
  const [, count] = samples.reduce(
    (best, sample) => (Math.abs(sample[0] - moment) < Math.abs(best[0] - moment) ? sample : best),
    samples[0] ?? [0, 0],
  );
  return count;
}
