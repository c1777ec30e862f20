import type { Observed, ReleaseRecord } from '../observe/observed.ts';
import { planDeploy } from '../plan/deploy.ts';
import type { Plan } from '../plan/plan.ts';
import { bootstrap } from './bootstrap.ts';
import { buildAndPush } from './build.ts';
import { carryOut } from './carry-out.ts';
import { finish, resultOf } from './finish.ts';
import { withFleet, type Fleet } from './fleet.ts';
import { lockHeld, underLock } from './lock.ts';
import type { DeployResult } from './run.ts';
import { versionOfRun, wantedOf, type Session } from './session.ts';

/** Connect and look; build and push; then under the lock observe, plan and execute; then post-deploy. @throws Failure */
export async function deployWith(session: Session, command: 'setup' | 'deploy' | 'redeploy'): Promise<DeployResult> {
  const { run } = session;
  const started = Date.now();
  const version = versionOfRun(session);
  return withFleet(session, version, async (fleet) => {
    if (command === 'setup') await bootstrap(session, fleet, version);
    const planFor = (digest: string | undefined) => (observed: Observed, pass: 'first' | 'again') =>
      deployPlan(session, {
        observed,
        version,
        digest,
        command: pass === 'again' && command === 'redeploy' ? 'deploy' : command,
      });
    const needsBuild = !run.skipPush && !(await isDone(session, fleet, { version, command, plan: planFor(undefined) }));
    if (!run.skipPush && !needsBuild) return resultOf(session, { version, started, done: { changed: false } });
    const digest = needsBuild ? await buildAndPush(session, version) : undefined;
    const done = await underLock(session, fleet, version, (lock) =>
      carryOut({ session, fleet, lock, command, version, plan: planFor(digest) }),
    );
    return finish(session, fleet, { version, started, done });
  });
}

/** Looks before the build: fails when somebody deploys, and says whether everything runs as wanted already. */
async function isDone(
  session: Session,
  fleet: Fleet,
  {
    version,
    command,
    plan,
  }: { version: string; command: ReleaseRecord['command']; plan: (observed: Observed, pass: 'first') => Plan },
): Promise<boolean> {
  const observed = await fleet.observe({ version, wanted: wantedOf(session, version) });
  const held = observed.hosts.find(
    ({ lock }) => lock !== undefined && (lock.lease === undefined || lock.lease.secondsLeft > 0),
  );
  if (
    held?.lock !== undefined &&
    held.lock.lease === undefined &&
    session.run.lockWait === undefined &&
    session.run.env['KAMAL_LOCK'] !== 'true'
  ) {
    throw lockHeld(session, held.host, held.lock);
  }
  return command !== 'redeploy' && plan(observed, 'first').stages.length === 0;
}

export function deployPlan(
  session: Session,
  input: { observed: Observed; version: string; digest: string | undefined; command: ReleaseRecord['command'] },
): Plan {
  const { observed, version, digest, command } = input;
  return planDeploy({
    config: session.selected,
    command,
    version,
    ...(digest === undefined ? {} : { digest }),
    observed,
    wanted: wantedOf(session, version),
    hooks: session.hooks,
    performer: session.tree.performer,
  });
}
