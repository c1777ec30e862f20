import type { EnlistAnswer, Enlistment, LockElsewhere, Seat } from '../../src/hosts/enlistment.ts';
import type { LockAnswer, LockHolder, LockRelease, LockRequest } from '../../src/hosts/host.ts';
import { countAhead, leaveLine, standInLine } from './lock-line.ts';
import type { FakeConnection, FakeLock, FakeRoster, MachineState } from './machine.ts';

export function acquireLock(machine: MachineState, request: LockRequest, connection: FakeConnection): LockAnswer {
  const other = request.lease && awayHere(machine, request.roster, { ownerToken: request.lease.ownerToken });
  const looked = lookAtLock(machine, request, other);
  if (!looked.taken) return looked;
  machine.locks.set(request.directory, {
    details: request.details,
    ...(request.lease === undefined ? {} : { lease: { ...request.lease, renewedAtSeconds: nowSeconds() } }),
  });
  machine.journal.push(`take lock ${request.directory}`);
  return { taken: true, ...takeSeat(machine, request, connection) };
}

/** Leaves the line when it is this run's turn. @param other whose lock lies on another machine */
export function lookAtLock(machine: MachineState, request: LockRequest, other?: LockHolder): LockAnswer {
  const held = machine.locks.get(request.directory);
  const holder = held === undefined ? other : holderOf(held);
  if (holder === undefined && countAhead(machine, request) === 0) {
    if (request.line !== undefined) leaveLine(machine, request.line);
    return { taken: true };
  }
  const place = standInLine(machine, request, holder === undefined);
  return { taken: false, holder: holder ?? { details: '' }, ...(place === undefined ? {} : { place }) };
}

export function takeOverLock(machine: MachineState, request: LockRequest, connection: FakeConnection): LockAnswer {
  const held = machine.locks.get(request.directory);
  const lease = held === undefined ? undefined : holderOf(held).lease;
  if (lease !== undefined && lease.secondsLeft <= 0) {
    machine.locks.delete(request.directory);
    machine.journal.push(`remove lock ${request.directory}, whose lease has run out`);
  }
  return acquireLock(machine, request, connection);
}

export function refreshLock(machine: MachineState, directory: string, ownerToken: string): boolean {
  const lease = machine.locks.get(directory)?.lease;
  if (lease?.ownerToken !== ownerToken) return false;
  lease.renewedAtSeconds = nowSeconds();
  return true;
}

export function releaseLock(machine: MachineState, { directory, ownerToken, roster, leaves }: LockRelease): boolean {
  const held = machine.locks.get(directory);
  const given = roster === undefined ? undefined : machine.rosters.get(roster)?.given;
  if (held === undefined || (ownerToken !== undefined && held.lease?.ownerToken !== ownerToken))
    return ownerToken !== undefined && given?.includes(ownerToken) === true;
  if (ownerToken !== undefined && leaves !== 'unused') given?.unshift(ownerToken);
  if (roster !== undefined) machine.rosters.get(roster)?.runs.delete(ownerToken ?? '');
  machine.locks.delete(directory);
  machine.journal.push(`release lock ${directory}`);
  return true;
}

export function enlist(machine: MachineState, enlistment: Enlistment, connection: FakeConnection): EnlistAnswer {
  const { ownerToken, turn, anew, leaves, elsewhere } = enlistment;
  const roster = rosterAt(machine, enlistment.roster);
  if (leaves !== undefined) {
    for (const known of [roster.runs, roster.away]) known.delete(ownerToken);
    return { accepted: true, busy: 0 };
  }
  const isFree = roster.by === '' ? roster.turn <= turn : roster.turn < turn || roster.by === ownerToken;
  if (!isFree && !roster.runs.has(ownerToken) && anew !== true) return { accepted: false };
  roster.runs.set(ownerToken, (roster.runs.get(ownerToken) ?? new Set()).add(connection));
  if (elsewhere !== undefined) roster.away.set(ownerToken, { ...elsewhere, renewedAtSeconds: nowSeconds() });
  const other = elsewhere && otherHere(machine, enlistment.roster, { ownerToken, elsewhere });
  if (other !== undefined) return { accepted: true, busy: 0, other };
  raise(roster, { ownerToken, turn });
  endRuns(roster, enlistment.end);
  sweep(roster, { ownerToken, place: elsewhere?.host });
  const silent = elsewhere === undefined ? [] : awaysOn(roster, { ownerToken, place: elsewhere.host });
  return { accepted: true, busy: 0, ...(silent.length === 0 ? {} : { silent: silent.map(({ run }) => run) }) };
}

