import type { WantedAccessory } from '../accessories/wanted.ts';
import type { WantedContainer } from '../app/wanted.ts';
import type { Config } from '../config/config.ts';
import { imageOf } from '../containers/names.ts';
import type { Observed, ReleaseOrigin, ReleaseRecord } from '../observe/observed.ts';
import { waitingRoles } from './accessories/waiting.ts';
import { decideForDeploy } from './decide.ts';
import { digestOn, type ImageChanges, imageChanges, prepareStages } from './prepare.ts';
import { withCleanUp } from './clean-up.ts';
import { planRelease } from './release.ts';
import { smokeNotes, smokeSteps } from './smoke.ts';
import { swapStages } from './swap.ts';
import { finishStages } from './finish.ts';
import { isIn, observedHost, replacedVersion, startedSince } from './current.ts';
import type { Plan, RoleValue, Stage } from './plan.ts';
import type { WantedFiles } from './route-files.ts';
import { settleDeadRun, withEndOfRun } from './unfinished.ts';
import { planStrays } from './strays.ts';
import { planValues } from './values.ts';
import { wakeStage } from './wake.ts';

export interface DeployRequest {
  /** Roles narrowed to what was selected by `--hosts` and `--roles`. */
  readonly config: Config;
  /** The whole file. */
  readonly file: Config;
  readonly command: ReleaseRecord['command'];
  readonly version: string;
  /** What the push answered; absent when the image was not built in this run. */
  readonly digest?: string;
  readonly observed: Observed;
  readonly wanted: readonly WantedContainer[];
  /** Names of the hook scripts that exist; empty when hooks are skipped. */
  readonly hooks: ReadonlySet<string>;
  readonly origin: ReleaseOrigin;
  /** Values that Kamal would deliver otherwise, where the file does not say how they arrive. */
  readonly openValues: readonly RoleValue[];
  /** Which files the routes are to have. */
  readonly files: Omit<WantedFiles, 'version'>;
  /** Accessories without which their roles do not start; absent: none. */
  readonly needed?: readonly WantedAccessory[];
  /** The machines before this run's first step, for the rest of a plan whose reply was lost. */
  readonly before?: Observed;
}

/** What is left to do so that every selected machine runs this version as the file says; no stages when nothing is. */
export function planDeploy(request: DeployRequest): Plan {
  const { config, command, version, observed, wanted } = request;
  const images = imageChanges(request);
  const unproven = startedSince(request.before, observed);
  const decisions = wanted.map((container) =>
    decideForDeploy(container, observedHost(observed, container.host), {
      config,
      version,
      // What this run made anew already is not made anew again.
      replaces: ({ id }) => command === 'redeploy' && (request.before === undefined || isIn(request.before, id)),
      imageWillChange: images.changing.has(container.host),
      unproven,
      files: { ...request.files, version },
    }),
  );
  const withProxy = command !== 'redeploy';
  const prepare = prepareStages({ config, version, observed, decisions, pulls: images.pulls, withProxy });
  const { hooks, origin } = request;
  const digest = request.digest ?? presentDigest(request, images);
  const isKnown = request.digest !== undefined || images.pulls.size === 0;
  const image = isKnown ? { image: digest === undefined ? {} : { digest } } : {};
  const release = planRelease({ request, decisions, ...image });
  const strays = planStrays(config, request.file, observed);
  const swap = swapStages({
    config,
    observed,
    decisions,
    hooks,
    run: { command, version, origin },
    release: release.stages,
    moved: strays.quiet,
    smoke: (decision) => smokeSteps(decision, { config, observed, unproven }),
  });
  const wake = wakeStage({ file: request.file, observed, isFirst: request.before === undefined, lanes: swap.quiet });
  const values = planValues({ config, observed, decisions, open: request.openValues });
  const from = replacedVersion(observed, config, version);
  const finish = finishStages({
    config,
    version,
    observed,
    decisions,
    strays,
    prunes: command !== 'redeploy',
    pulling: new Set(pulling(prepare)),
    record: {
      version,
      command,
      outcome: 'live',
      ...request.origin,
      ...(from === undefined ? {} : { from }),
      ...(digest === undefined ? {} : { digest }),
    },
  });
  const dead = settleDeadRun(request);
  const stages = withCleanUp([...prepare, ...swap.stages, ...finish], release.cleanUp);
  return {
    service: config.service,
    ...(config.destination === undefined ? {} : { destination: config.destination }),
    version,
    stages: [...wake, ...dead.stages, ...withEndOfRun(stages, request)],
    ...values,
    ...waitingRoles(request, decisions),
    notes: [...dead.notes, ...release.notes, ...smokeNotes(decisions, request), ...strays.notes, ...values.notes],
  };
}

/** What the machines have; a pull is going to tell otherwise. */
function presentDigest({ config, version, observed }: DeployRequest, { pulls }: ImageChanges): string | undefined {
  if (pulls.size > 0) return undefined;
  const image = imageOf(config, version);
  return observed.hosts.map((host) => digestOn(host, config.repository, image)).find(Boolean);
}

function pulling(stages: readonly Stage[]): string[] {
  return stages.flatMap(({ lanes }) =>
    lanes.filter(({ steps }) => steps.some(({ kind }) => kind === 'pull-image')).map(({ host }) => host),
  );
}
