import type { Observed, ReleaseRecord } from './observe/observed.ts';
import { planDeploy } from './plan/deploy.ts';
import type { Plan } from './plan/plan.ts';
import { knownVersions, lastGoodVersion, listVersions, planRollback } from './plan/rollback.ts';
import { Failure } from './errors.ts';
import { bootstrap } from './pipeline/bootstrap.ts';
import { buildAndPush } from './pipeline/build.ts';
import { carryOut, type CarriedOut } from './pipeline/carry-out.ts';
import { connectFleet, type Fleet } from './pipeline/fleet.ts';
import { runHookHere, runHookOnHost } from './pipeline/hooks.ts';
import { lockHeld, takeLock, type HeldLock } from './pipeline/lock.ts';
import type { DeployResult, Run } from './pipeline/run.ts';
import { openSession, versionOfRun, wantedOf, type Session } from './pipeline/session.ts';
import { hostsFor, hookConfigOf } from './hooks/hooks.ts';

export type { DeployResult, HostStatus, LockResult, PlanResult, Run, StatusResult } from './pipeline/run.ts';
export { acquireLock, lockStatus, releaseLock } from './pipeline/lock-commands.ts';
export { checkDrift, planDeployment } from './pipeline/preview.ts';
export { pushBuild as buildAndPush } from './pipeline/push.ts';
export { status } from './pipeline/status.ts';

const deployHooks = ['pre-connect', 'pre-build', 'pre-deploy', 'pre-app-boot', 'post-app-boot', 'post-deploy'] as const;

/**
 * Builds, pushes and swaps. In this order: connect and look, failing at once if somebody deploys; build and push; then under the lock
 * observe, plan and execute; then the post-deploy hook. @throws Failure
 */
export async function deploy(command: 'setup' | 'deploy' | 'redeploy', run: Run): Promise<DeployResult> {
  const started = Date.now();
  const hooks = command === 'setup' ? (['docker-setup', ...deployHooks] as const) : deployHooks;
  const session = await openSession(run, {
    changes: command === 'setup' ? 'setup' : 'machines',
    hooks,
    needs: ['containers', 'registry', ...(run.skipPush ? [] : (['build'] as const))],
  });
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
    if (!run.skipPush && !needsBuild) return result(session, { version, started, done: { changed: false } });
    const digest = needsBuild ? await buildAndPush(session, version) : undefined;
    const done = await underLock(session, fleet, version, (lock) =>
      carryOut({ session, fleet, lock, command, version, plan: planFor(digest) }),
    );
    return finish(session, fleet, { version, started, done });
  });
}

/** Starts what served before, or the version named by any unique prefix. @throws Failure */
export async function rollback(wanted: string | undefined, run: Run): Promise<DeployResult> {
  const started = Date.now();
  const session = await openSession(run, {
    changes: 'machines',
    hooks: deployHooks,
    needs: ['containers', 'registry'],
  });
  if (wanted !== undefined && [session.config.destination, session.config.destinationName].includes(wanted)) {
    throw new Failure('usage', `${wanted} is a destination, and rollback takes a version`, {
      hint: `longshore rollback -d ${wanted}`,
    });
  }
  return withFleet(session, wanted ?? '', async (fleet) => {
    const version = chooseVersion(session, await fleet.observe({}), wanted);
    const done = await underLock(session, fleet, version, (lock) =>
      carryOut({
        session,
        fleet,
        lock,
        command: 'rollback',
        version,
        plan: (observed) =>
          planRollback({
            config: session.selected,
            version,
            observed,
            wanted: wantedOf(session, version),
            hooks: session.hooks,
            performer: session.tree.performer,
          }),
      }),
    );
    return finish(session, fleet, { version, started, done });
  });
}

/** Connects to the machines for the length of some work. */
export async function withFleet<T>(session: Session, version: string, work: (fleet: Fleet) => Promise<T>): Promise<T> {
  const { config, selected } = session;
  await runHookHere(session, { hook: 'pre-connect', version, hosts: selected.hosts, lockHeld: false });
  const fleet = await connectFleet(session, [...new Set([config.primaryHost, ...selected.hosts])]);
  try {
    return await work(fleet);
  } finally {
    await fleet.close();
  }
}

async function underLock<T>(
  session: Session,
  fleet: Fleet,
  version: string,
  work: (lock: HeldLock) => Promise<T>,
): Promise<T> {
  const { primaryHost } = session.config;
  const lockHost = () => {
    const host = fleet.hosts.get(primaryHost);
    if (host === undefined)
      throw new Failure('connection-lost', `${primaryHost}: not connected, so its lock runs out by itself`);
    return host;
  };
  const lock = await takeLock(session, lockHost, version);
  try {
    return await work(lock);
  } finally {
    await lock.release().catch((error: unknown) => {
      if (!(error instanceof Failure)) throw error;
      session.run.emit({
        type: 'warning',
        text: `The lock was not given back (${error.message}); its lease runs out by itself`,
      });
    });
  }
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

/** @throws Failure `version-not-found` */
function chooseVersion({ config, selected, typed }: Session, observed: Observed, wanted: string | undefined): string {
  if (wanted === undefined) {
    const last = lastGoodVersion(observed, selected);
    if (last !== undefined) return last;
    throw new Failure('version-not-found', `${config.service} has no earlier release to go back to`, {
      hint: `Known versions: ${listVersions(knownVersions(observed, selected))}. Name one: \`${typed('rollback')} VERSION\`.`,
    });
  }
  const found = knownVersions(observed, selected).filter((version) => version.startsWith(wanted));
  const [only] = found;
  if (only !== undefined && (found.length === 1 || found.includes(wanted)))
    return found.includes(wanted) ? wanted : only;
  throw new Failure(
    'version-not-found',
    found.length === 0 ? `No machine knows a version ${wanted}` : `${wanted} begins ${found.length} versions`,
    {
      hint: `Known versions: ${listVersions(found.length === 0 ? knownVersions(observed, selected) : found)}`,
    },
  );
}

/** post-deploy runs when everything serves and the lock is back; its failure reverts nothing. */
async function finish(
  session: Session,
  fleet: Fleet,
  { version, started, done }: { version: string; started: number; done: CarriedOut },
): Promise<DeployResult> {
  if (done.changed && session.hooks.has('post-deploy')) {
    const runtimeSeconds = (Date.now() - started) / 1000;
    const call = {
      hook: 'post-deploy',
      version,
      hosts: session.selected.hosts,
      lockHeld: false,
      runtimeSeconds,
    } as const;
    await runHookHere(session, call);
    const hosts = hostsFor(hookConfigOf(session.config, 'post-deploy'), session.selected);
    await Promise.all(
      hosts.flatMap((name) =>
        fleet.hosts.get(name) === undefined ? [] : [runHookOnHost(session, call, fleet.hosts.get(name)!)],
      ),
    );
  }
  return result(session, { version, started, done });
}

function result(
  session: Session,
  { version, started, done }: { version: string; started: number; done: CarriedOut },
): DeployResult {
  const { config, selected } = session;
  return {
    service: config.service,
    ...(config.destinationName === undefined ? {} : { destination: config.destinationName }),
    version,
    ...(done.previousVersion === undefined ? {} : { previousVersion: done.previousVersion }),
    changed: done.changed,
    seconds: (Date.now() - started) / 1000,
    hosts: selected.hosts.map((host) => ({
      host,
      roles: Object.fromEntries(
        selected.roles
          .filter((role) => role.hosts.some((entry) => entry.host === host))
          .map(({ name }) => [name, version]),
      ),
    })),
  };
}
