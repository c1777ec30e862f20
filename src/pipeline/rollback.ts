import { accessoriesNeeded } from '../accessories/needed.ts';
import { Failure } from '../errors.ts';
import type { Observed } from '../observe/observed.ts';
import { irreversibleAfter } from '../plan/irreversible.ts';
import { planRollback } from '../plan/rollback.ts';
import { knownVersions, lastGoodVersion, listVersions } from '../plan/way-back.ts';
import { abbreviateVersion } from '../build/version.ts';
import type { Plan } from '../plan/plan.ts';
import type { RollbackEnv } from '../plan/rollback-decision.ts';
import { lookAtNeeded } from './accessories/beside.ts';
import { carryOut, type Deployment } from './carry-out.ts';
import { leavingOut } from './deploy.ts';
import { finish } from './finish.ts';
import { besideApp, withFleet } from './connecting.ts';
import type { Fleet } from './fleet.ts';
import { underLock } from './lock.ts';
import type { DeployResult } from '../report/results.ts';
import { timePhases } from './phases.ts';
import { wantedOf, type Session } from './session.ts';

export interface RollbackOptions {
  /** Whose variables the containers get, where they differ from today's file. */
  readonly env?: RollbackEnv;
}

/** Chooses the version, then under the lock observe, plan and execute; then post-deploy. @throws Failure */
export async function rollbackWith(
  from: Session,
  wanted: string | undefined,
  { env }: RollbackOptions = {},
): Promise<DeployResult> {
  const phases = timePhases(from);
  const { session } = phases;
  if (wanted !== undefined && [session.config.destination, session.config.destinationName].includes(wanted)) {
    throw new Failure('usage', `${wanted} is a destination, and rollback takes a version`, {
      hint: `longshore rollback -d ${wanted}`,
    });
  }
  const work = async (fleet: Fleet) => {
    let version = wanted ?? '';
    const done = await underLock(session, fleet, wanted ?? 'rollback', async (lock) => {
      // Chosen only now: a run that held the lock may have made a release.
      const seen = await fleet.observe({});
      version = chooseVersion(session, (await lock.alone()) ? await fleet.observe({}) : seen, wanted);
      const [plan, look] = [planFor(session, version, env), await lookAtNeeded(session)];
      // Without the version it would be another one by then.
      const again = `rollback ${abbreviateVersion(version)}${env === undefined ? '' : ` --env ${env}`}`;
      return carryOut({ session, fleet, lock, command: 'rollback', version, again, plan, look });
    });
    return finish(session, fleet, { version, phases, done });
  };
  const needed = accessoriesNeeded(session.config, session.selected).map(({ host }) => host);
  const hosts = [...new Set([...session.selected.hosts, ...needed])];
  return withFleet(session, wanted ?? '', work, { hosts, beside: besideApp(session) });
}

function planFor(session: Session, version: string, env: RollbackEnv | undefined): Deployment['plan'] {
  return (observed, before) => {
    const plan = planRollback({
      config: session.selected,
      file: session.config,
      version,
      observed,
      wanted: wantedOf(session, version),
      hooks: session.hooks,
      origin: session.origin,
      files: { errorPages: 'as-kept', certificates: session.routeFiles.certificates },
      ...(env === undefined ? {} : { env }),
      needed: accessoriesNeeded(session.config, session.selected),
      ...(before === undefined ? {} : { before }),
    });
    refuseChangedVariables(session, plan);
    return leavingOut(session, plan, observed);
  };
}

/** An old container may not know a database's new password, and a new value may not suit an old image: a person decides. */
function refuseChangedVariables({ typed }: Session, { version, changedVariables }: Plan): void {
  if (changedVariables === undefined) return;
  const again = typed(`rollback ${abbreviateVersion(version)}`);
  throw new Failure(
    'rollback-env-undecided',
    `Variables of ${abbreviateVersion(version)} differ from today's file, and nobody said whose are meant`,
    {
      details: changedVariables,
      hint: `\`${again} --env release\` starts its containers as they were; \`${again} --env current\` makes them again from its image, with what the file says today. Nothing was changed.`,
    },
  );
}

/** One that can no longer serve is gone back to only by name. */
function chooseVersion(session: Session, observed: Observed, wanted: string | undefined): string {
  const version = findVersion(session, observed, wanted);
  const release = irreversibleAfter(observed, version);
  if (release === undefined) return version;
  const [name, other] = [abbreviateVersion(version), abbreviateVersion(release.version)];
  const text = `The release command of ${other} ran at ${release.at} and is irreversible: ${name} may no longer be able to serve`;
  if (wanted === undefined) {
    const hint = `Nothing was changed. \`${session.typed(`rollback ${name}`)}\` goes back to it all the same.`;
    throw new Failure('release-irreversible', text, { hint });
  }
  session.run.emit({ type: 'warning', text });
  return version;
}

/** @throws Failure `version-not-found` */
function findVersion({ config, selected, typed }: Session, observed: Observed, wanted: string | undefined): string {
  if (wanted === undefined) {
    const last = lastGoodVersion(observed, selected);
    if (last !== undefined) return last;
    throw new Failure('version-not-found', `${config.service} has no earlier release to go back to`, {
      hint: `Known versions: ${listVersions(knownVersions(observed, selected))}. Name one: \`${typed('rollback VERSION')}\`.`,
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
