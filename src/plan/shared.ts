import { rolePrefix } from '../containers/names.ts';
import type { Config } from '../config/config.ts';
import type { Observed, ObservedHost } from '../observe/observed.ts';
import { describe } from './describe.ts';
import type { Plan } from './plan.ts';

/** A change to what all services of a machine share, where others have traffic there. */
export interface SharedChange {
  readonly host: string;
  /** `start the proxy` */
  readonly what: string;
  /** `mail-web (mail.example.com)` */
  readonly others: readonly string[];
}

/** What a plan changes of the proxies that lead to services of others, too. */
export function sharedChanges({ stages }: Plan, observed: Observed, config: Config): SharedChange[] {
  return stages.flatMap(({ lanes }) =>
    lanes.flatMap(({ host, steps }) => {
      const others = observed.hosts.filter((one) => one.host === host).flatMap((one) => othersRouted(one, config));
      const changes = steps.filter(({ kind }) => kind === 'boot-proxy' || kind === 'start-proxy');
      return others.length === 0 ? [] : changes.map((step) => ({ host, what: describe(step), others }));
    }),
  );
}

/** Everything that the proxy of a machine leads to and that is not of this file and destination. */
function othersRouted({ proxy }: ObservedHost, config: Config): string[] {
  const own = [
    ...config.roles.map(({ name }) => rolePrefix(config, name)),
    ...config.accessories.map(({ service }) => service),
  ];
  return proxy.routes
    .filter(({ service }) => !own.includes(service))
    .map(({ service, settings: { hosts } }) => (hosts.length === 0 ? service : `${service} (${hosts.join(', ')})`));
}
