import { describeBuild } from '../build/image-build.ts';
import { Failure } from '../errors.ts';
import { deployPlan, needsImage } from './deploy.ts';
import { accessoriesNeeded } from '../accessories/needed.ts';
import type { AccessoryLook } from '../observe/accessories.ts';
import { meet } from '../plan/accessories/current.ts';
import { accessoryDrift } from '../plan/accessories/drift.ts';
import { tagsSeen } from '../plan/accessories/moved.ts';
import { withWaitingTold, withWaysBack } from './accessories/held.ts';
import { lookBeside } from './accessories/beside.ts';
import { digestsOf, readFiles } from './accessories/files.ts';
import { askRegistries } from './accessories/registry.ts';
import { besideApp, withFleet } from './connecting.ts';
import type { Fleet } from './fleet.ts';
import type { Observed } from '../observe/observed.ts';
import { currentVersion } from '../plan/current.ts';
import type { HookName } from '../hooks/hooks.ts';
import { stillLeftOut } from '../plan/left-out.ts';
import type { Plan } from '../plan/plan.ts';
import { imageBuildOf } from './build.ts';
import type { PlanResult } from '../report/results.ts';
import { problemsOf } from './problems.ts';
import type { Run } from './run.ts';
import { openSession, versionOfRun, wantedOf, type Session } from './session.ts';
import { wantedIn } from './accessories/wanted.ts';

const bootHooks = ['pre-deploy', 'pre-app-boot', 'post-app-boot', 'post-deploy', 'deploy-failed'] as const;
const planHooks = ['pre-connect', 'pre-build', ...bootHooks] as const;
const looking = {
  changes: 'nothing',
  hooks: planHooks,
  needs: ['containers', 'accessories', 'accessory-routes'],
  wishes: ['registries'],
} as const;

/** What a deploy would do and why; takes no lock, runs no hook, builds nothing. */
export async function planDeployment(run: Run): Promise<PlanResult> {
  const session = await openSession(run, { ...looking, source: 'planned-from' });
  const version = versionOfRun(session);
  return look(session, version, async (fleet, { observed, answers }) => {
    const plan = deployPlan(session, { observed, version, digest: undefined, command: 'deploy' });
    const found = { plan, observed, answers: await answers };
    return resultOf(session, fleet, found, await aroundOf(session, version, plan));
  });
}

/** Compares the machines with the file and the release that is deployed on them; a newer commit is not drift. */
export async function checkDrift(run: Run): Promise<PlanResult> {
  const session = await openSession(run, looking);
  return look(session, run.version ?? '', async (fleet, { observed, answers }, observe) => {
    const version = run.version ?? currentVersion(observed, session.selected) ?? lastRecorded(observed);
    if (version === undefined) {
      throw new Failure(
        'version-not-found',
        `${session.config.service} was never deployed here, so there is nothing to compare with`,
        {
          hint: `Type: ${session.typed('setup')}`,
        },
      );
    }
    const now = await observe(version);
    const plan = deployPlan(session, {
      observed: now,
      version,
      digest: undefined,
      command: 'deploy',
      ...(version === session.tree.headSha ? {} : { errorPages: 'as-kept' as const }),
    });
    const found = { plan: withoutHousekeeping(plan), observed: now, answers: await answers };
    const result = await resultOf(session, fleet, found, { build: [], after: [] });
    const isAsSaid = result.nothingToDo && result.accessories.length + result.problems.length === 0;
    return { ...result, nothingToDo: isAsSaid };
  });
}

/** What may be cleaned up or written down differs from nothing that the file asks for. */
function withoutHousekeeping(plan: Plan): Plan {
  const stages = plan.stages.map((stage) => ({
    ...stage,
    lanes: stage.lanes.filter(({ optional }) => optional !== true),
  }));
  return { ...plan, stages: stages.filter(({ lanes }) => lanes.length > 0) };
}

/** The last version that went live by the machines' records, for a fleet on which nothing runs. */
function lastRecorded(observed: Observed): string | undefined {
  return observed.hosts.flatMap(({ releases }) => releases.findLast(({ outcome }) => outcome === 'live') ?? [])[0]
    ?.version;
}

interface Found {
  readonly observed: Observed;
  readonly answers: ReturnType<typeof askRegistries>;
}

function look(
  session: Session,
  version: string,
  decide: (fleet: Fleet, found: Found, observe: (version: string) => Promise<Observed>) => Promise<PlanResult>,
): Promise<PlanResult> {
  const work = async (fleet: Fleet): Promise<PlanResult> => {
    const accessories = await accessoryLook(session);
    const observe = async (wanted: string) =>
      withoutRunAtWork(
        session,
        await fleet.observe(
          wanted === '' ? { ...accessories } : { version: wanted, wanted: wantedOf(session, wanted), ...accessories },
        ),
      );
    // What registries say is waited for only at the end.
    const answers = askRegistries(session, fleet, wantedIn(session));
    answers.catch(() => undefined);
    return decide(fleet, { observed: await observe(version), answers }, observe);
  };
  const needed = accessoriesNeeded(session.config, session.selected).map(({ host }) => host);
  const hosts = [...new Set([...session.selected.allHosts, ...needed])];
  return withFleet({ ...session, hooks: new Set() }, version, work, { hosts, beside: besideApp(session) });
}

/** What a run that holds the lock has begun is its own affair, and none of a dead run's. */
function withoutRunAtWork({ config }: Session, observed: Observed): Observed {
  const lock = observed.hosts.find(({ host }) => host === config.primaryHost)?.lock;
  if (lock === undefined || (lock.lease?.secondsLeft ?? 1) <= 0) return observed;
  return { hosts: observed.hosts.map(({ unfinished: _itsOwn, ...host }) => host) };
}

/** Nothing for a file without accessories: no request is made for any. */
async function accessoryLook(session: Session): Promise<{ accessories?: AccessoryLook }> {
  const { accessories } = await lookBeside(session);
  if (accessories === undefined) return {};
  return {
    accessories: { ...accessories, digests: digestsOf(await readFiles(session, wantedIn(session))) },
  };
}

async function resultOf(
  session: Session,
  fleet: Fleet,
  { plan, observed, answers }: { plan: Plan; observed: Observed; answers: Awaited<Found['answers']> },
  around: Pick<PlanResult, 'build' | 'after'>,
): Promise<PlanResult> {
  const { config } = session;
  const wanted = wantedIn(session);
  const { told, problems } = await problemsOf(session, fleet, { plan, observed });
  return {
    service: config.service,
    ...(config.destinationName === undefined ? {} : { destination: config.destinationName }),
    version: plan.version,
    ...around,
    plan: withWaitingTold(config, { ...plan, notes: [...plan.notes, ...told] }),
    accessories: withWaysBack(config, accessoryDrift(config, wanted, observed)),
    tags: tagsSeen(meet(wanted, observed), answers),
    leftOut: stillLeftOut(observed, config),
    problems,
    nothingToDo: plan.stages.length === 0,
  };
}

/** What this machine does around the plan; hooks are listed, never run. */
async function aroundOf(session: Session, version: string, plan: Plan): Promise<Pick<PlanResult, 'build' | 'after'>> {
  if (plan.stages.length === 0) return { build: [], after: [] };
  const hook = (name: HookName) => (session.hooks.has(name) ? [`run hook ${name}`] : []);
  const build =
    session.run.skipPush || !needsImage(plan)
      ? []
      : [...hook('pre-build'), ...describeBuild(await imageBuildOf(session, version))];
  return { build: [...hook('pre-connect'), ...build], after: hook('post-deploy') };
}
