import type { LockHolder } from './host.ts';

/** What a machine and a run tell each other about who is at work there. */

/** The place of a run among those that had the same lock. */
export interface Seat {
  /** Higher than that of every run before it. */
  readonly turn: number;
  /** Owner tokens of runs that never gave the lock back. */
  readonly dead: readonly string[];
  /** Processes of dead runs that are still at work on the lock's machine. */
  readonly busy: number;
}

export interface Enlistment extends Pick<Seat, 'turn'> {
  /** `.kamal/longshore/shop/roster` */
  readonly roster: string;
  readonly ownerToken: string;
  /** Owner tokens of runs to end, where no other run is at work. */
  readonly end: readonly string[];
  /** Whatever turn is written down here, this run's comes after it: for when the lock itself says that this run has it. */
  readonly anew?: true;
  /** This run has ended here: it is taken off the roster, which goes too if it is `unused`: made by this run, which changed nothing. */
  readonly leaves?: 'used' | 'unused';
  /** The lock of this run, where it lies on another machine: so that who takes a lock here knows of it. */
  readonly elsewhere?: LockElsewhere;
}

export interface LockElsewhere {
  /** The machine that it lies on. */
  readonly host: string;
  /** Where one of the same service and destination lies on a machine. */
  readonly directory: string;
  readonly details: string;
  readonly seconds: number;
}

export type EnlistAnswer =
  | {
      readonly accepted: true;
      readonly busy: number;
      /** Another run that is at work on this machine; looked for where one's own lock lies elsewhere. */
      readonly other?: LockHolder;
      /** Runs that gave no sign of life here for the length of their lease, whose lock lies elsewhere; only where there is no other one. */
      readonly silent?: readonly string[];
    }
  | { readonly accepted: false };
