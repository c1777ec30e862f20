import type { Observed, ReleaseRecord } from '../observe/observed.ts';
import { planDeploy } from '../plan/deploy.ts';
import type { Plan } from '../plan/plan.ts';
import { accessoriesNeeded } from '../accessories/needed.ts';
import type { WantedAccessory } from '../accessories/wanted.ts';
import { lookAside, lookAtNeeded, lookBeside, sayBeside } from './accessories/beside.ts';
import { changeUnderLock } from './accessories/change.ts';
import { lookAtAccessories } from './accessories/refuse.ts';
import { stories } from './accessories/stories.ts';
import { waitUntilFreeElsewhere } from './alone.ts';
import { bootstrap } from './bootstrap.ts';
import { buildAndPush } from './build.ts';
import { carryOut, type Deployment } from './carry-out.ts';
import { withLeftOut } from '../plan/left-out.ts';
import { openValues } from '../plan/values.ts';
import { finish, resultOf } from './finish.ts';
import { timePhases } from './phases.ts';
import { preflight } from './preflight.ts';
import { askForImage } from './room.ts';
import { besideApp, withFleet } from './connecting.ts';
import type { Fleet } from './fleet.ts';
import { underLock } from './lock.ts';
import { waitUntilFree } from './lock-wait.ts';
import { lookAtReturn } from './server.ts';
import { approveRelease, wantsApproval } from './release.ts';
import type { DeployResult } from '../report/results.ts';
import { versionOfRun, wantedOf, type Session } from './session.ts';

export interface DeployOptions {
  /** Accessories that differ from the file are made anew first. */
  readonly accessories?: boolean;
}

/** Connect and look; build and push; then under the lock observe, plan and execute; then post-deploy. @throws Failure */
export async function deployWith(
  from: Session,
  command: 'setup' | 'deploy' | 'redeploy',
  { accessories = false }: DeployOptions = {},
): Promise<DeployResult> {
  const phases = timePhases(from);
  const { session } = phases;
  const { run, selected } = session;
  const version = versionOfRun(session);
  const story = accessoryStory(selected, command, accessories);
  const beside = await besideOf(session, story);
  const work = async (fleet: Fleet): Promise<DeployResult> => {
    const looksAhead = !run.skipPush || wantsApproval(session);
    if (looksAhead || command === 'setup') await takeOverFirst(session, fleet, version);
    if (command === 'setup') {
      await bootstrap(session, fleet, { version, lockHeld: false });
      await lookAtReturn(session, fleet);
    }
    const planFor = (digest: string | undefined) => (observed: Observed, before?: Observed) =>
      deployPlan(session, { observed, version, digest, command, before });
    const planAhead = (observed: Observed, later: readonly WantedAccessory[]) =>
      deployPlan(session, { observed, version, digest: undefined, command, later });
    const look = { version, wanted: wantedOf(session, version) };
    const later =
      story === undefined
        ? []
        : await lookAtAccessories(session, fleet, stories[story]({ names: [] }), { look, plan: planAhead });
    const plan = (observed: Observed) => planAhead(observed, later);
    const pending = looksAhead ? await lookAhead(session, fleet, { version, ...beside, plan }) : undefined;
    const approved = pending === undefined ? session : await approveRelease(session, pending);
    const isOver = pending?.stages.length === 0 && story === undefined;
    if (isOver) return resultOf(session, { version, phases, done: { changed: false } });
    const builds = !run.skipPush && pending !== undefined && needsImage(pending);
    if (builds) phases.enter('build');
    const digest = builds ? await buildAndPush(session, version) : undefined;
    // Answered while the lock is taken and the machines are looked at.
    const image = builds || run.skipPush ? askForImage(session, version, digest) : undefined;
    phases.enter('preflight');
    const done = await underLock(session, fleet, version, async (lock) => {
      if (story !== undefined) phases.enter('accessories');
      const before =
        story === undefined ? undefined : await changeUnderLock({ session, fleet, lock }, story, { names: [] });
      phases.enter('preflight');
      const seen = pending === undefined ? beside : { look: await lookAtNeeded(session) };
      const about = { command, version, image, plan: planFor(digest), ...seen };
      const app = await carryOut({ session: approved, fleet, lock, ...about });
      return { ...app, changed: app.changed || before?.changed === true, timings: before?.timings ?? [] };
    });
    return finish(session, fleet, { version, phases, done });
  };
  const needed = accessoriesNeeded(session.config, selected).map(({ host }) => host);
  const hosts = [...new Set([...(story === undefined ? selected.hosts : selected.allHosts), ...needed])];
  if (story !== undefined) return withFleet(session, version, work, { hosts, beside: besideApp(session) });
  const withAside = async (fleet: Fleet) => {
    const others = selected.accessoryHosts.filter((host) => !fleet.hosts.has(host));
    return work(fleet).finally(lookAside(session, beside.look, others));
  };
  return withFleet(session, version, withAside, { hosts, beside: besideApp(session) });
}

