import { abbreviateVersion } from '../build/version.ts';
import type { Config } from '../config/config.ts';
import type { ReleaseCommand } from '../config/config-phases.ts';
import { imageOf, releaseLabel, releaseLogsDirectory, releasesFile, serviceOnMachine } from '../containers/names.ts';
import type { Observed, ObservedContainer, ObservedHost, PlannedRecord, ReleaseRecord } from '../observe/observed.ts';
import { isUp, observedHost } from './current.ts';
import { reference, type Decision } from './decide.ts';
import type { DeployRequest } from './deploy.ts';
import type { Lane, Stage, Step } from './plan.ts';
import { digestOn, stage } from './prepare.ts';
import { releaseContainerName, releaseInfix, releaseSpec } from './release-spec.ts';
import { hostsOf } from './swap.ts';

const keptLogs = 20;

export interface ReleasePlan {
  /** Before anything is swapped. */
  readonly stages: readonly Stage[];
  /** What earlier runs left. */
  readonly cleanUp: readonly Lane[];
  readonly notes: readonly string[];
}

interface ReleaseInput {
  readonly request: Pick<DeployRequest, 'config' | 'version' | 'observed' | 'origin' | 'command'>;
  readonly decisions: readonly Decision[];
  /** What is deployed; absent where only a pull will tell. */
  readonly image?: { readonly digest?: string };
}

/** The release command, unless it ran for this very image, where a container of the version is about to be started. */
export function planRelease({ request, decisions, image }: ReleaseInput): ReleasePlan {
  const { config, version, observed } = request;
  const { release } = config;
  if (release === undefined) return { stages: [], cleanUp: leftovers(config, observed), notes: [] };
  const hosts = knowing(config, observed, decisions);
  const starts = decisions.some(({ action }) => action !== 'keep');
  const ran = observed.hosts.flatMap(({ releases }) => releases.filter((one) => isReleased(one, version)));
  const done = image && ran.find(({ digest }) => digest === image.digest);
  if (done !== undefined) {
    const notes = starts ? noteElsewhere({ config, observed, hosts, done }) : [];
    return { stages: [], cleanUp: [...leftovers(config, observed), ...notes], notes: [] };
  }
  const name = releaseContainerName(config, release, version);
  const cleanUp = leftovers(config, observed, name);
  if (!starts) return { stages: [], cleanUp, notes: [] };
  const places = decisions.filter(({ wanted }) => wanted.role.name === release.role);
  const begun = releaseContainers(config, observed).find(
    ({ container }) => container.name === name && container.state !== 'created',
  );
  const place = places.find(({ wanted }) => wanted.host === begun?.host) ?? places[0];
  if (place === undefined) {
    const text = `the release command does not run: no machine of ${release.role} is among those that were chosen`;
    return { stages: [], cleanUp, notes: [text] };
  }
  const host = begun?.host ?? place.wanted.host;
  const waits = releaseContainers(config, observed)
    .filter(({ container }) => container.name !== name && container.state !== 'created')
    .map(({ host: where, container }): Lane => ({
      host: where,
      steps: [...(isUp(container) ? [waitFor(container, release)] : []), ...noteEnded(container, where, request)],
    }));
  const stages = [
    ...stage('Wait for a release command', waits),
    ...runStages({ request, release, place, host, ran, hosts, ...(image === undefined ? {} : { image }) }),
  ];
  return { stages, cleanUp: [...cleanUp, ...oldLogs(observedHost(observed, host), config)], notes: [] };
}

/** Machines that are told that it ran: those of the run, and the primary one, which every run looks at. */
function knowing({ primaryHost }: Config, { hosts }: Observed, decisions: readonly Decision[]): string[] {
  const primary = hosts.some(({ host }) => host === primaryHost) ? [primaryHost] : [];
  return [...new Set([...hostsOf(decisions), ...primary])];
}

function runStages(input: {
  request: ReleaseInput['request'];
  release: ReleaseCommand;
  place: Decision;
  /** Where it runs, or somebody has begun it. */
  host: string;
  ran: readonly ReleaseRecord[];
  hosts: readonly string[];
  image?: { readonly digest?: string };
}): Stage[] {
  const { request, release, place, host, ran, hosts, image } = input;
  const { config, version, observed, origin, command } = request;
  const { role } = place.wanted;
  const spec = releaseSpec(config, release, place.wanted, version);
  const file = releasesFile(config);
  const record: PlannedRecord = {
    version,
    command,
    outcome: 'released',
    ...origin,
    ...(image?.digest === undefined ? {} : { digest: image.digest }),
    ...(release.irreversible ? { irreversible: true } : {}),
  };
  const because = whyReleased(input, containerOn(observed, host, spec.name));
  const run: Step = {
    kind: 'run-release',
    spec,
    timeoutSeconds: release.timeoutSeconds,
    ranFor: image === undefined ? ran.flatMap(({ digest }) => digest ?? []) : [],
    logs: releaseLogsDirectory(config),
    file,
    record,
    because,
  };
  const remove: Step = { kind: 'remove-container', container: { name: spec.name }, because: 'its log is kept' };
  const note: Step = {
    kind: 'record-release',
    file,
    record,
    image: spec.image,
    because: 'every machine knows that it ran',
  };
  return [
    { name: 'Release', lanes: [{ host, role: role.name, steps: [run, remove] }] },
    ...stage(
      'Note the release',
      hosts.filter((other) => other !== host).map((other) => ({ host: other, steps: [note] })),
    ),
  ];
}

