import { releasesOn } from '../observe/history.ts';
import type { ObservedHost } from '../observe/observed.ts';
import { versionsByHost } from '../plan/current.ts';
import type { HistoryResult } from '../report/history.ts';
import { onEachHost } from './each.ts';
import type { Run } from './run.ts';
import { openSession } from './session.ts';

/** What was released when, by whom and with what end, by the records on the machines; changes nothing. */
export async function history(run: Run, { most }: { most: number }): Promise<HistoryResult> {
  const session = await openSession(run, { changes: 'nothing', hooks: [], needs: [] });
  const { config, selected } = session;
  const looked = await onEachHost(session, selected.hosts, async (fleet) => (await fleet.observe({})).hosts);
  const hosts = looked.flatMap((one): readonly ObservedHost[] => ('value' in one ? one.value : []));
  return {
    service: config.service,
    ...(config.destinationName === undefined ? {} : { destination: config.destinationName }),
    serving: [...new Set(versionsByHost({ hosts }, selected).map(({ version }) => version))],
    releases: releasesOn(hosts).slice(0, most),
    problems: looked.flatMap((one) => ('problem' in one ? [{ host: one.name, problem: one.problem }] : [])),
  };
}
