import type { Observed, ReleaseRecord } from '../observe/observed.ts';

/** Release commands that cannot be undone: whether one ran since a version was live. What Kamal made live has no record. */

/**
 * The last one of another version that ran since the version that serves went live; a run that fails must not send traffic back to that
 * version. What has no record went live after all that has one, as it is what serves.
 */
export function irreversibleSince(observed: Observed, served: string | undefined): ReleaseRecord | undefined {
  const records = recordsOf(observed);
  const own = records.findLastIndex(isLive(served));
  return lastIrreversible(records.slice((own === -1 ? records.findLastIndex(isLive()) : own) + 1), served);
}

/** The last one of another version that ran since a version that served before was live. What has no record was replaced by the first that came from it. */
export function irreversibleAfter(observed: Observed, target: string): ReleaseRecord | undefined {
  const records = recordsOf(observed);
  const own = records.findLastIndex(isLive(target));
  if (own !== -1) return lastIrreversible(records.slice(own + 1), target);
  const next = records.findIndex((record) => isLive()(record) && record.from === target);
  return lastIrreversible(records.slice(records.slice(0, Math.max(next, 0)).findLastIndex(isLive()) + 1), target);
}

function recordsOf({ hosts }: Observed): ReleaseRecord[] {
  return hosts.flatMap(({ releases }) => releases).toSorted((a, b) => (a.at < b.at ? -1 : 1));
}

const isLive =
  (wanted?: string) =>
  ({ outcome, version }: ReleaseRecord): boolean =>
    outcome === 'live' && (wanted === undefined || version === wanted);

function lastIrreversible(records: readonly ReleaseRecord[], version: string | undefined): ReleaseRecord | undefined {
  return records.findLast((one) => one.outcome === 'released' && one.irreversible && one.version !== version);
}
