import { abbreviateVersion } from '../build/version.ts';
import type { LockHolder } from '../hosts/host.ts';
import type { PlaceInLine } from '../hosts/lock-line.ts';
import { duration } from '../report/duration.ts';

export interface Waiting {
  /** `The lock` */
  readonly what: string;
  readonly host: string;
  /** Without details when it is free. */
  readonly holder: LockHolder;
  readonly place: PlaceInLine;
}

/** Where a run stands: `2nd in line for the lock on dal-01, behind Ana deploying 4f2a9c1 since 40 s; Kim is next`. */
export function placeText({ what, host, holder, place: { ahead, first } }: Waiting): string {
  const line = `${ordinal(ahead + 1)} in line for ${what.replace('The', 'the')} on ${host}`;
  if (holder.details === '' && ahead > 0) return `${line}, which is free, behind ${whoWaits(first)}, who came before`;
  const next = ahead === 0 ? '' : `; next is ${whoWaits(first)}`;
  return `${line}, behind ${whoHolds(holder.details)}${next}`;
}

/** What tells one state of waiting from another, however long it takes. */
export function placeKey({ holder: { details }, place: { ahead, first } }: Waiting): string {
  return [details, ahead, first].join('\n');
}

function whoHolds(details: string): string {
  const { who, version, at, message } = facts(details);
  if (who === '') return 'somebody who did not say who it is';
  const what = message === 'Automatic deploy lock' ? `deploying ${abbreviateVersion(version)}` : `(${message})`;
  const seconds = Math.max(0, (Date.now() - Date.parse(at)) / 1000);
  return [
    who,
    what,
    Number.isNaN(seconds) ? '' : `since ${seconds < 60 ? `${Math.round(seconds)} s` : duration(seconds)}`,
  ]
    .filter(Boolean)
    .join(' ');
}

function whoWaits(details: string): string {
  const { who, version } = facts(details);
  return `${who || 'somebody'} with ${abbreviateVersion(version)}`;
}

/** Of the three lines that Kamal shows. */
function facts(details: string): { who: string; at: string; version: string; message: string } {
  const [, who = '', at = ''] = /^Locked by: (.*?)(?: at (\S+))?$/m.exec(details) ?? [];
  const [, version = ''] = /^Version: (.*)$/m.exec(details) ?? [];
  const [, message = ''] = /^Message: (.*)$/m.exec(details) ?? [];
  return { who, at, version, message };
}

/** English. */
function ordinal(number: number): string {
  const [tens, ones] = [number % 100, number % 10];
  const ending = tens > 10 && tens < 14 ? 'th' : (['th', 'st', 'nd', 'rd'][ones] ?? 'th');
  return `${number}${ending}`;
}
