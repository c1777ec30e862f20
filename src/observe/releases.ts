import type { ReleaseRecord } from './observed.ts';

/** Reads a machine's record of releases, oldest first; a line cut off by a crash or a full disk is passed over. */
export function parseReleases(text: string): ReleaseRecord[] {
  return text.split('\n').flatMap((line) => {
    try {
      const record = JSON.parse(line) as ReleaseRecord;
      return typeof record.version === 'string' && typeof record.outcome === 'string' ? [record] : [];
    } catch {
      return [];
    }
  });
}
