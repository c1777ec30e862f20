import type { Config } from '../config/config.ts';
import type { Observed } from '../observe/observed.ts';
import { appContainers, isUp, observedHost } from './current.ts';
import type { Plan } from './plan.ts';
import { whyOpened } from './ports.ts';

/** Ports that a plan's new containers of roles would open on every address without anybody having said so; what is open stays so. */
export function rolesThatOpen({ stages }: Plan, observed: Observed, config: Config): string[] {
  const texts = stages.flatMap(({ lanes }) =>
    lanes.flatMap(({ host, steps }) =>
      steps.flatMap((step) => {
        const role = step.kind === 'create-container' ? step.spec.labels['role'] : undefined;
        if (step.kind !== 'create-container' || role === undefined) return [];
        const running = appContainers(observedHost(observed, host), config, role).filter(isUp);
        const now = running.flatMap(({ ports }) => ports);
        return whyOpened(step.spec, now, `${host}: ${role}`);
      }),
    ),
  );
  return [...new Set(texts)];
}
