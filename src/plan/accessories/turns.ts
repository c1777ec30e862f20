import { startingOrder } from '../../accessories/order.ts';
import type { WantedAccessory } from '../../accessories/wanted.ts';
import type { Config } from '../../config/config.ts';
import type { Observed } from '../../observe/observed.ts';
import { dependsOnIn } from './boot.ts';
import { currentOf, isSteady, meet, type Met } from './current.ts';

/**
 * In which order containers are made anew, one after the other over the whole fleet. First what is not there, each after what it depends
 * on. Then those that others depend on last: a standby or pooler before its database. Of one accessory's members those that are down come
 * first, so that none is stopped while another one is away.
 */
export function inTurn(wanted: readonly WantedAccessory[], observed: Observed, config: Config): Met[] {
  const levels = startingOrder(wanted, dependsOnIn(config)).map((level) => meet(level, observed));
  const isAbsent = (met: Met) => currentOf(met) === undefined;
  return [
    ...levels.flatMap((level) => level.filter(isAbsent)),
    ...levels.toReversed().flatMap((level) => downFirst(level.filter((met) => !isAbsent(met)))),
  ];
}

function downFirst(level: readonly Met[]): Met[] {
  const isWell = (met: Met) => isSteady(met) && met.observed.container?.health !== 'unhealthy';
  return [...level.filter((met) => !isWell(met)), ...level.filter(isWell)];
}
