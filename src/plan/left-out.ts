import { abbreviateVersion } from '../build/version.ts';
import type { Config } from '../config/config.ts';
import { leftOutFile } from '../containers/names.ts';
import type { LeftOut, Observed, ReleaseOrigin } from '../observe/observed.ts';
import { withCleanUp } from './clean-up.ts';
import { versionsByHost } from './current.ts';
import type { Lane, Plan, Step } from './plan.ts';
import { stage } from './prepare.ts';

export interface LeavingOut {
  /** Narrowed to what was selected. */
  readonly config: Config;
  /** The whole file. */
  readonly file: Config;
  readonly observed: Observed;
  readonly origin: ReleaseOrigin;
  /** Machines that this run goes on without. */
  readonly without: readonly string[];
}

type Noted = Extract<Step, { kind: 'note-left-out' }>['leftOut'];

/**
 * The same plan, and around it what is written down of machines that runs go on without: first, on every machine that was reached, that
 * some are left out; last, that some have caught up.
 */
export function withLeftOut(plan: Plan, request: LeavingOut): Plan {
  const { config, file, observed, origin, without } = request;
  const known = recordsOn(observed);
  const missed = without
    .filter((host) => rolesOn(file, host).length > 0 && !known.some((one) => one.host === host))
    .map((host) => ({ host, version: plan.version, ...performedBy(origin) }));
  const leaves = plan.stages.length > 0 && without.length > 0;
  const list: Noted = [...known.filter(({ host }) => rolesOn(file, host).length > 0), ...missed];
  const noted = (own: readonly LeftOut[]): Noted => (leaves ? list : own);
  const isOver = (host: string) => rolesOn(file, host).length === 0 || catchesUp(host, request);
  const lanes = (from: (own: readonly LeftOut[]) => Noted, to: (own: readonly LeftOut[]) => Noted, because: string) =>
    observed.hosts.flatMap(({ host, leftOut }): Lane[] => {
      const [before, after] = [from(leftOut), to(leftOut)];
      if (namesOf(before) === namesOf(after)) return [];
      return [{ host, steps: [{ kind: 'note-left-out', file: leftOutFile(config), leftOut: after, because }] }];
    });
  const first = lanes((own) => own, noted, `this run goes on without ${without.join(', ')}`);
  const last = lanes(noted, (own) => noted(own).filter(({ host }) => !isOver(host)), caughtUp(known, isOver));
  const optional = last.map((lane) => ({ ...lane, optional: true }));
  const back = known.filter(({ host }) => catchesUp(host, request));
  return {
    ...plan,
    stages: [...stage('Leave out', first), ...withCleanUp(plan.stages, optional)],
    notes: [...plan.notes, ...back.map((one) => `${describeLeftOut(one)}: this brings it up to date`)],
  };
}

/** `dal-01 was left out since 4be1 (by kim at 2026-11-20T22:55:44Z)` */
export function describeLeftOut({ host, version, performer, at }: LeftOut): string {
  const who = performer === undefined ? '' : `by ${performer} `;
  return `${host} was left out since ${abbreviateVersion(version)} (${who}at ${at})`;
}

/** Machines that were left out, and of which nobody can see that they run what the others run. */
export function stillLeftOut(observed: Observed, file: Config): LeftOut[] {
  const known = recordsOn(observed).filter(({ host }) => rolesOn(file, host).length > 0);
  const running = versionsByHost(observed, file);
  const others = running.filter(({ host }) => !known.some((one) => one.host === host));
  const isUpToDate = (name: string) =>
    running.some(({ host, version }) => host === name && others.some((other) => other.version === version));
  return known.filter(({ host }) => !isUpToDate(host));
}

/** What the machines know together; of each that was left out the first that it missed. */
function recordsOn({ hosts }: Observed): LeftOut[] {
  const all = hosts.flatMap(({ leftOut }) => leftOut).toSorted((a, b) => (a.at < b.at ? -1 : 1));
  return all.filter((one, index) => all.findIndex(({ host }) => host === one.host) === index);
}

/** Whether this run makes everything of a machine as the file says. */
function catchesUp(host: string, { config, file, observed }: LeavingOut): boolean {
  const isReached = observed.hosts.some((one) => one.host === host);
  return isReached && rolesOn(config, host).length === rolesOn(file, host).length;
}

function caughtUp(known: readonly LeftOut[], isOver: (host: string) => boolean): string {
  const names = known.map(({ host }) => host).filter(isOver);
  return `${names.join(', ')} ${names.length === 1 ? 'has' : 'have'} caught up`;
}

function rolesOn({ roles }: Config, name: string): string[] {
  return roles.filter(({ hosts }) => hosts.some(({ host }) => host === name)).map((role) => role.name);
}

function namesOf(list: Noted): string {
  return list
    .map(({ host }) => host)
    .toSorted()
    .join(' ');
}

function performedBy({ performer }: ReleaseOrigin): { performer?: string } {
  return performer === undefined ? {} : { performer };
}