function whyReleased(
  { request, release, ran, image }: Parameters<typeof runStages>[0],
  container: ObservedContainer | undefined,
): string {
  const version = abbreviateVersion(request.version);
  const approval = asksFor(request.config, release) ? '; somebody has to say yes to it' : '';
  if (container !== undefined && container.state !== 'created') return `a run that was cut off began it${approval}`;
  if (ran.length === 0) return `${version} was not released yet${approval}`;
  if (image === undefined) return `unless it ran for the image that is pulled${approval}`;
  return `this image of ${version} was not released yet${approval}`;
}

/** Whether this destination wants a yes. */
export function asksFor({ destination, destinationName }: Config, { approve }: ReleaseCommand): boolean {
  return approve.some((name) => name === destination || name === destinationName);
}

function isReleased(record: ReleaseRecord, version: string): boolean {
  return record.outcome === 'released' && record.version === version;
}

/** It ran, and some machine does not know it: its run was cut off, or the machine is a new one. */
function noteElsewhere(input: {
  config: Config;
  observed: Observed;
  hosts: readonly string[];
  done: ReleaseRecord;
}): Lane[] {
  const { config, observed, hosts, done } = input;
  const knows = (host: string) =>
    observedHost(observed, host).releases.some((one) => isReleased(one, done.version) && one.digest === done.digest);
  const because = `another machine says that it ran at ${done.at}`;
  return hosts
    .filter((host) => !knows(host))
    .map((host) => ({
      host,
      optional: true,
      steps: [{ kind: 'record-release', file: releasesFile(config), record: done, because }],
    }));
}

function waitFor(container: ObservedContainer, { timeoutSeconds }: ReleaseCommand): Step {
  const because = 'two release commands never run at once';
  return { kind: 'wait-until-ended', container: reference(container), timeoutSeconds, because };
}

/** Nobody saw how it ended: that it ran, and what it said, is written down before anything else is done. */
function noteEnded(container: ObservedContainer, host: string, { config, observed }: ReleaseInput['request']): Step[] {
  const version = container.name.slice(container.name.lastIndexOf(releaseInfix) + releaseInfix.length);
  const digest = digestOn(observedHost(observed, host), config.repository, imageOf(config, version));
  const isKnown = observed.hosts.some(({ releases }) =>
    releases.some((one) => isReleased(one, version) && (one.digest === digest || digest === undefined)),
  );
  if (isKnown) return [];
  const record: PlannedRecord = {
    version,
    command: 'deploy',
    outcome: 'released',
    ...(digest === undefined ? {} : { digest }),
    ...(config.release?.irreversible === true ? { irreversible: true } : {}),
  };
  const because = `nobody saw how the release command of ${abbreviateVersion(version)} ended`;
  return [{ kind: 'note-release', container: reference(container), file: releasesFile(config), record, because }];
}

function releaseContainers(config: Config, { hosts }: Observed): { host: string; container: ObservedContainer }[] {
  return hosts.flatMap(({ host, containers }) =>
    containers
      .filter(({ labels }) => labels[releaseLabel] === serviceOnMachine(config))
      .map((container) => ({ host, container })),
  );
}

function containerOn(observed: Observed, host: string, name: string): ObservedContainer | undefined {
  return observedHost(observed, host).containers.find((container) => container.name === name);
}

/** Containers of release commands that nobody waits for any more; `name`: the one that is waited for. */
function leftovers(config: Config, observed: Observed, name?: string): Lane[] {
  return releaseContainers(config, observed)
    .filter(({ container }) => !isUp(container) && container.name !== name)
    .map(({ host, container }) => ({
      host,
      optional: true,
      steps: [{ kind: 'remove-container', container: reference(container), because: 'nobody waits for it any more' }],
    }));
}

/** One more comes with this run. */
function oldLogs({ host, releaseLogs }: ObservedHost, config: Config): Lane[] {
  const paths = releaseLogs.slice(0, -(keptLogs - 1)).map((name) => `${releaseLogsDirectory(config)}/${name}`);
  if (paths.length === 0) return [];
  return [
    { host, optional: true, steps: [{ kind: 'remove-directories', paths, because: `${keptLogs} logs are kept` }] },
  ];
}
