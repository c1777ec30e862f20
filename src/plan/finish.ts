import { abbreviateVersion } from '../build/version.ts';
import type { Config } from '../config/config.ts';
import { auditFile, imageOf, latestTag, releasesFile } from '../containers/names.ts';
import type { Observed, ObservedHost, PlannedRecord } from '../observe/observed.ts';
import { observedHost } from './current.ts';
import { reference, type Decision } from './decide.ts';
import type { Lane, Stage, Step } from './plan.ts';
import type { AuditEntry } from './noting-steps.ts';
import { stage } from './prepare.ts';
import { pruneOf, type Prune } from './prune.ts';
import { oldContainers, stopSteps } from './replaced.ts';
import type { StrayPlan } from './strays.ts';
import { hostsOf } from './swap.ts';
import { wayBackFrom } from './way-back.ts';

interface FinishInput {
  readonly config: Config;
  readonly version: string;
  readonly observed: Observed;
  readonly decisions: readonly Decision[];
  readonly prunes: boolean;
  readonly strays: StrayPlan;
  /** Hosts that pull the image first. */
  readonly pulling: ReadonlySet<string>;
  /** What to write down on machines where more than housekeeping is done. */
  readonly record: PlannedRecord;
}

/** Retire: what was replaced is stopped only now that everything new is healthy; beside it tag, prune and write down. */
export function finishStages(input: FinishInput): Stage[] {
  const { config, version, observed, decisions } = input;
  const hosts = hostsOf(decisions);
  const cleaned = [...new Set([...hosts, ...input.strays.hosts])];
  const prunes = new Map(input.prunes ? cleaned.map((name) => [name, pruneOn(name, input)] as const) : []);
  const lanes = hosts.flatMap((name): Lane[] => {
    const host = observedHost(observed, name);
    const here = decisions.filter(({ wanted }) => wanted.host === name);
    return [
      ...here.flatMap(checkLanes),
      ...here.map((decision) => stopLane(decision, host, config, version)),
      { host: name, optional: true, steps: tagSteps(host, input) },
      ...housekeeping(name, prunes.get(name)?.containers ?? []),
    ];
  });
  const rest = stage(
    'Clean up',
    cleaned.flatMap((name) => housekeeping(name, prunes.get(name)?.rest ?? [])),
  );
  const notes = hosts.flatMap((name) => housekeeping(name, noteSteps(input, name, [...stage('', lanes), ...rest])));
  return [...stage('Retire', [...lanes, ...notes]), ...input.strays.stages, ...rest];
}

/** A lane for each step, as none waits for another; a failure is a warning. */
function housekeeping(host: string, steps: readonly Step[]): Lane[] {
  return steps.map((step) => ({ host, optional: true, steps: [step] }));
}

function pruneOn(name: string, { config, version, observed, decisions, strays }: FinishInput): Prune {
  const host = observedHost(strays.after, name);
  const here = decisions.filter(({ wanted }) => wanted.host === name);
  return pruneOf(host, config, {
    version,
    wayBack: wayBackFrom(version, observed, config),
    stopping: here.flatMap((decision) => oldContainers(decision, host, config)),
    decisions: here,
  });
}

/** Healthy once is not up for good: a new container that crashed meanwhile is seen while what it replaces is still at hand. */
function checkLanes({ wanted, action, existing }: Decision): Lane[] {
  if (action === 'keep' || wanted.role.proxy === undefined) return [];
  const container = action === 'start' && existing !== undefined ? reference(existing) : { name: wanted.spec.name };
  return [
    {
      host: wanted.host,
      role: wanted.role.name,
      steps: [{ kind: 'check-running', container, because: 'it was healthy a moment ago' }],
    },
  ];
}

/** Where two may not run it was stopped before the new one started. */
function stopLane(decision: Decision, host: ObservedHost, config: Config, version: string): Lane {
  const { role } = decision.wanted;
  const old = role.mayOverlap ? oldContainers(decision, host, config) : [];
  return {
    host: host.host,
    role: role.name,
    steps: old.flatMap((container) =>
      stopSteps({ role, container, config, because: `replaced by ${abbreviateVersion(version)}` }),
    ),
  };
}

/**
 * Kamal finds the deployed version on a machine by this tag. One that is missing is put there only beside other changes: pruning for
 * another destination, Kamal removes it.
 */
function tagSteps(host: ObservedHost, input: FinishInput): Step[] {
  const { config, version, pulling } = input;
  const image = imageOf(config, version);
  const tag = latestTag(config);
  const holder = host.images.find(({ tags }) => tags.includes(`${config.repository}:${tag}`));
  const isRight = holder === undefined ? !isChanged(host, input) : holder.tags.includes(image);
  if (!pulling.has(host.host) && isRight) return [];
  return [{ kind: 'tag-image', image, repository: config.repository, tag, because: 'it is the deployed version' }];
}

function noteSteps(input: FinishInput, name: string, retire: readonly Stage[]): Step[] {
  const { config, observed, record } = input;
  if (!isChanged(observedHost(observed, name), input)) return [];
  const entries = auditEntries(input, name, retire);
  const audit: Step = { kind: 'audit', file: auditFile(config), entries, because: 'who did what is kept on the host' };
  const release: Step = {
    kind: 'record-release',
    file: releasesFile(config),
    record: { ...record, env: envNames(input, name) },
    image: imageOf(config, record.version),
    because: 'a rollback looks here',
  };
  return entries.length === 0 ? [release] : [audit, release];
}

/** Variables that the file gives each role's container on a machine; what Kamal adds to every one is left out. */
function envNames({ decisions }: FinishInput, name: string): Record<string, string[]> {
  const here = decisions.filter(({ wanted }) => wanted.host === name);
  return Object.fromEntries(
    here.map(({ wanted: { role, spec } }) => [
      role.name,
      spec.env.map((variable) => variable.name).filter((variable) => !variable.startsWith('KAMAL_')),
    ]),
  );
}

/** Whether what serves changes on a machine, if only by stopping what a run that was cut off had replaced. */
function isChanged(host: ObservedHost, { config, decisions }: FinishInput): boolean {
  return decisions.some(
    (decision) =>
      decision.wanted.host === host.host && (changes(decision) || oldContainers(decision, host, config).length > 0),
  );
}

function changes({ action, trafficBecause, waitBecause }: Decision): boolean {
  return action !== 'keep' || trafficBecause !== undefined || waitBecause !== undefined;
}

/** Kamal's words (reference, section 3.6). */
function auditEntries(
  { config, version, decisions, pulling }: FinishInput,
  host: string,
  retire: readonly Stage[],
): AuditEntry[] {
  const tags = config.destination === undefined ? [] : [config.destination];
  const steps = retire.flatMap(({ lanes }) => lanes.filter((lane) => lane.host === host).flatMap((lane) => lane.steps));
  const has = (kind: Step['kind']) => steps.some((step) => step.kind === kind);
  const booted = decisions.filter(({ wanted, action }) => wanted.host === host && action !== 'keep');
  return [
    ...(pulling.has(host) ? [{ tags, text: `Pulled image with version ${version}` }] : []),
    ...booted.map(({ wanted, action }) => ({
      tags: [...tags, wanted.role.name],
      text: `${action === 'start' ? 'Started' : 'Booted'} app version ${version}`,
    })),
    ...(has('tag-image') ? [{ tags, text: `Tagging ${imageOf(config, version)} as the latest image` }] : []),
    ...(has('remove-container') ? [{ tags, text: 'Pruned containers' }] : []),
    ...(has('remove-image') ? [{ tags, text: 'Pruned images' }] : []),
  ];
}
