import type { LockRequest } from '../../src/hosts/host.ts';
import type { LineRequest, PlaceInLine } from '../../src/hosts/lock-line.ts';
import type { MachineState } from './machine.ts';

/** Where a run stands in the line for a lock, with those gone who gave no sign of life; it joins as its manner says. */
export function standInLine(machine: MachineState, request: LockRequest, isFree: boolean): PlaceInLine | undefined {
  const { line, details } = request;
  if (line === undefined) return undefined;
  const now = Math.floor(Date.now() / 1000);
  const tickets = ticketsIn(machine, line.directory).filter(
    ({ token, seconds, renewedAtSeconds }) => token === line.token || renewedAtSeconds + seconds > now,
  );
  let own = tickets.find(({ token }) => token === line.token);
  if (own === undefined && (line.manner === 'waits' || (isFree && tickets.length > 0))) {
    own = { token: line.token, seconds: line.seconds, renewedAtSeconds: now, details };
    tickets.push(own);
  }
  if (own !== undefined) own.renewedAtSeconds = now;
  machine.lines.set(line.directory, tickets);
  const ahead = own === undefined ? tickets : tickets.slice(0, tickets.indexOf(own));
  return { stands: own !== undefined, ahead: ahead.length, first: ahead[0]?.details ?? '' };
}

/** How many live runs stand before this one. */
export function countAhead(machine: MachineState, { line }: LockRequest): number {
  if (line === undefined) return 0;
  const now = Math.floor(Date.now() / 1000);
  const tickets = ticketsIn(machine, line.directory);
  const own = tickets.findIndex(({ token }) => token === line.token);
  const before = own === -1 ? tickets : tickets.slice(0, own);
  return before.filter(({ seconds, renewedAtSeconds }) => renewedAtSeconds + seconds > now).length;
}

export function leaveLine(machine: MachineState, { directory, token }: Pick<LineRequest, 'directory' | 'token'>): void {
  const left = ticketsIn(machine, directory).filter((ticket) => ticket.token !== token);
  machine.lines.set(directory, left);
}

function ticketsIn(machine: MachineState, directory: string) {
  return machine.lines.get(directory) ?? [];
}
