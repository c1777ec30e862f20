import type { Config, Role } from '../config/config.ts';
import type { Observed, ObservedContainer, ObservedHost } from '../observe/observed.ts';
import { routeFromSettings } from '../proxy/state.ts';
import { observedHost } from './current.ts';
import { isWhole, straysOn, type Stray } from './strays.ts';

interface Moments {
  readonly config: Config;
  readonly before: Observed;
  readonly now: Observed;
}

/** A role on a machine, as it was and as it is. */
export interface Pair {
  readonly role: Pick<Role, 'name' | 'proxy' | 'stopTimeoutSeconds'>;
  readonly was: ObservedHost;
  readonly is: ObservedHost;
}

/** Every role on every machine that can be seen now. */
export function pairsOf({ config, before, now }: Moments): Pair[] {
  return config.roles.flatMap((role) =>
    role.hosts
      .filter(({ host }) => now.hosts.some((observed) => observed.host === host))
      .map(({ host }) => ({ role, was: observedHost(before, host), is: observedHost(now, host) })),
  );
}

/** Those too that the file has elsewhere by now. */
export function allPairs(request: Moments & { readonly file: Config }): Pair[] {
  const { config, file, before, now } = request;
  if (!isWhole(config, file)) return pairsOf(request);
  const strays = now.hosts.flatMap((is) => {
    const was = observedHost(before, is.host);
    return straysOn(was, file).map((stray): Pair => ({ role: roleOf(stray, file), was, is }));
  });
  return [...pairsOf(request), ...strays];
}

/** As it was seen; the file may say nothing of it any more. */
function roleOf({ role: name, route }: Stray, file: Config): Pair['role'] {
  const { stopTimeoutSeconds } = file.roles.find((role) => role.name === name) ?? {};
  const target = route?.targets[0];
  return {
    name,
    ...(route === undefined || target === undefined ? {} : { proxy: routeFromSettings(route.settings, target) }),
    ...(stopTimeoutSeconds === undefined ? {} : { stopTimeoutSeconds }),
  };
}

export function isNewIn(was: ObservedHost, { id }: ObservedContainer): boolean {
  return !was.containers.some((container) => container.id === id);
}
