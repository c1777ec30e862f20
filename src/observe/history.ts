import type { ObservedHost, ReleaseRecord } from './observed.ts';

/** What one run made of one version, from the records of all machines. */
export interface Release extends Omit<ReleaseRecord, 'at' | 'seconds' | 'env' | 'outcome'> {
  /** When the last machine wrote it down. */
  readonly at: string;
  /** How it ended on each machine, the last word of each. */
  readonly hosts: readonly { readonly host: string; readonly outcome: ReleaseRecord['outcome'] }[];
  readonly seconds?: number;
  /** Names of variables, by role. */
  readonly env: Readonly<Record<string, readonly string[]>>;
}

/** Every release that these machines know of, newest first. */
export function releasesOn(hosts: readonly Pick<ObservedHost, 'host' | 'releases'>[]): Release[] {
  const groups: Group[] = [];
  const entries = hosts.flatMap(({ host, releases }) => releases.map((record) => ({ host, record })));
  for (const entry of entries.toSorted((a, b) => (a.record.at < b.record.at ? -1 : 1))) {
    const group = groups.findLast((one) => isSameRun(one, entry));
    if (group === undefined) groups.push([entry]);
    else group.push(entry);
  }
  return groups.toReversed().map(releaseOf);
}

interface Entry {
  readonly host: string;
  readonly record: ReleaseRecord;
}

type Group = [Entry, ...Entry[]];

/** Records of earlier versions name no run: what several machines say within so long is the same release. */
const sameRunMilliseconds = 10 * 60_000;

function isSameRun([first, ...others]: Group, { host, record }: Entry): boolean {
  const one = first.record;
  if (one.run !== undefined || record.run !== undefined)
    return one.run === record.run && one.version === record.version;
  const isNear = Date.parse(record.at) - Date.parse(one.at) < sameRunMilliseconds;
  const wasSaidHere = [first, ...others].some(
    (entry) => entry.host === host && entry.record.outcome === record.outcome,
  );
  return isNear && !wasSaidHere && one.version === record.version && one.command === record.command;
}

function releaseOf(group: Group): Release {
  const last = group.at(-1) ?? group[0];
  const { at, seconds, env: _env, outcome: _outcome, ...what } = last.record;
  const names = [...new Set(group.map(({ host }) => host))].sort();
  const digest = group.find(({ record }) => record.digest !== undefined)?.record.digest;
  return {
    ...what,
    at,
    ...(digest === undefined ? {} : { digest }),
    hosts: names.map((host) => ({ host, outcome: outcomeOn(host, group) })),
    ...(seconds === undefined ? {} : { seconds }),
    env: Object.assign({}, ...group.map(({ record }) => record.env ?? {})) as Release['env'],
  };
}

function outcomeOn(name: string, group: Group): ReleaseRecord['outcome'] {
  return (group.findLast(({ host }) => host === name) ?? group[0]).record.outcome;
}
