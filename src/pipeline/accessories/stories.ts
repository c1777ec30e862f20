import type { Config } from '../../config/config.ts';
import { isAwaited } from '../../plan/accessories/before.ts';
import { planBoot } from '../../plan/accessories/boot.ts';
import { differencesOf, isRunning, type Met } from '../../plan/accessories/current.ts';
import { movedHere } from '../../plan/accessories/moved.ts';
import { whyDataIsGone, whyDataWouldGo, whyPortIsOpen, whySourceIsGone } from '../../plan/accessories/refuse.ts';
import { whyNotRemoved } from '../../plan/accessories/refuse-removal.ts';
import { planRemove } from '../../plan/accessories/remove.ts';
import { planReplace, type Since } from '../../plan/accessories/replace.ts';
import { planRestart, planStart, planStop, type StartRequest } from '../../plan/accessories/start.ts';
import { startedSince } from '../../plan/current.ts';
import type { Plan } from '../../plan/plan.ts';

/** What was said on the command line besides the names. */
export interface AccessoryOptions {
  readonly names: readonly string[];
  /** All at once instead of one container after the other. */
  readonly isParallel?: boolean;
  /** Volumes without a name that may stay behind. */
  readonly discard?: readonly string[];
  /** New places for data, which begin empty. */
  readonly newData?: readonly string[];
}

/** What can be done to accessories, by the command that does it; `apply` is a deploy's, which asks no registry for a newer image. */
export type AccessoryCommand = 'boot' | 'reboot' | 'upgrade' | 'start' | 'stop' | 'restart' | 'remove' | 'apply';

export const stories: Readonly<Record<AccessoryCommand, (options: AccessoryOptions) => Story>> = {
  boot: () => ({
    refusals: (all, config) => [
      ...all.filter(isAbsent).flatMap(whyPortIsOpen),
      ...all.filter((met) => !isRunning(met)).flatMap((met) => whyDataIsGone(met, config)),
    ],
    plan: (request, since) => planBoot({ ...request, unproven: startedSince(since?.before, request.observed) }),
  }),
  reboot: (options) => ({
    replaces: () => true,
    refusals: replacementRefusals(options),
    plan: (request, since) =>
      planReplace({
        ...replacement(request, since, options),
        because: (met) => ['you asked for it', ...differencesOf(met)].join(', '),
        pulls: pullsWhatLacks,
      }),
  }),
  upgrade: (options) => ({
    pullsFirst: true,
    ...applied(options, { moved: movedHere, pulls: () => undefined }),
  }),
  apply: (options) => applied(options, { moved: () => undefined, pulls: pullsWhatLacks }),
  start: () => ({
    refusals: (all, config) => all.filter((met) => !isRunning(met)).flatMap((met) => whySourceIsGone(met, config)),
    plan: planStart,
  }),
  stop: () => ({ asksFirst: true, takesAway: true, plan: planStop }),
  restart: () => ({
    refusals: (all, config) => all.flatMap((met) => whySourceIsGone(met, config)),
    plan: planRestart,
  }),
  remove: () => ({
    takesAway: true,
    refusals: (all, config) => all.flatMap((met) => whyNotRemoved(met, config)),
    plan: planRemove,
  }),
};

interface Applying {
  /** Whether it counts that a tag moved, and why it did. */
  readonly moved: (met: Met) => string | undefined;
  readonly pulls: (met: Met) => string | undefined;
}

/** Replaces what differs from the file, and makes what is not there. */
function applied(options: AccessoryOptions, { moved, pulls }: Applying): Story {
  const because = (met: Met) => whyUpgraded(met, moved);
  return {
    replaces: (met) => because(met) !== undefined,
    refusals: replacementRefusals(options),
    plan: (request, since) =>
      planReplace({
        ...replacement(request, since, options),
        because,
        isSettled: (met) => differencesOf(met).length === 0 && moved(met) === undefined && !isAwaited(met),
        pulls,
      }),
  };
}

function pullsWhatLacks({ observed: { image } }: Met): string | undefined {
  return image === undefined ? 'not on this host' : undefined;
}

function whyUpgraded(met: Met, moved: Applying['moved']): string | undefined {
  if (isAbsent(met)) return 'it is not on this host';
  const tag = moved(met);
  const differences = [...differencesOf(met), ...(tag === undefined ? [] : [`its image moved: ${tag}`])];
  if (differences.length > 0) return differences.join(', ');
  const { leftovers, formers = [], nexts = [] } = met.observed;
  if (leftovers.length + formers.length > 0) return 'a run that was cut off replaced it';
  return nexts.length > 0 ? 'a run that was cut off was about to replace it' : undefined;
}

function replacement(request: StartRequest, since: Since | undefined, options: AccessoryOptions) {
  return {
    ...request,
    since,
    isParallel: options.isParallel ?? false,
    audit: (name: string) => `Booted ${name} accessory`,
  };
}

export interface Story {
  readonly pullsFirst?: true;
  /** Whether a person is asked where roles that run depend on what is taken away for who knows how long. */
  readonly asksFirst?: true;
  /** Whether it may be done to one about which a person has to decide. */
  readonly takesAway?: true;
  /** Which containers are made anew, so that what becomes of their data is said. */
  readonly replaces?: (met: Met) => boolean;
  /** Why it must not be done, a text for each reason. */
  readonly refusals?: (all: readonly Met[], config: Config) => string[];
  /** `since` is given for the rest of a plan whose reply was lost. */
  readonly plan: (request: StartRequest, since: Since | undefined) => Plan;
}

function replacementRefusals({ discard = [], newData = [] }: AccessoryOptions): NonNullable<Story['refusals']> {
  return (all, config) =>
    all.flatMap((met) => [
      ...whyDataIsGone(met, config, newData),
      ...whyDataWouldGo(met, { discard, newData }, config),
      ...whyPortIsOpen(met),
    ]);
}

function isAbsent({ observed: { container, leftovers } }: Met): boolean {
  return container === undefined && leftovers.length === 0;
}
