import { Failure } from '../errors.ts';
import { diagnose } from '../execute/diagnose.ts';
import { execute, type Outcome } from '../execute/execute.ts';
import type { Execution } from '../execute/execution.ts';
import { observeProxy } from '../observe/proxy.ts';
import type { Observed, ReleaseRecord } from '../observe/observed.ts';
import { currentVersion, isUp } from '../plan/current.ts';
import { shortVersion } from '../plan/decide.ts';
import type { Plan } from '../plan/plan.ts';
import { differencesToBefore, planRevert } from '../plan/revert.ts';
import { wantedContainers } from '../app/wanted.ts';
import { containerName } from '../containers/names.ts';
import type { Fleet } from './fleet.ts';
import { hookRunner } from './hooks.ts';
import type { HeldLock } from './lock.ts';
import { preflight } from './preflight.ts';
import type { Session } from './session.ts';

export interface Deployment {
  readonly session: Session;
  readonly fleet: Fleet;
  readonly lock: HeldLock;
  readonly command: ReleaseRecord['command'];
  readonly version: string;
  /** `unproven` is given for the rest of a plan whose reply was lost: containers that were started but not seen ready. */
  plan(observed: Observed, unproven?: ReadonlySet<string>): Plan;
}

export interface CarriedOut {
  readonly changed: boolean;
  readonly previousVersion?: string;
}

/** The changing half of the story, under the lock: observe, plan, execute, and after a failure bring every machine back. */
export async function carryOut(deployment: Deployment): Promise<CarriedOut> {
  const { session, fleet, version, lock } = deployment;
  const { run, selected } = session;
  const wanted = wantedContainers(selected, version);
  const look = { version, wanted };
  const before = await fleet.observe(look);
  const plan = deployment.plan(before);
  const previous = currentVersion(before, selected);
  for (const text of plan.notes) run.emit({ type: 'note', text });
  if (plan.stages.length === 0)
    return { changed: false, ...(previous === undefined ? {} : { previousVersion: previous }) };
  preflight(session, before, plan);

  const execution = executionFor(deployment, before, AbortSignal.any([run.signal, lock.lost]));
  const title = `${run.command} ${shortVersion(version)}`;
  let outcome = await execute(plan, title, execution);
  for (let pass = 1; outcome.result === 'unknown' && pass <= 2; pass += 1) {
    const away = await fleet.reconnect(lostHosts(outcome, fleet));
    if (away.length > 0) break;
    run.emit({ type: 'note', text: 'A reply was lost: looking at the machines again and going on from what is there' });
    const now = await fleet.observe(look);
    outcome = await execute(deployment.plan(now, startedSince(before, now)), title, execution);
  }
  if (lock.lost.aborted) throw lockLost(version);
  if (outcome.result !== 'done') await goBack(deployment, { before, outcome, execution });
  await Promise.all([checkRoutes(deployment), lock.release()]);
  return { changed: true, ...(previous === undefined || previous === version ? {} : { previousVersion: previous }) };
}

function startedSince(before: Observed, now: Observed): Set<string> {
  const up = (observed: Observed) =>
    observed.hosts.flatMap(({ containers }) => containers.filter(isUp).map(({ id }) => id));
  const ran = new Set(up(before));
  return new Set(up(now).filter((id) => !ran.has(id)));
}

function executionFor({ session, fleet, version }: Deployment, observed: Observed, signal: AbortSignal): Execution {
  const hostOf = (name: string) => {
    const host = fleet.hosts.get(name);
    if (host === undefined) throw new Failure('connection-lost', `${name}: not connected`);
    return host;
  };
  return {
    hosts: fleet.hosts,
    homeDirectories: new Map(observed.hosts.map(({ host, homeDirectory }) => [host, homeDirectory])),
    secrets: session.secrets,
    ...(session.credentials === undefined ? {} : { credentials: session.credentials }),
    service: session.config.service,
    performer: session.tree.performer,
    emit: session.run.emit,
    signal,
    runHook: hookRunner(session, version, hostOf),
    containerIds: new Map(),
    digests: new Map(),
  };
}

function lostHosts({ problems }: Outcome, fleet: Fleet): string[] {
  const names = problems.filter(({ certainty }) => certainty === 'unknown').map(({ host }) => host);
  return [...new Set(names)].filter((name) => fleet.hosts.has(name));
}

