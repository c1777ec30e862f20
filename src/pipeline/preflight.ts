import { Failure } from '../errors.ts';
import type { Observed } from '../observe/observed.ts';
import { observedHost } from '../plan/current.ts';
import type { Plan } from '../plan/plan.ts';
import { isTooOld, minimumProxyVersion } from '../proxy/container.ts';
import { together } from './fleet.ts';
import type { Session } from './session.ts';
import { refuseUndecided } from './values.ts';
import { refuseWaiting } from './waiting.ts';

const leastFreeBytes = 256 * 1024 * 1024;

/** What would fail half way is refused for every machine at once, before anything changes. @throws Failure */
export function preflight(session: Session, observed: Observed, plan: Plan): void {
  refuseUndecided(session, plan);
  refuseWaiting(session, plan);
  const problems = observed.hosts.flatMap(({ host }) => [
    ...proxyProblems(session, observed, host),
    ...lockProblems(session, observed, host),
    ...spaceProblems(session, observed, { host, plan }),
  ]);
  if (problems.length > 0) throw together(problems, 'Nothing was changed.');
}

function proxyProblems({ selected, typed }: Session, observed: Observed, name: string): Failure[] {
  const { container } = observedHost(observed, name).proxy;
  const proxied = selected.roles.some(
    (role) => role.proxy !== undefined && role.hosts.some(({ host }) => host === name),
  );
  if (!proxied || container === undefined || !isTooOld(container.image)) return [];
  return [
    new Failure('hosts-not-ready', `${name}: the proxy ${container.image} is older than ${minimumProxyVersion}`, {
      hint: `Reboot it with Kamal (\`kamal proxy reboot\`), then type \`${typed('deploy')}\` again.`,
    }),
  ];
}

/** Kamal takes the lock on another machine when it is run with a host filter. */
function lockProblems({ config }: Session, observed: Observed, name: string): Failure[] {
  const { lock } = observedHost(observed, name);
  const isOver = lock?.lease !== undefined && lock.lease.secondsLeft <= 0;
  if (lock === undefined || isOver || name === config.primaryHost) return [];
  return [
    new Failure('lock-held', `${name} carries a deploy lock too`, {
      details: lock.details.split('\n'),
      hint: 'A `kamal` run with a host filter may be at work; if none is, `longshore lock release` removes the lock there too.',
    }),
  ];
}

/** A new image is taken to need as much as the largest one of this service that is there. */
export function spaceProblems(
  { config }: Session,
  observed: Observed,
  { host: name, plan }: { host: string; plan: Plan },
): Failure[] {
  const pulls = plan.stages.some(({ lanes }) =>
    lanes.some(({ host, steps }) => host === name && steps.some(({ kind }) => kind === 'pull-image')),
  );
  if (!pulls) return [];
  const host = observedHost(observed, name);
  const largest = Math.max(
    0,
    ...host.images.filter(({ labels }) => labels['service'] === config.service).map(({ bytes }) => bytes),
  );
  const needed = Math.max(leastFreeBytes, largest);
  if (host.freeBytes >= needed) return [];
  const megabytes = (bytes: number) => `${Math.round(bytes / 1024 / 1024)} MB`;
  return [
    new Failure(
      'host-without-space',
      `${name}: ${megabytes(host.freeBytes)} free, and the image may need ${megabytes(needed)}`,
      {
        hint: `\`docker system df\` on ${name} shows what takes the space; \`docker image prune -a\` there removes images that nothing uses.`,
      },
    ),
  ];
}
