import type { Fence } from '../hosts/fence.ts';
import type { Host } from '../hosts/host.ts';
import type { Lease } from './lease.ts';

export interface HeldLock extends Omit<Lease, 'stop'> {
  /**
   * Waits until no other run is at work on any machine. @returns whether there was one, so that what was seen before is old.
   * @throws Failure `lock-held`
   */
  alone(): Promise<boolean>;
  /** Whether it was a dead run's before, here or on another machine, as far as is known by now. */
  tookOver(): boolean;
  /** Every machine of the file that was told of this run. */
  everywhere(): Promise<readonly Host[]>;
  /** A fence of this lock, before one machine: it opens once the machine knows this connection as that of the run which has the lock. */
  before(host: Host, fence: Fence): Fence;
  /** Gives it back, once; one that this run was lent stays where it is. @returns false when it was somebody else's by then */
  release(): Promise<boolean>;
}

/** For what needs no lock, or whose caller holds it and gives it back. */
export function withoutLock(): HeldLock {
  const { signal } = new AbortController();
  const open = { isOpen: () => true, pass: async () => undefined };
  return {
    lost: signal,
    taken: signal,
    fence: open,
    fenceBack: open,
    alone: async () => false,
    tookOver: () => false,
    everywhere: async () => [],
    before: () => open,
    renew: async () => undefined,
    isTaken: async () => false,
    release: async () => true,
  };
}
