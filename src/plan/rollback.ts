import { waitingRoles } from './accessories/waiting.ts';
import { observedHost, replacedVersion, startedSince } from './current.ts';
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
import { planStrays } from './strays.ts';
import { settleDeadRun, withEndOfRun } from './unfinished.ts';
import { wakeStage } from './wake.ts';

/** A rollback asks for the same as a deploy, but for what is new about the version. */
export type RollbackRequest = Omit<DeployRequest, 'command' | 'digest' | 'openValues'> & {
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
  const strays = planStrays(config, request.file, observed);
  const swap = swapStages({
    config,
    observed,
    decisions,
    hooks,
    run: { command: 'rollback', version, origin },
    release: [],
    moved: strays.quiet,
    smoke: () => [],
  });
  const wake = wakeStage({
    file: request.file,
    observed,
    isFirst: request.before === undefined,
    lanes: swap.quiet,
  });
  const from = replacedVersion(observed, config, version);
  const finish = finishStages({
    config,
    version,
    observed,
    decisions,
    strays,
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
    stages: [...wake, ...dead.stages, ...withEndOfRun([...prepare, ...swap.stages, ...finish], request)],
    notes: [
      ...dead.notes,
      ...changed.map((text) => `${text}, and stays as it was in that release`),
      ...decisions.flatMap(remadeNote),
      ...notesOnFiles(decisions, observed, config),
    ],
    ...(env === undefined && changed.length > 0 ? { changedVariables: changed } : {}),
    ...waitingRoles(request, decisions),
  };
}

function remadeNote({ wanted, action, because }: Decision): string[] {
  if (action !== 'create' && action !== 'replace') return [];
  return [
    `${wanted.host}: ${wanted.spec.name} is made again from its image (${because}): today's settings apply to it`,
  ];
}
