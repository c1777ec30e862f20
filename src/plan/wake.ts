import type { Config, Role } from '../config/config.ts';
import type { Observed, ObservedContainer, ObservedHost } from '../observe/observed.ts';
import { appContainers, isUp } from './current.ts';
import { reference, wakeStep } from './decide.ts';
import type { Lane, Stage } from './plan.ts';
import { stage } from './prepare.ts';

/**
 * First of all: what a dead run left quiet takes jobs again. Of every role of the file, whatever was selected. `lanes`: what this run
 * quiets itself, which after a lost reply is not woken before.
 */
export function wakeStage(input: {
  file: Config;
  observed: Observed;
  isFirst: boolean;
  lanes: readonly Lane[];
}): Stage[] {
  const { file, observed, lanes } = input;
  const because = 'a run that was cut off left it quiet';
  const quieted = new Set(
    lanes.flatMap(({ steps }) => steps.flatMap((step) => ('container' in step ? (step.container.id ?? []) : []))),
  );
  return stage(
    'Wake up',
    observed.hosts.flatMap((host) =>
      appContainers(host, file)
        .filter((container) => isUp(container) && needsWaking(host, file).has(container.id))
        .filter(({ id }) => input.isFirst || !quieted.has(id))
        .map((container): Lane => ({
          host: host.host,
          role: container.labels['role'] ?? '',
          steps: [wakeStep(reference(container), roleOf(container, file), { config: file, because })],
        })),
    ),
  );
}

/** Ids of watched containers of a role that do not work as they are: quiet, or stopped. */
export function needsWaking(host: ObservedHost, config: Config, role?: string): Set<string> {
  const states = new Map(host.watched.map(({ container, state }) => [container, state]));
  const asleep = appContainers(host, config, role).filter((container) => {
    const state = states.get(container.id);
    return state !== undefined && (state !== 'working' || !isUp(container));
  });
  return new Set(asleep.map(({ id }) => id));
}

/** With its time to stop; one that the file has no more gets Docker's own. */
function roleOf({ labels }: ObservedContainer, { roles }: Config): Pick<Role, 'stopTimeoutSeconds'> {
  return roles.find(({ name }) => name === labels['role']) ?? {};
}
