import type { Fence } from '../hosts/fence.ts';
import type { Host, Seat } from '../hosts/host.ts';
import type { Lease } from './lease.ts';

/** Where this run is listed: on every machine that it changes, so that whoever takes over from it ends its connections. */
export interface Enlisted {
  /** Owner tokens of runs that never gave the lock back. */
  readonly dead: readonly string[];
  /** A fence that opens once the machine knows this connection. */
  before(host: Host, fence: Fence): Fence;
  /** Tells the machine of this connection, once. @returns how much of dead runs is still at work there */
  enlist(host: Host): Promise<number>;
  /** Asks again. */
  countBusy(host: Host): Promise<number>;
}

interface Place {
  readonly roster: string;
  readonly ownerToken: string;
  readonly seat: Seat;
  /** That the lock was taken on, which knows its connection from then on; absent for a run that was lent the lock of another. */
  readonly host?: Host;
  readonly lease: Lease;
}

/**
 * What a run sent before it was stopped, or its network broke, may arrive much later. So a connection changes nothing before its machine
 * has it on the roster, and a run that takes over ends what stands there before it looks: nothing arrives after that.
 */
export function keepRoster({ roster, ownerToken, seat, host: lockHost, lease }: Place): Enlisted {
  const { turn, dead } = seat;
  const first = lockHost === undefined ? [] : [lockHost];
  const known = new WeakSet<Host>(first);
  const enlisting = new WeakMap<Host, Promise<number>>(first.map((host) => [host, Promise.resolve(seat.busy)]));

  async function ask(host: Host): Promise<number> {
    const request = { roster, ownerToken, turn, end: dead };
    const answer = await host.enlist(request);
    if (answer.accepted) return answer.busy;
    // Its last run had a later turn: this one's is over, or the lock lay elsewhere then.
    await lease.renew();
    if (!lease.fence.isOpen()) await lease.fence.pass();
    const anew = await host.enlist({ ...request, anew: true });
    return anew.accepted ? anew.busy : 0;
  }

  const enlist = (host: Host) => {
    const asked =
      enlisting.get(host) ??
      ask(host).then(
        (busy) => {
          known.add(host);
          return busy;
        },
        (error: unknown) => {
          enlisting.delete(host);
          throw error;
        },
      );
    enlisting.set(host, asked);
    return asked;
  };

  return {
    dead,
    enlist,
    countBusy: ask,
    before: (host, fence) => ({
      isOpen: () => known.has(host) && fence.isOpen(),
      async pass() {
        if (lease.taken.aborted) await fence.pass();
        await enlist(host);
        if (!fence.isOpen()) await fence.pass();
      },
    }),
  };
}
