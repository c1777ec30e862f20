import type { WantedContainer } from '../app/wanted.ts';
import type { Config } from '../config/config.ts';
import { imageOf } from '../containers/names.ts';
import type { ObservedContainer, ObservedHost } from '../observe/observed.ts';
import { lostAssets } from './assets.ts';
import { withProof, type Decision } from './decide.ts';
import type { Step } from './plan.ts';
import { digestOn } from './prepare.ts';
import type { WantedFiles } from './route-files.ts';

/** Whose variables a version that is gone back to gets: those its containers have, or those of today's file. */
export type RollbackEnv = 'release' | 'current';

export interface RollbackQuestion {
  readonly config: Config;
  readonly version: string;
  /** Absent: nobody has said. */
  readonly env?: RollbackEnv;
  readonly unproven: ReadonlySet<string>;
  readonly files: WantedFiles;
}

/** What a rollback must do about one container: start the retained one, or make it anew where that cannot be or is not asked for. */
export function decideForRollback(wanted: WantedContainer, host: ObservedHost, question: RollbackQuestion): Decision {
  const existing = host.containers.find(({ name }) => name === wanted.spec.name);
  const found = existing === undefined ? {} : { existing };
  const lost = existing === undefined ? [] : lostAssets(existing, host, question.config);
  return withProof({ wanted, ...found, ...actionFor(existing, lost, question) }, host, question);
}

function actionFor(
  existing: ObservedContainer | undefined,
  lost: readonly string[],
  { env }: RollbackQuestion,
): Pick<Decision, 'action' | 'because'> {
  if (existing === undefined) return { action: 'create', because: 'its retained container is gone' };
  const missing = [...(existing.missing ?? []), ...lost];
  if (missing.length > 0) return { action: 'replace', because: missing.join(', ') };
  const differences = env === 'current' ? (existing.differences ?? []) : [];
  if (differences.length > 0) return { action: 'replace', because: differences.join(', ') };
  if (existing.state === 'running') return { action: 'keep', because: '' };
  return { action: 'start', because: `it was retained: ${existing.status}` };
}

/** Variables of containers that would start as they were, and that today's file says otherwise; a line each, never a value. */
export function changedVariables(decisions: readonly Decision[]): string[] {
  return decisions
    .filter(({ action }) => action === 'start')
    .flatMap(({ wanted: { host, role }, existing }) =>
      (existing?.differences ?? [])
        .filter((difference) => difference.startsWith('env '))
        .map((difference) => `${host} ${role.name}: ${difference}`),
    );
}

/** The image of a release by the digest it had then, where a container has to be made and the machine has it not, or another build. */
export function pullsForRollback(
  decisions: readonly Decision[],
  hosts: readonly ObservedHost[],
  { config, version }: RollbackQuestion,
): Map<string, Step> {
  const image = imageOf(config, version);
  const digest = recordedDigest(hosts, version);
  const making = new Set(
    decisions.filter(({ action }) => action === 'create' || action === 'replace').map(({ wanted: { host } }) => host),
  );
  return new Map(
    hosts.flatMap((host): [string, Step][] => {
      const isThere = host.images.some(({ tags }) => tags.includes(image));
      const isOther = isThere && digest !== undefined && digestOn(host, config.repository, image) !== digest;
      if (!making.has(host.host) || (isThere && !isOther)) return [];
      const because = isOther ? 'this host has another build of it' : 'not on this host';
      return [[host.host, { kind: 'pull-image', image, ...(digest === undefined ? {} : { digest }), because }]];
    }),
  );
}

/** What was released under this version the last time that it went live. */
export function recordedDigest(hosts: readonly ObservedHost[], version: string): string | undefined {
  return hosts
    .flatMap(({ releases }) => releases)
    .filter((record) => record.version === version && record.outcome === 'live' && record.digest !== undefined)
    .toSorted((a, b) => (a.at < b.at ? 1 : -1))[0]?.digest;
}
