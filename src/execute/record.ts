import type { Host } from '../hosts/host.ts';
import type { PlannedRecord, ReleaseRecord } from '../observe/observed.ts';
import type { Step } from '../plan/plan.ts';
import type { Execution } from './execution.ts';

/** Writes down what became of a release; of a release command nothing, unless it ran in this run. */
export async function recordRelease(
  { file, record, image = '' }: Extract<Step, { kind: 'record-release' }>,
  host: Host,
  execution: Execution,
): Promise<void> {
  const digest = digestOf(record, image, execution);
  if (record.outcome !== 'released' || image === '') {
    const seconds = record.seconds ?? Math.round((Date.now() - execution.startedAt) / 100) / 10;
    return writeRecord(host, file, { ...record, ...digest, seconds });
  }
  const released = execution.released.get(image);
  if (released === undefined) return;
  const { seconds, irreversible } = released;
  await writeRecord(host, file, { ...record, ...digest, ...(irreversible ? { irreversible } : {}), seconds });
}

export function digestOf(
  record: Pick<PlannedRecord, 'digest'>,
  image: string,
  { digests }: Pick<Execution, 'digests'>,
): { digest?: string } {
  const digest = record.digest ?? digests.get(image);
  return digest === undefined ? {} : { digest };
}

export function writeRecord(host: Host, file: string, record: PlannedRecord & { at?: string }): Promise<void> {
  const written: ReleaseRecord = { ...record, at: record.at ?? timestamp() };
  return host.appendLines(file, [JSON.stringify(written)]);
}

export function noteLeftOut({ file, leftOut }: Extract<Step, { kind: 'note-left-out' }>, host: Host): Promise<void> {
  if (leftOut.length === 0) return host.removeDirectories([file]);
  const at = timestamp();
  return host.writeFile(file, `${JSON.stringify(leftOut.map((one) => ({ at, ...one })))}\n`, '600');
}

/** UTC, ISO 8601, to the second, as in Kamal's audit log. */
export function timestamp(): string {
  return new Date().toISOString().replace(/\.\d+Z$/, 'Z');
}
