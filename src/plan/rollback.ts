import { abbreviateVersion } from '../build/version.ts';
import type { Config } from '../config/config.ts';
import type { Observed, ReleaseRecord } from '../observe/observed.ts';
import { appContainers, currentVersion, observedHost, replacedVersion, startedSince, versionOf } from './current.ts';
import type { Decision } from './decide.ts';
import type { DeployRequest } from './deploy.ts';
import { finishStages } from './finish.ts';
import type { Plan } from './plan.ts';
import { prepareStages } from './prepare.ts';
import {
  changedVariables,
  decideForRollback,
  pullsForRollback,
  recordedDigest,
  type RollbackEnv,
} from './rollback-decision.ts';
import { notesOnFiles } from './route-files.ts';
import { swapStages } from './swap.ts';
import { settleDeadRun, withEndOfRun } from './unfinished.ts';

/** A rollback asks for the same as a deploy, but for what is new about the version. */
export type RollbackRequest = Omit<DeployRequest, 'file' | 'command' | 'digest' | 'openValues'> & {
  /** Whose variables the containers get, where they differ from today's file; absent: nobody has said. */
  readonly env?: RollbackEnv;
};

/**
 * Starts the retained containers of a version as they were, whatever their settings; with `env: current` those that are unlike the
 * file are made again from that release's image. So is one that is gone, or has lost its network or something it mounts, and a note
 * says that today's settings apply to it.
 */
export function planRollback(request: RollbackRequest): Plan {
  const { config, version, observed, wanted, hooks, origin, env } = request;
  const question = {
    config,
    version,
    ...(env === undefined ? {} : { env }),
    files: { ...request.files, version },
    unproven: startedSince(request.before, observed),
  };
  const decisions = wanted.map((container) =>
    decideForRollback(container, observedHost(observed, container.host), question),
  );
  const pulls = pullsForRollback(decisions, observed.hosts, question);
  const changed = changedVariables(decisions);
  const digest = recordedDigest(observed.hosts, version);
  const prepare = prepareStages({ config, version, observed, decisions, pulls, withProxy: true });
  const swap = swapStages({ config, decisions, hooks, run: { command: 'rollback', version, origin } });
  const from = replacedVersion(observed, config, version);
  const finish = finishStages({
    config,
    version,
    observed,
    decisions,
    prunes: false,
    pulling: new Set(pulls.keys()),
    record: {
      version,
      command: 'rollback',
      outcome: 'live',
      ...origin,
      ...(from === undefined ? {} : { from }),
      ...(digest === undefined ? {} : { digest }),
    },
  });
  const dead = settleDeadRun(request);
  return {
    service: config.service,
    ...(config.destination === undefined ? {} : { destination: config.destination }),
    version,
    stages: [...dead.stages, ...withEndOfRun([...prepare, ...swap.stages, ...finish], request)],
    notes: [
      ...dead.notes,
      ...changed.map((text) => `${text}, and stays as it was in that release`),
      ...decisions.flatMap(remadeNote),
      ...notesOnFiles(decisions, observed, config),
    ],
    ...(env === undefined && changed.length > 0 ? { changedVariables: changed } : {}),
  };
}

function remadeNote({ wanted, action, because }: Decision): string[] {
  if (action !== 'create' && action !== 'replace') return [];
  return [
    `${wanted.host}: ${wanted.spec.name} is made again from its image (${because}): today's settings apply to it`,
  ];
}

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
  const versions = role.hosts
    .flatMap(({ host }) => appContainers(observedHost(observed, host), config, role.name))
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
