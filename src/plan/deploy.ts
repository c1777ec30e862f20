import type { WantedContainer } from '../app/wanted.ts';
import type { Config } from '../config/config.ts';
import type { Observed, ReleaseRecord } from '../observe/observed.ts';
import { decideForDeploy } from './decide.ts';
import { imageChanges, prepareStages } from './prepare.ts';
import { swapStages } from './swap.ts';
import { finishStages } from './finish.ts';
import { currentVersion, observedHost } from './current.ts';
import type { Plan, Stage } from './plan.ts';

export interface DeployRequest {
  /** Roles narrowed to what was selected by `--hosts` and `--roles`. */
  readonly config: Config;
  readonly command: ReleaseRecord['command'];
  readonly version: string;
  /** What the push answered; absent when the image was not built in this run. */
  readonly digest?: string;
  readonly observed: Observed;
  readonly wanted: readonly WantedContainer[];
  /** Names of the hook scripts that exist; empty when hooks are skipped. */
  readonly hooks: ReadonlySet<string>;
  readonly performer: string;
  /** Ids of containers that this run started without seeing them ready. */
  readonly unproven?: ReadonlySet<string>;
}

/** What is left to do so that every selected machine runs this version as the file says; no stages when nothing is. */
export function planDeploy(request: DeployRequest): Plan {
  const { config, command, version, observed, wanted } = request;
  const images = imageChanges(request);
  const decisions = wanted.map((container) =>
    decideForDeploy(container, observedHost(observed, container.host), {
      config,
      version,
      replaceAll: command === 'redeploy',
      imageWillChange: images.changing.has(container.host),
      unproven: request.unproven ?? new Set(),
    }),
  );
  const withProxy = command !== 'redeploy';
  const prepare = prepareStages({ config, version, observed, decisions, pulls: images.pulls, withProxy });
  const swap = swapStages({ config, observed, decisions, hooks: request.hooks });
  const changes = prepare.length + swap.stages.length > 0;
  const from = currentVersion(observed, config);
  const finish = finishStages({
    config,
    version,
    observed,
    decisions,
    prunes: command !== 'redeploy',
    pulling: new Set(pulling(prepare)),
    ...(changes
      ? {
          record: {
            version,
            command,
            outcome: 'live',
            performer: request.performer,
            ...(from === undefined || from === version ? {} : { from }),
            ...(request.digest === undefined ? {} : { digest: request.digest }),
          } as const,
        }
      : {}),
  });
  return {
    service: config.service,
    ...(config.destination === undefined ? {} : { destination: config.destination }),
    version,
    stages: [...prepare, ...swap.stages, ...finish],
    notes: [...images.notes, ...leftAlone(config, observed)],
  };
}

function pulling(stages: readonly Stage[]): string[] {
  return stages.flatMap(({ lanes }) =>
    lanes.filter(({ steps }) => steps.some(({ kind }) => kind === 'pull-image')).map(({ host }) => host),
  );
}

/** Containers of roles that the file no longer has: named, not touched. */
function leftAlone(config: Config, observed: Observed): string[] {
  const roles = new Set(config.roles.map(({ name }) => name));
  return observed.hosts.flatMap(({ host, containers }) =>
    containers
      .filter(
        ({ labels, state }) =>
          state === 'running' &&
          labels['service'] === config.service &&
          (labels['destination'] ?? '') === (config.destination ?? '') &&
          labels['role'] !== undefined &&
          !roles.has(labels['role']),
      )
      .map(({ name, labels }) => `${host}: ${name} is left alone: this file has no role ${labels['role']}`),
  );
}
