import { nextName, replacedName } from '../../containers/names.ts';
import type { ObservedContainer } from '../../observe/observed.ts';
import { currentOf, isRunning, type Met } from './current.ts';

/** What was there when a run began, also where another one was cut off before. */

/** What ran last: what a run that was cut off made and never started is no such thing. */
export function lastOf(met: Met): ObservedContainer | undefined {
  const current = currentOf(met);
  if (current?.state !== 'created') return current;
  return met.observed.leftovers.find((one) => isReplaced(met, one)) ?? current;
}

/** Whether a run that was cut off had begun to take its place: that one stopped it, nobody else did. */
export function wasMakingRoom(met: Met): boolean {
  const last = lastOf(met);
  return last !== undefined && (isReplaced(met, last) || isAwaited(met));
}

/** That a replacement was cut off before the container that was made for it got the name. */
export function isAwaited(met: Met): boolean {
  const [next, since] = [nextName(met.wanted.spec.name, ''), lastOf(met)?.createdSeconds ?? 0];
  return met.observed.leftovers.some(({ name, createdSeconds }) => name.startsWith(next) && createdSeconds >= since);
}

/** Whether it ran before a run, or would have, had another one not been cut off. */
export function ranBefore(met: Met): boolean {
  return isRunning(met) || wasMakingRoom(met);
}

function isReplaced({ wanted }: Met, { name }: ObservedContainer): boolean {
  return name.startsWith(replacedName(wanted.spec.name, ''));
}

/** Files kept beside their places by a replacement that was over but for its end: none of them is what ran last had. */
export function staleFormers(was: Met): readonly string[] {
  return wasMakingRoom(was) ? [] : (was.observed.formers ?? []);
}
