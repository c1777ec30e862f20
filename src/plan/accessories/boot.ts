import { startingOrder } from '../../accessories/order.ts';
import type { WantedAccessory } from '../../accessories/wanted.ts';
import type { Config } from '../../config/config.ts';
import type { Observed } from '../../observe/observed.ts';
import { reference } from '../decide.ts';
import type { Lane, Plan, Step } from '../plan.ts';
import { stage } from '../prepare.ts';
import { typed } from '../typed.ts';
import { whyStarted } from '../why-down.ts';
import { currentOf, differencesOf, isRunning, meet, type Met } from './current.ts';
import { dropSteps, fileSteps } from './files.ts';
import { givePolicySteps, lostPolicySteps } from './restart-policy.ts';
import { lostRouteSteps, whyRouteDiffers, whyRouteIsLost } from './route.ts';
import { auditLanes, bootSteps, prepareStage, proofSteps, stopStep } from './steps.ts';

export interface BootRequest {
  readonly config: Config;
  readonly wanted: readonly WantedAccessory[];
  readonly observed: Observed;
  /** What was started by this run whose reply was lost: ids whose health nobody saw. */
  readonly unproven?: ReadonlySet<string>;
}

/**
 * Makes what is not there and starts what does not run, each after what it depends on; what runs is left as it is, and what differs from
 * the file is said. A replacement that was cut off is settled: the container that made room comes back.
 */
export function planBoot({ config, wanted, observed, unproven = new Set() }: BootRequest): Plan {
  const all = meet(wanted, observed);
  const down = all.filter((met) => !isRunning(met));
  const fresh = down.filter((met) => currentOf(met) === undefined);
  const create = fresh.map((met) =>
    lane(met, [...removals(met), { kind: 'create-container', spec: met.wanted.spec, because: notThere }]),
  );
  const levels = startingOrder(wanted, dependsOnIn(config)).map((level, index, every) =>
    stage(
      every.length === 1 ? 'Boot' : `Boot, ${index + 1} of ${every.length}`,
      all
        .filter((met) => level.includes(met.wanted))
        .map((met) => lane(met, bootLane(met, { config, isFresh: fresh.includes(met), unproven }))),
    ),
  );
  const changed = all.filter((met) =>
    levels
      .flat()
      .some(({ lanes }) =>
        lanes.some(({ host, role }) => host === met.wanted.host && role === met.wanted.accessory.name),
      ),
  );
  const stages = [
    ...prepareStage(fresh, {
      config,
      routed: all.filter((met) => !fresh.includes(met) && (!isRunning(met) || whyRouteIsLost(met) !== undefined)),
      pulls: (met) => (met.observed.image === undefined ? 'not on this host' : undefined),
    }),
    ...stage('Create', create),
    ...levels.flat(),
    ...stage(
      'Write down',
      auditLanes(config, changed, (name) => `Booted ${name} accessory`),
    ),
  ];
  return planOf(
    config,
    stages,
    all.filter(isRunning).flatMap((met) => leftAlone(met, config)),
  );
}

const notThere = 'it is not on this host';

function bootLane(
  met: Met,
  { config, isFresh, unproven }: { config: Config; isFresh: boolean; unproven: ReadonlySet<string> },
): Step[] {
  const { wanted, observed } = met;
  const { container } = observed;
  if (isFresh)
    return [
      ...dropSteps(met),
      ...fileSteps(met),
      ...bootSteps(met, { container: { name: wanted.spec.name }, config, because: notThere }),
    ];
  if (isRunning(met) && container !== undefined) {
    const proof = { container: reference(container), because: 'the reply to its start was lost' };
    return [
      ...(unproven.has(container.id) ? proofSteps(met, proof) : []),
      ...lostRouteSteps(met, config),
      ...dropSteps(met),
    ];
  }
  const old = currentOf(met);
  if (old === undefined) return [];
  const because = old.state === 'created' ? 'it was made but never started' : whyStarted(old, met.host);
  const back: Step[] =
    old.name === wanted.spec.name
      ? lostPolicySteps(met, old)
      : [
          {
            kind: 'rename-container',
            container: reference(old),
            name: wanted.spec.name,
            because: 'its successor never came',
          },
          ...givePolicySteps(met, { id: old.id, name: wanted.spec.name }),
        ];
  return [
    ...removals(met),
    ...back,
    ...dropSteps(met),
    ...fileSteps(met),
    ...bootSteps(met, { container: { id: old.id, name: wanted.spec.name }, config, because }),
  ];
}

/** What a replacement that was cut off had made, and what nobody waits for any more. */
export function removals(met: Met): Step[] {
  const keep = currentOf(met)?.id;
  return met.observed.leftovers
    .filter(({ id, name }) => id !== keep && name.startsWith(`${met.wanted.spec.name}_next_`))
    .flatMap((container): Step[] => [
      ...(container.state === 'running' ? [stopStep(met, container, 'a run that was cut off left it')] : []),
      { kind: 'remove-container', container: reference(container), because: 'a run that was cut off left it' },
    ]);
}

export function leftAlone(met: Met, config: Config): string[] {
  const { wanted } = met;
  const isLost = whyRouteIsLost(met) !== undefined;
  const differences = [...differencesOf(met), isLost ? [] : (whyRouteDiffers(met, config) ?? [])].flat();
  const name = wanted.accessory.name;
  if (differences.length === 0) return [`${wanted.host}: ${name} runs already`];
  return [
    `${wanted.host}: ${name} runs, unlike the file: ${differences.join(', ')}; \`${typed(`accessory upgrade ${name}`, config.destinationName)}\` applies it`,
  ];
}

export function lane({ wanted }: Met, steps: readonly Step[]): Lane {
  return { host: wanted.host, role: wanted.accessory.name, steps };
}

export function dependsOnIn({ accessories }: Config): (name: string) => readonly string[] {
  return (name) => accessories.find((one) => one.name === name)?.dependsOn ?? [];
}

export function planOf(config: Config, stages: Plan['stages'], notes: readonly string[]): Plan {
  return {
    service: config.service,
    ...(config.destination === undefined ? {} : { destination: config.destination }),
    version: '',
    stages,
    notes,
  };
}
