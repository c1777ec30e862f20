import type {
  EnlistAnswer,
  Enlistment,
  LockAnswer,
  LockHolder,
  LockRelease,
  LockRequest,
  Seat,
} from '../../src/hosts/host.ts';
import type { FakeLock, FakeRoster, MachineState } from './machine.ts';

/** @param end ends the connection by which it is asked for */
export function acquireLock(machine: MachineState, request: LockRequest, end: () => void): LockAnswer {
  const held = machine.locks.get(request.directory);
  if (held !== undefined) return { taken: false, holder: holderOf(held) };
  machine.locks.set(request.directory, {
    details: request.details,
    ...(request.lease === undefined ? {} : { lease: { ...request.lease, renewedAtSeconds: nowSeconds() } }),
  });
  machine.journal.push(`take lock ${request.directory}`);
  return { taken: true, ...takeSeat(machine, request, end) };
}

export function takeOverLock(machine: MachineState, request: LockRequest, end: () => void): LockAnswer {
  const held = machine.locks.get(request.directory);
  const lease = held === undefined ? undefined : holderOf(held).lease;
  if (lease !== undefined && lease.secondsLeft <= 0) {
    machine.locks.delete(request.directory);
    machine.journal.push(`remove lock ${request.directory}, whose lease has run out`);
  }
  return acquireLock(machine, request, end);
}

export function refreshLock(machine: MachineState, directory: string, ownerToken: string): boolean {
  const lease = machine.locks.get(directory)?.lease;
  if (lease?.ownerToken !== ownerToken) return false;
  lease.renewedAtSeconds = nowSeconds();
  return true;
}

export function releaseLock(machine: MachineState, { directory, ownerToken, roster }: LockRelease): boolean {
  const held = machine.locks.get(directory);
  if (held === undefined || (ownerToken !== undefined && held.lease?.ownerToken !== ownerToken)) return false;
  if (roster !== undefined) machine.rosters.get(roster)?.runs.delete(ownerToken ?? '');
  machine.locks.delete(directory);
  machine.journal.push(`release lock ${directory}`);
  return true;
}

export function enlist(machine: MachineState, enlistment: Enlistment, end: () => void): EnlistAnswer {
  const { ownerToken, turn, anew } = enlistment;
  const roster = rosterAt(machine, enlistment.roster);
  if (roster.turn > turn && anew !== true) return { accepted: false };
  roster.turn = turn;
  roster.runs.set(ownerToken, (roster.runs.get(ownerToken) ?? new Set()).add(end));
  endRuns(roster, enlistment.end);
  return { accepted: true, busy: 0 };
}

export function holderOf({ details, lease }: FakeLock): LockHolder {
  if (lease === undefined) return { details };
  const { ownerToken, seconds, renewedAtSeconds } = lease;
  return { details, lease: { ownerToken, seconds, secondsLeft: renewedAtSeconds + seconds - nowSeconds() } };
}

function takeSeat(machine: MachineState, { roster, lease }: LockRequest, end: () => void): { seat?: Seat } {
  if (roster === undefined || lease === undefined) return {};
  const there = rosterAt(machine, roster);
  const dead = [...there.runs.keys()];
  const turn = (there.turn === 0 ? nowSeconds() : there.turn) + 1;
  enlist(machine, { roster, ownerToken: lease.ownerToken, turn, end: dead }, end);
  return { seat: { turn, dead, busy: 0 } };
}

function rosterAt(machine: MachineState, directory: string): FakeRoster {
  const roster = machine.rosters.get(directory) ?? { turn: 0, runs: new Map() };
  machine.rosters.set(directory, roster);
  return roster;
}

function endRuns(roster: FakeRoster, runs: readonly string[]): void {
  for (const run of runs) {
    for (const end of roster.runs.get(run) ?? []) end();
    roster.runs.delete(run);
  }
}

/** Whole seconds, as a machine says them. */
function nowSeconds(): number {
  return Math.floor(Date.now() / 1000);
}
