import { spawn } from 'node:child_process';
import { join } from 'node:path';

/** `slow`: answered after 3 s, by apps that have such a page. */
type Kind = 'pages' | 'slow' | 'rows' | 'jobs';

export interface HeatwavePlan {
  /** Of the loopback range; absent: 127.0.0.1, where a tunnel begins. */
  readonly address?: string;
  readonly port: number;
  readonly host: string;
  /** Begins the ids of its rows and jobs. */
  readonly name: string;
  readonly perSecond: Readonly<Partial<Record<Kind, number>>>;
  /** How long each job takes. */
  readonly jobMilliseconds?: number;
  readonly maxSeconds: number;
}

export interface HeatwaveResult {
  readonly seconds: number;
  readonly sent: Readonly<Record<Kind, number>>;
  readonly losses: readonly { at: string; milliseconds: number; kind: Kind; id: string; why: string }[];
  /** Ids of what was answered with success. */
  readonly acknowledged: { readonly rows: readonly string[]; readonly jobs: readonly string[] };
  /** How many pages each version answered. */
  readonly versions: Readonly<Record<string, number>>;
}

export interface HeatwaveLoad {
  finish(): Promise<HeatwaveResult>;
  stop(): void;
}

/** Pages, rows and jobs through the tunnel until it is enough; each is asked for once. */
export function startHeatwaveLoad(plan: HeatwavePlan): HeatwaveLoad {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'heatwave.mjs'), JSON.stringify(plan)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  child.stdin.on('error', () => undefined);
  let stdout = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  const ended = new Promise<HeatwaveResult>((resolve, reject) => {
    child.once('close', (code) =>
      code === 0
        ? resolve(JSON.parse(stdout) as HeatwaveResult)
        : reject(new Error(`the load ended with status ${code}`)),
    );
  });
  ended.catch(() => undefined);
  return {
    finish() {
      child.stdin.end('enough\n');
      return ended;
    },
    stop: () => void child.kill('SIGKILL'),
  };
}

/** What was sent and what was lost, a line each. */
export function describeHeatwave({ seconds, sent, losses, versions }: HeatwaveResult): string {
  const answered = Object.entries(versions).map(([version, count]) => `${count} × ${version.slice(0, 7)}`);
  return [
    `${sent.pages} pages, ${sent.rows} rows, ${sent.jobs} jobs in ${seconds.toFixed(1)} s, ${losses.length} lost; ${answered.join(', ')}`,
    ...losses
      .slice(0, 5)
      .map(({ at, milliseconds, id, why }) => `  lost at ${at} after ${milliseconds} ms: ${id}: ${why}`),
  ].join('\n');
}