/** Brings every machine that can be reached back to what it served. Always throws: 5 when it did, 6 when a person should look. */
async function goBack(
  deployment: Deployment,
  { before, outcome, execution }: { before: Observed; outcome: Outcome; execution: Execution },
): Promise<never> {
  const { session, fleet, version, command } = deployment;
  const { run, selected, tree } = session;
  const diagnoses = await Promise.all(
    outcome.problems.map((problem) =>
      diagnose(
        problem,
        execution,
        `mend it, commit, and type: ${session.typed(command === 'rollback' ? 'deploy' : command)}`,
      ).catch(() => undefined),
    ),
  );
  for (const diagnosis of diagnoses) {
    if (diagnosis !== undefined) {
      const logLines = diagnosis.logLines.map(session.mask);
      run.emit({
        type: 'diagnosis',
        diagnosis: { ...diagnosis, logLines, probeLines: diagnosis.probeLines.map(session.mask) },
      });
    }
  }
  const wasLost = lostHosts(outcome, fleet);
  const away = outcome.result === 'unknown' ? await fleet.reconnect(wasLost) : [];
  const reachable = [...fleet.hosts.keys()].filter((name) => !away.includes(name));
  const look = { version, wanted: wantedContainers(selected, version), hosts: reachable };
  const now = await fleet.observe(look);
  const revert = planRevert({ config: selected, version, before, now, command, performer: tree.performer });
  // Going back is not interrupted by the Ctrl-C that caused it.
  const undisturbed = { ...execution, signal: new AbortController().signal };
  const reverted = await execute(revert, `bring back what served before`, undisturbed);
  const after = await fleet.observe({ hosts: reachable });
  const bug = outcome.problems.find(({ error }) => !(error instanceof Failure))?.error;
  if (bug !== undefined) throw bug;
  throw failureOf({
    deployment,
    outcome,
    left: differencesToBefore({ config: selected, before, now: after }),
    reverted,
    before,
  });
}

function failureOf(input: {
  deployment: Deployment;
  outcome: Outcome;
  left: readonly string[];
  reverted: Outcome;
  before: Observed;
}): Failure {
  const { deployment, outcome, left, reverted, before } = input;
  const { session, version, command } = deployment;
  const old = currentVersion(before, session.selected);
  const serving =
    old === undefined
      ? 'nothing served before, and nothing does now'
      : `every machine serves ${shortVersion(old)} as before`;
  const problems = outcome.problems.map(({ host, role, error }) => {
    const where = [host, role].filter(Boolean).join(' ');
    return error instanceof Failure ? `${where}: ${error.message.replace(`${host}: `, '')}` : where;
  });
  const details = outcome.problems.flatMap(({ error }) => (error instanceof Failure ? error.details : []));
  const hint = outcome.problems.flatMap(({ error }) =>
    error instanceof Failure && error.hint !== undefined ? [error.hint] : [],
  )[0];
  const again = `\`${session.typed(command)}\``;
  if (left.length > 0 || reverted.result !== 'done') {
    const revertProblems = reverted.problems.map(
      ({ host, error }) => `${host}: ${error instanceof Failure ? error.message : String(error)}`,
    );
    return new Failure(
      'deploy-unsettled',
      `${shortVersion(version)} failed, and not every machine is back to what it served`,
      {
        details: [...problems, ...revertProblems, ...left, ...details],
        hint: `Look at \`${session.typed('status')}\`; ${again} finishes what is left once the cause is mended.`,
      },
    );
  }
  if (outcome.result === 'interrupted') {
    return new Failure('interrupted', `Interrupted: ${serving}`, { hint: `${again} starts again.` });
  }
  const first = outcome.problems[0]?.error;
  const exitStatus = outcome.problems.some(({ step }) => beganSwap(step.kind))
    ? 5
    : first instanceof Failure
      ? first.exitStatus
      : 5;
  return new Failure('deploy-reverted', `${shortVersion(version)} failed: ${serving}`, {
    details: [...problems, ...details],
    hint: hint ?? `Mend it, commit, and type ${again}.`,
    exitStatus,
  });
}

function beganSwap(kind: Plan['stages'][number]['lanes'][number]['steps'][number]['kind']): boolean {
  return [
    'start-container',
    'send-traffic',
    'wait-until-ready',
    'check-running',
    'stop-container',
    'remove-route',
  ].includes(kind);
}

function lockLost(version: string): Failure {
  return new Failure(
    'lock-held',
    `The lock was taken over by another run while ${shortVersion(version)} was deployed; nothing more was done`,
    {
      hint: 'Look at `longshore status` and `longshore lock status`.',
    },
  );
}

/** The last act: reads the routes once more, because a dead run's request may have switched them meanwhile. */
async function checkRoutes({ session, fleet, version }: Deployment): Promise<void> {
  const { selected } = session;
  const proxied = selected.roles.filter(({ proxy }) => proxy !== undefined);
  const hosts = [...new Set(proxied.flatMap((role) => role.hosts.map(({ host }) => host)))];
  const surprises = await Promise.all(
    hosts.map(async (name) => {
      const host = fleet.hosts.get(name);
      if (host === undefined) return [];
      const [routes, summaries] = await Promise.all([
        observeProxy.readState(host.docker),
        host.docker.listContainers(),
      ]);
      const containers = summaries.map(({ Id, Names }) => ({ id: Id, name: (Names[0] ?? '').replace(/^\//, '') }));
      return proxied.flatMap((role) => {
        const shortId = routes
          .find(({ service }) => service === containerName(selected, role, version).slice(0, -version.length - 1))
          ?.targets[0]?.split(':')[0];
        const target = shortId === undefined ? undefined : containers.find(({ id }) => id.startsWith(shortId));
        return target?.name === containerName(selected, role, version)
          ? []
          : [`${name} ${role.name}: traffic goes to ${target?.name ?? 'nothing'}`];
      });
    }),
  );
  if (surprises.flat().length === 0) return;
  throw new Failure('deploy-unsettled', 'Somebody else changed the routes during this deploy', {
    details: surprises.flat(),
    hint: `Look at \`${session.typed('status')}\`, then type \`${session.typed('deploy')}\` again.`,
  });
}
