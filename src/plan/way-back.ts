import { abbreviateVersion } from '../build/version.ts';
import type { Config } from '../config/config.ts';
import type { Observed, ReleaseRecord } from '../observe/observed.ts';
import { appContainers, currentVersion, versionOf } from './current.ts';

/** Which versions there are to go back to. */

/**
 * The version to go back to when none is named: the newest that served before the current one and was not itself rolled back from.
 * Without a record (Kamal deployed so far) the newest retained container of another version.
 * @returns undefined when there is none
 */
export function lastGoodVersion(observed: Observed, config: Config): string | undefined {
  const current = currentVersion(observed, config);
  const { served, bad } = historyOf(observed);
  const isGood = (version: string) => version !== current && !bad.has(version);
  // What only some roles were deployed to since is not a way back.
  const at = current === undefined ? -1 : served.lastIndexOf(current);
  const before = at === -1 ? served : served.slice(0, at);
  return before.findLast(isGood) ?? retainedVersions(observed, config).find(isGood);
}

/** The version that a rollback would go to once this one is deployed, which pruning must leave. */
export function wayBackFrom(version: string, observed: Observed, config: Config): string | undefined {
  const current = currentVersion(observed, config);
  return current === undefined || current === version ? lastGoodVersion(observed, config) : current;
}

/**
 * What served, oldest first, by the records of all machines, and what was rolled back from since. A record also tells what served
 * before it, which no record of its own may say: a run that was killed, or Kamal.
 */
function historyOf(observed: Observed): { served: string[]; bad: Set<string> } {
  const records = observed.hosts.flatMap(({ releases }) => releases).toSorted((a, b) => (a.at < b.at ? -1 : 1));
  const served: ReleaseRecord[] = [];
  const bad = new Set<string>();
  const held = new Set<string>();
  for (const record of records) {
    const { command, outcome, version, from } = record;
    // What was done before a swap says nothing of what serves.
    if (outcome === 'released') continue;
    const last = served.at(-1);
    if (outcome !== 'live') {
      // Written as live, and then taken back, or held, by the same run.
      if (last?.version === version && last.command === command) served.pop();
      if (outcome === 'held') held.add(version);
      continue;
    }
    held.delete(version);
    if (from !== undefined && last?.version !== from && !held.has(from)) served.push({ ...record, version: from });
    served.push(record);
    bad.delete(version);
    if (command === 'rollback' && from !== undefined) bad.add(from);
  }
  return { served: served.map(({ version }) => version), bad };
}

/** Versions of which a container of the primary role is kept, newest first. */
export function retainedVersions(observed: Observed, config: Config): string[] {
  const [role] = config.roles;
  if (role === undefined) return [];
  // One that is away keeps what nobody can see.
  const hosts = observed.hosts.filter(({ host }) => role.hosts.some((entry) => entry.host === host));
  const versions = hosts
    .flatMap((host) => appContainers(host, config, role.name))
    .toSorted((a, b) => b.createdSeconds - a.createdSeconds)
    .map((container) => versionOf(container, config, role.name))
    .filter((version) => !version.includes('_replaced_'));
  return [...new Set(versions)];
}

/** Every version that can be gone back to: recorded as live, or still there as a container or an image. */
export function knownVersions(observed: Observed, config: Config): string[] {
  const recorded = observed.hosts.flatMap(({ releases }) =>
    releases.filter(({ outcome }) => outcome === 'live').map(({ version }) => version),
  );
  const images = observed.hosts.flatMap(({ images: all }) =>
    all.flatMap(({ tags }) =>
      tags
        .filter((tag) => tag.startsWith(`${config.repository}:`))
        .map((tag) => tag.slice(config.repository.length + 1)),
    ),
  );
  const isVersion = (version: string) => !/^latest(-.+)?$/.test(version);
  return [...new Set([...recorded.toReversed(), ...retainedVersions(observed, config), ...images.filter(isVersion)])];
}

/** Versions as a person recognises them. */
export function listVersions(versions: readonly string[]): string {
  return versions.slice(0, 8).map(abbreviateVersion).join(', ') || 'none';
}
