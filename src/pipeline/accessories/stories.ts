import type { WantedAccessory } from '../../accessories/wanted.ts';
import { wantedAccessories } from '../../accessories/wanted.ts';
import { Failure } from '../../errors.ts';
import type { Execution } from '../../execute/execution.ts';
import type { Observed } from '../../observe/observed.ts';
import { planBoot } from '../../plan/accessories/boot.ts';
import { differencesOf, isRunning, meet, type Met } from '../../plan/accessories/current.ts';
import { fateOf, collisions, strangers, whyDataWouldGo, whyPortIsOpen } from '../../plan/accessories/refuse.ts';
import { planRemove } from '../../plan/accessories/remove.ts';
import { planReplace } from '../../plan/accessories/replace.ts';
import { planRestart, planStart, planStop, type StartRequest } from '../../plan/accessories/start.ts';
import { startedSince } from '../../plan/current.ts';
import type { Plan } from '../../plan/plan.ts';
import type { AccessoryResult } from '../../report/results.ts';
import { behindFence, isAt } from '../execution.ts';
import { withFleet, type Fleet } from '../fleet.ts';
import { underLock } from '../lock.ts';
import type { Run } from '../run.ts';
import { openSession, type Session } from '../session.ts';
import { carryOutAccessories, type AccessoriesDone, type AccessoryWork } from './carry-out.ts';
import { digestsOf, readFiles } from './files.ts';

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

const commandTimeoutSeconds = 600;

/** What can be done to accessories, by the command that does it; `apply` is a deploy's, which asks no registry for a newer image. */
export type AccessoryCommand = 'boot' | 'reboot' | 'upgrade' | 'start' | 'stop' | 'restart' | 'remove' | 'apply';

const stories: Readonly<Record<AccessoryCommand, (options: AccessoryOptions) => Story>> = {
  boot: () => ({
    refusals: (all, { config }) => [
      ...all.filter(isAbsent).flatMap(whyPortIsOpen),
      ...all.filter((met) => !isRunning(met)).flatMap((met) => collisions(met, config)),
    ],
    plan: (request, before) => planBoot({ ...request, unproven: startedSince(before, request.observed) }),
  }),
  reboot: (options) => ({
    replaces: () => true,
    refusals: replacementRefusals(options),
    plan: (request, before) =>
      planReplace({
        ...replacement(request, before, options),
        because: () => 'you asked for it',
        pulls: pullsWhatLacks,
      }),
  }),
  upgrade: (options) => ({ pullsFirst: true, ...applied(options, () => undefined) }),
  apply: (options) => applied(options, pullsWhatLacks),
  start: () => ({ plan: planStart }),
  stop: () => ({ plan: planStop }),
  restart: () => ({ plan: planRestart }),
  remove: () => ({ plan: planRemove }),
};

/** Replaces what differs from the file, and makes what is not there. */
function applied(options: AccessoryOptions, pulls: (met: Met) => string | undefined): Story {
  return {
    replaces: (met) => whyUpgraded(met) !== undefined,
    refusals: replacementRefusals(options),
    plan: (request, before) =>
      planReplace({
        ...replacement(request, before, options),
        because: whyUpgraded,
        isSettled: (met) => differencesOf(met).length === 0,
        pulls,
      }),
  };
}

function pullsWhatLacks({ observed: { image } }: Met): string | undefined {
  return image === undefined ? 'not on this host' : undefined;
}

/** Opens the session for a command about accessories, and carries it out. @throws Failure */
export async function changeAccessories(
  run: Run,
  command: AccessoryCommand,
  options: AccessoryOptions,
): Promise<AccessoryResult> {
  const session = await openSession(run, {
    changes: 'machines',
    hooks: ['pre-connect'],
    needs: ['accessories', 'registry'],
    accessories: options.names,
  });
  return changeWith(session, command, options);
}

function whyUpgraded(met: Met): string | undefined {
  if (isAbsent(met)) return 'it is not on this host';
  const differences = differencesOf(met).join(', ');
  if (differences !== '') return differences;
  return met.observed.leftovers.length > 0 ? 'a run that was cut off replaced it' : undefined;
}

function replacement(request: StartRequest, before: Observed | undefined, options: AccessoryOptions) {
  return {
    ...request,
    before,
    isParallel: options.isParallel ?? false,
    audit: (name: string) => `Booted ${name} accessory`,
    commandTimeoutSeconds,
  };
}

interface Story {
  readonly pullsFirst?: true;
  /** Which containers are made anew, so that what becomes of their data is said. */
  readonly replaces?: (met: Met) => boolean;
  /** Why it must not be done, a text for each reason. */
  readonly refusals?: (all: readonly Met[], session: Session) => string[];
  readonly plan: (request: StartRequest, before: Observed | undefined) => Plan;
}

