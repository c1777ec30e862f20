import type { WantedAccessory } from '../../accessories/wanted.ts';
import { wantedAccessories } from '../../accessories/wanted.ts';
import { Failure } from '../../errors.ts';
import type { Observed } from '../../observe/observed.ts';
import { planBoot } from '../../plan/accessories/boot.ts';
import { differencesOf, meet, type Met } from '../../plan/accessories/current.ts';
import { fateOf, collisions, strangers, whyDataWouldGo, whyPortIsOpen } from '../../plan/accessories/refuse.ts';
import { planRemove } from '../../plan/accessories/remove.ts';
import { planReplace } from '../../plan/accessories/replace.ts';
import { planRestart, planStart, planStop, type StartRequest } from '../../plan/accessories/start.ts';
import { startedSince } from '../../plan/current.ts';
import type { Plan } from '../../plan/plan.ts';
import type { AccessoryResult } from '../../report/results.ts';
import { isAt } from '../execution.ts';
import { withFleet } from '../fleet.ts';
import { underLock } from '../lock.ts';
import type { Run } from '../run.ts';
import { openSession, type Session } from '../session.ts';
import { carryOutAccessories, type AccessoriesDone } from './carry-out.ts';

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

/** What can be done to accessories, by the command that does it. */
export type AccessoryCommand = 'boot' | 'reboot' | 'upgrade' | 'start' | 'stop' | 'restart' | 'remove';

const stories: Readonly<Record<AccessoryCommand, (options: AccessoryOptions) => Story>> = {
  boot: () => ({
    check: (all, session) => refuse(session, [...open(all.filter(isAbsent)), ...collide(all, session)]),
    plan: (request, before) => planBoot({ ...request, unproven: startedSince(before, request.observed) }),
  }),
  reboot: (options) => ({
    check: replaceable(options),
    plan: (request, before) =>
      planReplace({
        ...replacement(request, before, options),
        because: () => 'you asked for it',
        pulls: ({ observed: { image } }) => (image === undefined ? 'not on this host' : undefined),
      }),
  }),
  upgrade: (options) => ({
    pullsFirst: true,
    check: replaceable(options),
    plan: (request, before) =>
      planReplace({
        ...replacement(request, before, options),
        because: whyUpgraded,
        isSettled: (met) => differencesOf(met).length === 0,
        pulls: () => undefined,
      }),
  }),
  start: () => ({ plan: planStart }),
  stop: () => ({ plan: planStop }),
  restart: () => ({ plan: planRestart }),
  remove: () => ({ plan: planRemove }),
};

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
  readonly check?: (all: readonly Met[], session: Session) => void;
  readonly plan: (request: StartRequest, before: Observed | undefined) => Plan;
}

/** Connects, and under the lock observes, plans and executes. @throws Failure */
export async function changeWith(
  session: Session,
  command: AccessoryCommand,
  options: AccessoryOptions,
): Promise<AccessoryResult> {
  const started = Date.now();
  const story = stories[command](options);
  const { run, config, selected, tree } = session;
  const wanted = wantedAccessories(selected);
  const done = await withFleet(
    session,
    tree.headSha,
    (fleet) =>
      underLock(session, fleet, tree.headSha, async (lock) => {
        if (story.pullsFirst) await pullImages(session, fleet.hosts, wanted);
        return carryOutAccessories({
          session,
          fleet,
          lock,
          wanted,
          title: [run.command, ...options.names].join(' '),
          check(observed) {
            refuse(session, [...new Set(observed.hosts.flatMap((host) => strangers(host, config.service)))]);
            story.check?.(meet(wanted, observed), session);
          },
          plan: (observed, before) => story.plan({ config, wanted, observed }, before),
        });
      }),
    selected.accessoryHosts,
  );
  return resultOf(session, wanted, { started, done });
}

/** A tag that moved in the registry is seen by pulling it, so that what is replaced is decided with it there. */
async function pullImages(
  { run, logins }: Session,
  hosts: ReadonlyMap<
    string,
    { docker: { pullImage(image: string, login: Session['logins'][number] | undefined): Promise<string> } }
  >,
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

function replaceable({ discard = [], newData = [] }: AccessoryOptions): NonNullable<Story['check']> {
  return (all, session) => {
    refuse(session, [
      ...all.flatMap((met) => whyDataWouldGo(met, { discard, newData })),
      ...open(all),
      ...collide(all, session),
    ]);
    for (const met of all) session.run.emit({ type: 'note', text: `${met.wanted.host}: ${fateOf(met)}` });
  };
}

function open(all: readonly Met[]): string[] {
  return all.flatMap(whyPortIsOpen);
}

function collide(all: readonly Met[], { config }: Session): string[] {
  return all.flatMap((met) => collisions(met, config));
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
  wanted: readonly WantedAccessory[],
  { started, done }: { started: number; done: AccessoriesDone },
): AccessoryResult {
  return {
    service: config.service,
    ...(config.destinationName === undefined ? {} : { destination: config.destinationName }),
    changed: done.changed,
    seconds: (Date.now() - started) / 1000,
    accessories: wanted.map(({ host, accessory, spec }) => {
      const timing = done.timings.find((one) => one.host === host && one.name === accessory.name);
      return { name: accessory.name, host, container: spec.name, image: spec.image, ...timing };
    }),
    hosts: selected.accessoryHosts,
  };
}