/** The first look of a deploy; one that leaves accessories alone says how they are. */
async function besideOf(session: Session, story: AccessoryStory | undefined): Promise<Beside> {
  if (story !== undefined) return { look: await lookAtNeeded(session) };
  const look = await lookBeside(session);
  return { look, seen: (observed) => sayBeside(session, look, observed) };
}

type AccessoryStory = 'boot' | 'apply';
type Beside = Required<Pick<Deployment, 'look'>> & Pick<Deployment, 'seen'>;

/** `setup` boots what does not run; `deploy --accessories` applies what differs; any other deploy leaves accessories alone. */
function accessoryStory(
  { accessories }: Session['selected'],
  command: string,
  applies: boolean,
): AccessoryStory | undefined {
  if (accessories.length === 0) return undefined;
  if (applies) return 'apply';
  return command === 'setup' ? 'boot' : undefined;
}

/**
 * Fails when somebody deploys. A dead run's lock is taken over and given back before anything is looked at, so that what that run left is
 * mended also where nothing else is left to do, or is refused; and Kamal would wait for it for ever.
 */
async function takeOverFirst(session: Session, fleet: Fleet, version: string): Promise<void> {
  if (await waitUntilFree(session, fleet, version)) await underLock(session, fleet, version, async () => undefined);
}

/** Looks before the build: says what there is to do. */
async function lookAhead(
  session: Session,
  fleet: Fleet,
  { version, plan, look, seen }: Pick<Deployment, 'version' | 'plan' | 'look' | 'seen'>,
): Promise<Plan> {
  const looking = { version, wanted: wantedOf(session, version), ...look };
  let observed = await fleet.observe(looking);
  if (await waitUntilFreeElsewhere(session, fleet, observed)) observed = await fleet.observe(looking);
  seen?.(observed);
  const ahead = plan(observed);
  await preflight(session, fleet, { observed, plan: ahead });
  return ahead;
}

/** Whether a plan makes containers; starting one that is there, or sending traffic to it, needs no build. */
export function needsImage({ stages }: Plan): boolean {
  return stages.some(({ lanes }) => lanes.some(({ steps }) => steps.some(({ kind }) => kind === 'create-container')));
}

export function deployPlan(
  session: Session,
  input: {
    observed: Observed;
    version: string;
    digest: string | undefined;
    command: ReleaseRecord['command'];
    before?: Observed | undefined;
    /** `as-kept` for a release that is no longer what this work tree has. */
    errorPages?: 'as-kept';
    /** Accessories that are made before the roles start. */
    later?: readonly WantedAccessory[];
  },
): Plan {
  const { observed, version, digest, command, before, later = [] } = input;
  const isLater = ({ host, accessory: { name } }: WantedAccessory) =>
    later.some((one) => one.host === host && one.accessory.name === name);
  const wanted = wantedOf(session, version);
  const plan = planDeploy({
    config: session.selected,
    file: session.config,
    command,
    version,
    ...(digest === undefined ? {} : { digest }),
    observed,
    wanted,
    hooks: session.hooks,
    origin: session.origin,
    openValues: openValues(wanted, session),
    files: { errorPages: input.errorPages ?? 'of-file', certificates: session.routeFiles.certificates },
    needed: accessoriesNeeded(session.config, session.selected).filter((one) => !isLater(one)),
    ...(before === undefined ? {} : { before }),
  });
  return leavingOut(session, plan, observed);
}

/** What is written down of machines that runs go on without. */
export function leavingOut(session: Session, plan: Plan, observed: Observed): Plan {
  const { run, config, selected, origin } = session;
  return withLeftOut(plan, { config: selected, file: config, observed, origin, without: run.without ?? [] });
}
