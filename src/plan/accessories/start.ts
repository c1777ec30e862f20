import { startingOrder } from '../../accessories/order.ts';
import type { WantedAccessory } from '../../accessories/wanted.ts';
import type { Config } from '../../config/config.ts';
import type { Observed } from '../../observe/observed.ts';
import { isUp } from '../current.ts';
import { reference } from '../decide.ts';
import type { Plan, Step } from '../plan.ts';
import { stage } from '../prepare.ts';
import { typed } from '../typed.ts';
import { whyStarted } from '../why-down.ts';
import { wasMakingRoom } from './before.ts';
import { dependsOnIn, lane, planOf, removals } from './boot.ts';
import { isRunning, meet, type Met } from './current.ts';
import { feltNotes } from './felt.ts';
import { dropSteps, swapBackSteps } from './files.ts';
import { lostPolicySteps } from './restart-policy.ts';
import { lostRouteSteps, removeRouteSteps, routeOf, whyRouteIsLost } from './route.ts';
import { auditLanes, bootSteps, membersSteps, prepareStage, stopStep } from './steps.ts';
import { inTurn } from './turns.ts';

export interface StartRequest {
  readonly config: Config;
  readonly wanted: readonly WantedAccessory[];
  readonly observed: Observed;
}

/** Starts what is there and does not run, each after what it depends on; what runs and lost its route gets it back. */
export function planStart({ config, wanted, observed }: StartRequest): Plan {
  const all = meet(wanted, observed);
  const down = all.filter(({ observed: { container } }) => container !== undefined && !isUp(container));
  const lost = all.filter((met) => whyRouteIsLost(met) !== undefined);
  const levels = startingOrder(wanted, dependsOnIn(config)).flatMap((level, index, every) =>
    stage(
      every.length === 1 ? 'Start' : `Start, ${index + 1} of ${every.length}`,
      [...down, ...lost]
        .filter((met) => level.includes(met.wanted))
        .map((met) => lane(met, lost.includes(met) ? lostRouteSteps(met, config) : startSteps(met, config))),
    ),
  );
  return planOf(
    config,
    [
      ...prepareStage([], { config, pulls: () => undefined, routed: [...down, ...lost] }),
      ...levels,
      ...stage(
        'Write down',
        auditLanes(config, [...down, ...lost], (name) => `Started ${name} accessory`),
      ),
    ],
    absentNotes(all, config),
  );
}

function startSteps(met: Met, config: Config, why?: string): Step[] {
  const { container } = met.observed;
  if (container === undefined) return [];
  const because = why ?? whyStarted(container, met.host);
  return [
    ...dropSteps(met),
    ...lostPolicySteps(met, container),
    ...bootSteps(met, { container: reference(container), config, because }),
  ];
}

/** Takes the traffic away and stops what runs, those first that depend on others. */
export function planStop({ config, wanted, observed }: StartRequest): Plan {
  const concerned = meet(wanted, observed).filter(
    (met) => isRunning(met) || routeOf(met) !== undefined || removals(met).length > 0,
  );
  const levels = startingOrder(wanted, dependsOnIn(config))
    .toReversed()
    .flatMap((level, index, every) =>
      stage(
        every.length === 1 ? 'Stop' : `Stop, ${index + 1} of ${every.length}`,
        concerned
          .filter((met) => level.includes(met.wanted))
          .map((met) =>
            lane(met, [...stopSteps(met), ...removals(met).filter(({ kind }) => kind === 'stop-container')]),
          ),
      ),
    );
  return planOf(
    config,
    [
      ...levels,
      ...stage(
        'Clean up',
        concerned.map((met) => ({ ...lane(met, clearSteps(met)), optional: true })),
      ),
      ...stage(
        'Write down',
        auditLanes(config, concerned, (name) => `Stopped ${name} accessory`),
      ),
    ],
    feltNotes(config, concerned),
  );
}

/** What waited to take its place goes, and what it had put there with it. */
function clearSteps(met: Met): Step[] {
  const removed = removals(met).filter(({ kind }) => kind !== 'stop-container');
  const isOver = removed.length > 0 && wasMakingRoom(met) && !isRunning(met);
  return [...(isOver ? swapBackSteps(met, 'its successor never came', []) : []), ...removed];
}

/** Stops and starts the same containers, one after the other; their routes stay meanwhile. */
export function planRestart({ config, wanted, observed }: StartRequest): Plan {
  const all = inTurn(wanted, observed, config);
  const present = all.filter((met) => met.observed.container !== undefined);
  const because = 'you asked for it';
  const lanes = present.map((met) =>
    lane(met, [
      ...membersSteps(met, { all: wanted, config }),
      ...haltSteps(met, because),
      ...startSteps(met, config, because),
    ]),
  );
  const stages = lanes.flatMap((one) => stage(`Restart ${one.role ?? ''}`, [one]));
  return planOf(
    config,
    [
      ...prepareStage([], { config, pulls: () => undefined, routed: present }),
      ...stages,
      ...stage(
        'Write down',
        auditLanes(config, present, (name) => `Started ${name} accessory`),
      ),
    ],
    [...absentNotes(all, config), ...feltNotes(config, present)],
  );
}

function absentNotes(all: readonly Met[], { destinationName }: Config): string[] {
  return all.flatMap(({ observed: { container }, wanted: { host, accessory } }) =>
    container === undefined
      ? [
          `${host}: there is no ${accessory.name} to start; \`${typed(`accessory boot ${accessory.name}`, destinationName)}\` makes it`,
        ]
      : [],
  );
}

export function stopSteps(met: Met): Step[] {
  const because = 'you asked for it';
  return [...removeRouteSteps(met, because), ...haltSteps(met, because)];
}

function haltSteps(met: Met, because: string): Step[] {
  const { container } = met.observed;
  return container !== undefined && isUp(container) ? [stopStep(met, container, because)] : [];
}
