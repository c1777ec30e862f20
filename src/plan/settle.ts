import type { Config } from '../config/config.ts';
import type { Observed, ReleaseOrigin } from '../observe/observed.ts';
import type { Plan } from './plan.ts';
import { settleDeadRun } from './unfinished.ts';
import { wakeStage } from './wake.ts';

/** What a dead run left for whoever takes its lock over, whatever that one is going to do: quiet containers, and its deploy-failed hook. */
export function planSettle(seen: {
  /** The whole file. */
  config: Config;
  version: string;
  observed: Observed;
  hooks: ReadonlySet<string>;
  origin: ReleaseOrigin;
}): Plan {
  const { config, version, observed } = seen;
  const dead = settleDeadRun(seen);
  return {
    service: config.service,
    ...(config.destination === undefined ? {} : { destination: config.destination }),
    version,
    stages: [...wakeStage({ file: config, observed, isFirst: true, lanes: [] }), ...dead.stages],
    notes: dead.notes,
  };
}
