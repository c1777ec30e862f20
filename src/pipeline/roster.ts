import { Failure } from '../errors.ts';
import type { Fence } from '../hosts/fence.ts';
import type { EnlistAnswer, LockElsewhere, Seat } from '../hosts/enlistment.ts';
import type { Host, LockHolder } from '../hosts/host.ts';
import type { Lease } from './lease.ts';

/** Where this run is listed: on every machine that it changes, so that whoever takes over from it ends its connections. */
export interface Enlisted {
  /** Owner tokens of runs that never gave the lock back. */
  readonly dead: readonly string[];
  /** A fence that opens once the machine knows this connection. */
  before(host: Host, fence: Fence): Fence;
  /** Tells the machine of this connection, once. */
  enlist(host: Host): Promise<Standing>;
  /** Asks again. */
  askAgain(host: Host): Promise<Standing>;
  /** Tells a machine that knows this run that it lives. @returns false when it was ended there, or another run came while it was away */
  tell(host: Host): Promise<boolean>;
  /** Takes this run off a machine's roster, at its end. */
  leave(host: Host, leaves: 'used' | 'unused'): Promise<unknown>;
  /** From the next question on these dead runs are ended too. */
  end(runs: readonly string[]): void;
}

/** What a machine knows besides this run. */
export interface Standing {
  /** How much of dead runs is still at work there. */
  readonly busy: number;
  /** Another run that is at work there, or may be: its lock lies on that machine, or on a third one. */
  readonly other?: LockHolder;
  /** Runs that gave no sign of life, whose lock lies on a third machine; told where there is no other one. */
  readonly silent: readonly string[];
  /** Its last run had a later turn than this one: what was seen there before is old. */
  readonly wasLater: boolean;
}

interface Place {
  readonly roster: string;
  readonly ownerToken: string;
  readonly seat: Seat;
  /** That the lock was taken on, which knows its connection from then on; absent for a run that was lent the lock of another. */
  readonly host?: Host;
  /** What the other machines are told of the lock; absent where the lender tells them. */
  readonly elsewhere?: () => LockElsewhere;
  readonly lease: Lease;
}

/**
 * What a run sent before it was stopped, or its network broke, may arrive much later. So a connection changes nothing before its machine
 * has it on the roster, and a run that takes over ends what stands there before it looks: nothing arrives after that.
 */
export function keepRoster({ roster, ownerToken, seat, host: lockHost, elsewhere, lease }: Place): Enlisted {
  const { turn } = seat;
  const dead = [...seat.dead];
  const first = lockHost === undefined ? [] : [lockHost];
  const known = new WeakSet<Host>(first);
  const listedOn = new Set(first.map(({ name }) => name));
  const standing: Standing = { busy: seat.busy, silent: [], wasLater: false };
  const enlisting = new WeakMap<Host, Promise<Standing>>(first.map((host) => [host, Promise.resolve(standing)]));

  const requestFor = ({ name }: Host) => ({
    ...{ roster, ownerToken, turn, end: [...dead] },
    ...(elsewhere === undefined || name === lockHost?.name ? {} : { elsewhere: elsewhere() }),
  });

  async function ask(host: Host): Promise<Standing> {
    const answer = await host.enlist(requestFor(host));
    if (answer.accepted) return listed(host, answer, false);
    await lease.renew();
    if (!lease.fence.isOpen()) await lease.fence.pass();
    if (listedOn.has(host.name))
      throw new Failure('lock-held', `Another run has been at work on ${host.name} since, so nothing more is changed`);
    // Its last run had a later turn: the lock lay on another machine then.
    return listed(host, await host.enlist({ ...requestFor(host), anew: true }), true);
  }

  function listed(host: Host, answer: EnlistAnswer, wasLater: boolean): Standing {
    const { busy, other, silent = [] } = answer.accepted ? answer : { busy: 0 };
    listedOn.add(host.name);
    return { busy, ...(other === undefined ? {} : { other }), silent, wasLater };
  }

  const enlist = (host: Host) => {
    const asked =
      enlisting.get(host) ??
      ask(host).then(
        (standing) => {
          known.add(host);
          return standing;
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
    async askAgain(host) {
      const standing = await ask(host);
      enlisting.set(host, Promise.resolve(standing));
      return standing;
    },
    async tell(host) {
      if (!listedOn.has(host.name)) return true;
      return (await host.enlist(requestFor(host))).accepted;
    },
    leave: (host, leaves) => host.enlist({ ...requestFor(host), leaves }),
    end(runs) {
      dead.push(...runs.filter((run) => !dead.includes(run)));
    },
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
