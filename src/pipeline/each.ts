import { Failure } from '../errors.ts';
import { connectFleet } from './connecting.ts';
import type { Fleet } from './fleet.ts';
import type { Session } from './session.ts';

/** What came of one machine; `problem` where it could not be looked at. */
export type OfHost<T> =
  { readonly name: string; readonly value: T } | { readonly name: string; readonly problem: string };

/** Looks at each machine by itself, all side by side, so that one that cannot be reached is a line and not an end. */
export function onEachHost<T>(
  session: Session,
  names: readonly string[],
  work: (fleet: Fleet) => Promise<T>,
): Promise<OfHost<T>[]> {
  return Promise.all(
    names.map(async (name): Promise<OfHost<T>> => {
      let fleet: Fleet | undefined;
      try {
        fleet = await connectFleet(session, [name]);
        return { name, value: await work(fleet) };
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
        return { name, problem: error.message };
      } finally {
        await fleet?.close();
      }
    }),
  );
}
