/** What one case did, as docs/chaos.md shows it. */
export interface Row {
  /** What was done to the run or to a machine. */
  readonly fault: string;
  /** When. */
  readonly moment: string;
  /** How the command ended: its exit status, or `killed`. */
  readonly ended: string;
  /** Requests that got no right answer, but for those to a machine that was itself killed. */
  readonly lost: number;
  /** Those to a machine that was itself killed, or whose proxy was. */
  readonly lostOnKilled: number;
  readonly jobsLost: number;
  /** Jobs begun a second time; one may be, where its worker was killed. */
  readonly jobsDoubled: number;
  /** How often the release command of the version ran to its end, in the command and its repetition. */
  readonly released: number;
  /** What served on each machine after it. */
  readonly versions: string;
  /** What ran then and should not have; `nothing`. */
  readonly extra: string;
  /** Seconds from the fault until its lock was given back or taken over; absent: it had none. */
  readonly lockSeconds: number | undefined;
  /** How the same command ended, typed again, and what `plan --check` said. */
  readonly repeated: string;
}

/** What is not as it has to be, a line each; none for a case that went well. */
export function problemsOf(row: Row, killsWorker: boolean): string[] {
  const where = `${row.fault}, ${row.moment}`;
  return [
    ...(row.lost > 0 ? [`${row.lost} requests were lost`] : []),
    ...(row.jobsLost > 0 ? [`${row.jobsLost} jobs were lost`] : []),
    ...(row.jobsDoubled > (killsWorker ? 1 : 0) ? [`${row.jobsDoubled} jobs were begun twice`] : []),
    ...(row.released === 1 ? [] : [`the release command ran ${row.released} times`]),
    ...(row.extra === 'nothing' ? [] : [`${row.extra} should not run`]),
    ...((row.lockSeconds ?? 0) > 60 ? [`the lock was held for ${row.lockSeconds} s`] : []),
    ...(row.repeated === '0, nothing left' ? [] : [`repeated it ended with ${row.repeated}`]),
  ].map((problem) => `${where}: ${problem}`);
}
