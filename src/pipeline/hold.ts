/** Why a run that fails is held instead of brought back. */
export interface HoldReason {
  /** For a person, such as `the release command bin/migrate ran and is irreversible`. */
  readonly because: string;
  /** Whether the version that served before still can; where it cannot, traffic is never sent back to it. */
  readonly oldVersion: 'can-serve' | 'cannot-serve';
}

/** The one place where anything in a run says that a failure is not to be brought back; nothing takes it away again. */
export interface Hold {
  /** Absent: a failed run is brought back. */
  readonly reason: HoldReason | undefined;
  /** The first reason stays, but for one after which the old version cannot serve. */
  say(reason: HoldReason): void;
}

/** @param first what was said when the command was typed */
export function newHold(first?: HoldReason): Hold {
  let reason = first;
  return {
    get reason() {
      return reason;
    },
    say(other) {
      const isGraver = reason?.oldVersion !== 'cannot-serve' && other.oldVersion === 'cannot-serve';
      if (reason === undefined || isGraver) reason = other;
    },
  };
}

/** `--on-failure hold`, as typed. */
export const askedToHold: HoldReason = { because: '--on-failure hold', oldVersion: 'can-serve' };
