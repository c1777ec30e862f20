import { containerName } from '../containers/names.ts';
import { Failure } from '../errors.ts';
import { observedHost, routeOf, targetContainer } from '../plan/current.ts';
import type { Fleet } from './fleet.ts';
import type { Session } from './session.ts';

/**
 * The last act of a run: reads the routes once more, because a dead run's request may have switched them meanwhile.
 * @throws Failure `deploy-unsettled` that says where traffic goes, or that nobody could look
 */
export async function checkRoutes({ selected, typed }: Session, fleet: Fleet, version: string): Promise<void> {
  const { observed, away } = await fleet.observeReachable({});
  const surprises = selected.roles.flatMap((role) =>
    role.hosts.flatMap(({ host }) => {
      if (role.proxy === undefined || away.includes(host)) return [];
      const there = observedHost(observed, host);
      const target = targetContainer(there, routeOf(there, selected, role.name))?.name;
      return target === containerName(selected, role, version)
        ? []
        : [`${host} ${role.name}: traffic goes to ${target ?? 'nothing'}`];
    }),
  );
  const unseen = away
    .filter((host) => selected.hosts.includes(host))
    .map((host) => `${host}: cannot be reached any more`);
  if (surprises.length + unseen.length === 0) return;
  throw new Failure('deploy-unsettled', 'Everything was done, but traffic is not known to go where it should', {
    details: [...surprises, ...unseen],
    hint: `Look at \`${typed('status')}\`, then type \`${typed('deploy')}\` again.`,
  });
}
