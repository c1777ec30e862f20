import { Failure } from '../errors.ts';
import type { Observed, ObservedHost } from '../observe/observed.ts';
import { clockProblem } from '../plan/clocks.ts';
import { isEngineTooOld, minimumEngineVersion, otherProcessor } from '../plan/engine.ts';
import type { Plan } from '../plan/plan.ts';
import { megabytes, withRoom, type Shortage } from '../plan/room.ts';
import { unseenSingletons } from '../plan/singletons.ts';
import { isTooOld, minimumProxyVersion } from '../proxy/container.ts';
import type { Fleet } from './fleet.ts';
import { together } from './together.ts';
import { refuse } from './refusals.ts';
import { shortages, type ImageAsked } from './room.ts';
import type { Session } from './session.ts';
import { agreeOnShared } from './shared.ts';
import { refuseUndecided } from './values.ts';
import { refuseWaiting } from './waiting.ts';
import { typedWith } from './way-on.ts';

/**
 * What would fail half way is refused for every machine at once, before anything changes: before the build, and again under the lock.
 * @returns the plan, with room made first where `--prune` asks for it. @throws Failure
 */
export async function preflight(
  session: Session,
  fleet: Pick<Fleet, 'hosts'>,
  { observed, plan, image }: { observed: Observed; plan: Plan; image?: ImageAsked | undefined },
): Promise<Plan> {
  const short = plan.stages.length === 0 ? [] : await shortages(session, fleet, { observed, plan, image });
  const problems = [
    ...(await refusals(() => refuseUndecided(session, plan))),
    ...(await refusals(() => refuseWaiting(session, plan))),
    ...(await refusals(() => refuse(session, fleet, { observed, plans: [plan] }))),
    ...(plan.stages.length === 0 ? [] : machineProblems(session, observed)),
    ...short.filter((one) => session.run.prune !== true || !mayFit(one)).map((one) => spaceProblem(session, one)),
  ];
  if (problems.length > 0) throw together(problems, 'Nothing was changed.', 'things stand in the way');
  await agreeOnShared(session, { observed, plan });
  return short.length === 0 ? plan : withRoom(plan, short);
}

/** What is wrong with machines, whatever is planned for them; a rollback is not kept from starting what ran there before. */
export function machineProblems(session: Session, observed: Observed): Failure[] {
  const isWayBack = session.run.command === 'rollback';
  const clocks = clockProblems(observed);
  if (isWayBack) for (const { message } of clocks) session.run.emit({ type: 'warning', text: message });
  return [
    ...observed.hosts.flatMap((host) => [
      ...engineProblems(host),
      ...(isWayBack ? [] : processorProblems(session, host)),
      ...proxyProblems(session, host),
    ]),
    ...(isWayBack ? [] : clocks),
    ...singletonProblems(session, observed),
  ];
}

/** Nobody knows whether it still runs on a machine that was not looked at. */
function singletonProblems(session: Session, observed: Observed): Failure[] {
  const { config, selected, run } = session;
  const unseen = unseenSingletons(selected, observed, [...config.allHosts, ...(run.without ?? [])]);
  const others = selected.roles.map(({ name }) => name).filter((name) => !unseen.some(({ role }) => role === name));
  const meanwhile =
    others.length === 0 || run.roles.length > 0
      ? ''
      : ` The other roles meanwhile: ${typedWith(session, ['-r', others.join(',')])}`;
  return unseen.map(({ role, hosts }) => {
    const away = hosts.join(', ');
    const text = `${role} is a singleton, runs on no machine that was looked at, and may still run on ${away}: it is not started`;
    const gone = `Bring ${away} back; or see to it that ${role} does not run there, and take it out of the file.`;
    return new Failure('hosts-not-ready', text, { hint: `${gone}${meanwhile}` });
  });
}

/** A machine of the app's, not one that only accessories run on, or that only holds the lock. */
function runsApp({ selected }: Session, { host }: ObservedHost): boolean {
  return selected.hosts.includes(host);
}

function engineProblems({ host, engineVersion }: ObservedHost): Failure[] {
  if (!isEngineTooOld(engineVersion)) return [];
  return [
    new Failure('hosts-not-ready', `${host}: its Docker ${engineVersion} is older than ${minimumEngineVersion}`, {
      hint: `Bring Docker on ${host} up to date; the containers there are stopped meanwhile.`,
    }),
  ];
}

function processorProblems(session: Session, host: ObservedHost): Failure[] {
  const { file, builder } = session.config;
  const other = runsApp(session, host) ? otherProcessor(host, builder.arch) : undefined;
  if (other === undefined) return [];
  return [
    new Failure('hosts-not-ready', `${host.host} is ${other}, and the image is built for ${builder.arch.join(', ')}`, {
      hint: `Say builder.arch: [${[...builder.arch, other].join(', ')}] in ${file}.`,
    }),
  ];
}

function proxyProblems({ selected, typed }: Session, { host, proxy: { container } }: ObservedHost): Failure[] {
  const proxied = selected.roles.some(
    (role) => role.proxy !== undefined && role.hosts.some((entry) => entry.host === host),
  );
  if (!proxied || container === undefined || !isTooOld(container.image)) return [];
  return [
    new Failure('hosts-not-ready', `${host}: the proxy ${container.image} is older than ${minimumProxyVersion}`, {
      hint: `Reboot it with Kamal (\`kamal proxy reboot\`), then type \`${typed('deploy')}\` again.`,
    }),
  ];
}

function clockProblems(observed: Observed): Failure[] {
  const problem = clockProblem(observed);
  if (problem === undefined) return [];
  const hint = 'Locks, certificates and records of releases go by these clocks; set them, for example by NTP.';
  return [new Failure('hosts-not-ready', problem.message, { details: problem.details, hint })];
}

/** With all that may be removed there is room at best. */
function mayFit({ freeBytes, neededThenBytes, removable, removableBytes }: Shortage): boolean {
  return removable.length > 0 && freeBytes + removableBytes >= neededThenBytes;
}

export function spaceProblem({ run }: Session, shortage: Shortage): Failure {
  const { host, freeBytes, neededBytes, counted, removable } = shortage;
  const images = removable.filter(({ kind }) => kind === 'remove-image').length;
  const look = `\`docker system df\` on ${host} shows what takes the space`;
  const canPrune = run.prune !== true && mayFit(shortage);
  const hint = canPrune ? `--prune removes ${images} old images of this service there first; ${look}.` : `${look}.`;
  return new Failure(
    'host-without-space',
    `${host}: ${megabytes(freeBytes)} free, and the image may need ${megabytes(neededBytes)}: ${counted}`,
    { hint },
  );
}

async function refusals(ask: () => void | Promise<void>): Promise<Failure[]> {
  try {
    await ask();
    return [];
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return [error];
  }
}