/** Connects, and under the lock observes, plans and executes. @throws Failure */
export async function changeWith(
  session: Session,
  command: AccessoryCommand,
  options: AccessoryOptions,
): Promise<AccessoryResult> {
  const started = Date.now();
  const { tree, selected } = session;
  const done = await withFleet(
    session,
    tree.headSha,
    (fleet) =>
      underLock(session, fleet, tree.headSha, (lock) => changeUnderLock({ session, fleet, lock }, command, options)),
    selected.accessoryHosts,
  );
  return resultOf(session, { started, done });
}

/** The same under a lock that is held already, for a deploy. @throws Failure */
export async function changeUnderLock(
  { session, fleet, lock }: Pick<AccessoryWork, 'session' | 'fleet' | 'lock'>,
  command: AccessoryCommand,
  options: AccessoryOptions,
): Promise<AccessoriesDone> {
  const story = stories[command](options);
  const { config, selected, run } = session;
  const wanted = wantedAccessories(selected);
  if (story.pullsFirst) await pullImages(session, behindFence(fleet, lock.fence), wanted);
  return carryOutAccessories({
    session,
    fleet,
    lock,
    wanted,
    title: [run.command, ...options.names].join(' '),
    check(observed) {
      const replaced = refuseUnsaid(session, story, observed);
      for (const met of replaced) run.emit({ type: 'note', text: `${met.wanted.host}: ${fateOf(met)}` });
    },
    plan: (observed, before) => story.plan({ config, wanted, observed }, before),
  });
}

/** Looks before anything is built or locked, and refuses what would be refused later. @throws Failure */
export async function lookAtAccessories(
  session: Session,
  fleet: Fleet,
  command: AccessoryCommand,
  options: AccessoryOptions,
): Promise<void> {
  const wanted = wantedAccessories(session.selected);
  const digests = digestsOf(await readFiles(session, wanted));
  refuseUnsaid(session, stories[command](options), await fleet.observe({ accessories: { wanted, digests } }));
}

/** @returns those that are going to be replaced */
function refuseUnsaid(session: Session, story: Story, observed: Observed): Met[] {
  const { config, selected } = session;
  refuse(session, [...new Set(observed.hosts.flatMap((host) => strangers(host, config.service)))]);
  const all = meet(wantedAccessories(selected), observed);
  const replaced = all.filter((met) => story.replaces?.(met) === true);
  refuse(session, story.refusals?.(story.replaces === undefined ? all : replaced, session) ?? []);
  return replaced;
}

/** A tag that moved in the registry is seen by pulling it, so that what is replaced is decided with it there. */
async function pullImages(
  { run, logins }: Session,
  hosts: Execution['hosts'],
  wanted: readonly WantedAccessory[],
): Promise<void> {
  const pulls = [
    ...new Map(wanted.map(({ host, spec }) => [`${host} ${spec.image}`, { host, image: spec.image }])).values(),
  ];
  await Promise.all(
    pulls.map(async ({ host, image }) => {
      run.emit({ type: 'note', text: `${host}: pulling ${image}` });
      await hosts.get(host)?.docker.pullImage(
        image,
        logins.find(({ server }) => isAt(image, server)),
      );
    }),
  );
}

function replacementRefusals({ discard = [], newData = [] }: AccessoryOptions): NonNullable<Story['refusals']> {
  return (all, { config }) =>
    all.flatMap((met) => [
      ...whyDataWouldGo(met, { discard, newData }),
      ...whyPortIsOpen(met),
      ...collisions(met, config),
    ]);
}

function isAbsent({ observed: { container, leftovers } }: Met): boolean {
  return container === undefined && leftovers.length === 0;
}

function refuse({ run }: Session, reasons: readonly string[]): void {
  const [first, ...others] = reasons;
  if (first === undefined) return;
  throw new Failure('usage', others.length === 0 ? first : `${run.command} is refused for ${reasons.length} reasons`, {
    ...(others.length === 0 ? {} : { details: reasons }),
    hint: 'Nothing was changed.',
  });
}

function resultOf(
  { config, selected }: Session,
  { started, done }: { started: number; done: AccessoriesDone },
): AccessoryResult {
  return {
    service: config.service,
    ...(config.destinationName === undefined ? {} : { destination: config.destinationName }),
    changed: done.changed,
    seconds: (Date.now() - started) / 1000,
    accessories: wantedAccessories(selected).map(({ host, accessory, spec }) => {
      const timing = done.timings.find((one) => one.host === host && one.name === accessory.name);
      return { name: accessory.name, host, container: spec.name, image: spec.image, ...timing };
    }),
    hosts: selected.accessoryHosts,
  };
}
