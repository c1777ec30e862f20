import { abbreviateVersion } from '../build/version.ts';
import type { Config } from '../config/config.ts';
import { unfinishedFile } from '../containers/names.ts';
import type { Observed, ReleaseOrigin, UnfinishedRun } from '../observe/observed.ts';
import { withCleanUp } from './clean-up.ts';
import { hookLanes } from './hook-lanes.ts';
import type { FailedRun, Lane, Stage, Step } from './plan.ts';
import { stage } from './prepare.ts';

export interface StartedRun {
  readonly command: UnfinishedRun['command'];
  readonly version: string;
  readonly origin: ReleaseOrigin;
}

interface Seen {
  readonly config: Config;
  readonly observed: Observed;
  readonly origin: ReleaseOrigin;
}

/** Before pre-deploy, on every machine of the run: if it dies, whoever comes next knows what had begun. */
export function noteRun(
  config: Config,
  hosts: readonly string[],
  { hooked, run }: { hooked: readonly Stage[]; run: StartedRun },
): Stage[] {
  const { command, version, origin } = run;
  const { run: id, performer } = origin;
  if (hooked.length === 0) return [];
  const hookedHosts = hooked.flatMap(({ lanes }) =>
    lanes.filter(({ steps }) => steps.some((step) => step.kind === 'run-hook' && step.where === 'host')),
  );
  const step: Step = {
    kind: 'note-run',
    file: unfinishedFile(config),
    run: {
      command,
      version,
      ...(id === undefined ? {} : { run: id }),
      ...(performer === undefined ? {} : { performer }),
      hookedHosts: hookedHosts.map(({ host }) => host),
    },
    because: 'if this run dies, the next one runs deploy-failed first',
  };
  return [
    { name: 'Note', lanes: [...new Set([config.primaryHost, ...hosts])].map((host) => ({ host, steps: [step] })) },
  ];
}

/** The stages of a run with the end of its note, this pass's or an earlier one's: the last thing that is done, beside cleaning up. */
export function withEndOfRun(stages: readonly Stage[], seen: Seen): Stage[] {
  const planned = stages.flatMap(({ lanes }) =>
    lanes.filter(({ steps }) => steps.some(({ kind }) => kind === 'note-run')).map(({ host }) => host),
  );
  const own = notesIn(seen, 'own').map(({ host }) => host);
  const noted = [...new Set([...planned, ...own])];
  return withCleanUp(stages, endRun(seen.config, noted, 'the run came to its end'));
}

/** After a run that failed: its deploy-failed hook, then the end of its note. Machines that are away are left out. */
export function deployFailedStages(input: {
  config: Config;
  hosts: readonly string[];
  hooks: ReadonlySet<string>;
  failed: FailedRun;
  because: string;
}): Stage[] {
  const { config, hosts, hooks, failed, because } = input;
  const hooked = hookLanes('deploy-failed', hosts, config, hooks).map(({ name, lanes }) => ({
    name,
    lanes: lanes.map((lane) => ({
      ...lane,
      steps: lane.steps.map((step) => (step.kind === 'run-hook' ? { ...step, failed, because } : step)),
    })),
  }));
  return [...hooked, ...stage('Note', endRun(config, hosts, because))];
}

/** What is done first where a dead run's pre-deploy had begun, and what to say where nothing can be. */
export function settleDeadRun({ hooks, ...seen }: Seen & { readonly hooks: ReadonlySet<string> }): {
  stages: Stage[];
  notes: string[];
} {
  const found = notesIn(seen, 'dead');
  const run = found.map((one) => one.run).toSorted((a, b) => (a.at < b.at ? 1 : -1))[0];
  if (run === undefined) return { stages: [], notes: [] };
  const hookedHosts = [...new Set(found.flatMap((one) => one.run.hookedHosts))];
  const what = `${run.command} of ${abbreviateVersion(run.version)}, begun at ${run.at} by ${run.performer ?? 'somebody'}`;
  const stages = deployFailedStages({
    config: seen.config,
    hosts: found.map(({ host }) => host),
    hooks,
    failed: { command: run.command, version: run.version, step: '', hookedHosts },
    because: `${what}, was cut off`,
  });
  const isUnsettled = hookedHosts.length > 0 && !hooks.has('deploy-failed');
  const text = `${what}, was cut off: what its pre-deploy did on ${hookedHosts.join(', ')} remains, as no deploy-failed hook runs`;
  return { stages, notes: isUnsettled ? [text] : [] };
}

/** What another run noted is a dead one's: this run has the lock. */
function notesIn({ observed, origin }: Seen, whose: 'dead' | 'own'): { host: string; run: UnfinishedRun }[] {
  return observed.hosts.flatMap(({ host, unfinished }) => {
    if (unfinished === undefined || (unfinished.run === origin.run) !== (whose === 'own')) return [];
    return [{ host, run: unfinished }];
  });
}

/** Of a run that came to no hook. */
export function endOfNotes(config: Config, hosts: readonly string[]): Stage[] {
  return stage('Note', endRun(config, hosts, 'the run did not come as far as its pre-deploy hook'));
}

function endRun(config: Config, hosts: readonly string[], because: string): Lane[] {
  return hosts.map((host) => ({
    host,
    optional: true,
    steps: [{ kind: 'end-run', file: unfinishedFile(config), because }],
  }));
}