function raise(roster: FakeRoster, { ownerToken, turn }: Pick<Enlistment, 'ownerToken' | 'turn'>): void {
  if (roster.turn < turn) roster.turn = turn;
  else if (roster.by !== ownerToken) roster.turn += 1;
  roster.by = ownerToken;
}

interface Own {
  readonly ownerToken: string;
  /** The machine that its lock lies on; absent: this one. */
  readonly place?: string | undefined;
}

/** Runs without a connection whose lock lay on this machine, or where this run's lies. */
function sweep({ runs, away }: FakeRoster, own: Own): void {
  for (const [run, connections] of runs) {
    const isLive = [...connections].some(({ isOpen }) => isOpen());
    if (run === own.ownerToken || isLive || (away.get(run)?.host ?? own.place) !== own.place) continue;
    for (const known of [runs, away]) known.delete(run);
  }
}

/** A lock that lies here, else a run whose lock lies elsewhere. */
function otherHere(
  machine: MachineState,
  roster: string,
  { ownerToken, elsewhere }: { ownerToken: string; elsewhere: LockElsewhere },
): LockHolder | undefined {
  const held = machine.locks.get(elsewhere.directory);
  if (held !== undefined && held.lease?.ownerToken !== ownerToken) return holderOf(held);
  return awayHere(machine, roster, { ownerToken, place: elsewhere.host });
}

/** A run whose lock lies on another machine, but for one in this place, with time left; it may have no connection just now. */
function awayHere(machine: MachineState, directory: string | undefined, own: Own): LockHolder | undefined {
  const roster = directory === undefined ? undefined : machine.rosters.get(directory);
  return roster && awaysOn(roster, own).find(({ secondsLeft }) => secondsLeft > 0)?.holder;
}

function awaysOn({ away }: FakeRoster, own: Own) {
  return [...away]
    .filter(([run, { host }]) => run !== own.ownerToken && host !== own.place)
    .map(([run, { host, details, seconds, renewedAtSeconds }]) => {
      const lease = { ownerToken: run, seconds, renewedAtSeconds };
      const holder = holderOf({ details: `${details}\nIts lock lies on ${host}`, lease });
      return { run, holder, secondsLeft: holder.lease?.secondsLeft ?? 0 };
    });
}

export function holderOf({ details, lease }: FakeLock): LockHolder {
  if (lease === undefined) return { details };
  const { ownerToken, seconds, renewedAtSeconds } = lease;
  return { details, lease: { ownerToken, seconds, secondsLeft: renewedAtSeconds + seconds - nowSeconds() } };
}

function takeSeat(machine: MachineState, { roster, lease }: LockRequest, connection: FakeConnection): { seat?: Seat } {
  if (roster === undefined || lease === undefined) return {};
  const there = rosterAt(machine, roster);
  const dead = [...there.runs.keys()].filter((run) => run !== lease.ownerToken);
  const turn = (there.turn === 0 ? nowSeconds() : there.turn) + 1;
  enlist(machine, { roster, ownerToken: lease.ownerToken, turn, end: dead }, connection);
  return { seat: { turn, dead, busy: 0 } };
}

function rosterAt(machine: MachineState, directory: string): FakeRoster {
  const roster = machine.rosters.get(directory) ?? { turn: 0, by: '', runs: new Map(), away: new Map(), given: [] };
  machine.rosters.set(directory, roster);
  return roster;
}

function endRuns(roster: FakeRoster, runs: readonly string[]): void {
  for (const run of runs) {
    for (const { end } of roster.runs.get(run) ?? []) end();
    roster.runs.delete(run);
    roster.away.delete(run);
  }
}

/** Whole seconds, as a machine says them. */
function nowSeconds(): number {
  return Math.floor(Date.now() / 1000);
}
