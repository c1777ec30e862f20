import type { Config } from '../config/config.ts';
import type { Observed, ReleaseOrigin } from '../observe/observed.ts';
import type { Plan } from './plan.ts';
import { settleDeadRun } from './unfinished.ts';
import { wakeStage } from './wake.ts';

/** What was seen by whoever takes a dead run's lock over, whatever that one is going to do. */
interface Seen {
  /** The whole file. */
  readonly config: Config;
  readonly version: string;
  readonly observed: Observed;
}

/** Containers that are still quiet take jobs again. */
export function planWaking(seen: Seen): Plan {
  const stages = wakeStage({ file: seen.config, observed: seen.observed, isFirst: true, lanes: [] });
  return planOf(seen, { stages, notes: [] });
}

/** Its deploy-failed hook. */
export function planDeadRun(
  seen: Seen & { readonly hooks: ReadonlySet<string>; readonly origin: ReleaseOrigin },
): Plan {
  return planOf(seen, settleDeadRun(seen));
}

function planOf({ config, version }: Seen, { stages, notes }: Pick<Plan, 'stages' | 'notes'>): Plan {
  const { service, destination } = config;
  return { service, ...(destination === undefined ? {} : { destination }), version, stages, notes };
}
