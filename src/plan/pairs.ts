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
  readonly role: Pick<
    Role,
    'name' | 'proxy' | 'quiet' | 'stopTimeoutSeconds' | 'stopSignal' | 'mayOverlap' | 'isSingleton'
  >;
  /** Whether the file has the role elsewhere by now. */
  readonly isStray: boolean;
  readonly was: ObservedHost;
  readonly is: ObservedHost;
}

/** Every role on every machine that can be seen now. */
export function pairsOf({ config, before, now }: Moments): Pair[] {
  return config.roles.flatMap((role) =>
    role.hosts
      .filter(({ host }) => now.hosts.some((observed) => observed.host === host))
      .map(({ host }) => ({ role, was: observedHost(before, host), is: observedHost(now, host), isStray: false })),
  );
}

/** Those too that the file has elsewhere by now: of a run about a part of the file only singletons, which it moves. */
export function allPairs(request: Moments & { readonly file: Config }): Pair[] {
  const { config, file, before, now } = request;
  const moves = ({ role }: Stray) =>
    isWhole(config, file) || config.roles.some(({ name, isSingleton }) => name === role && isSingleton);
  const strays = now.hosts.flatMap((is) => {
    const was = observedHost(before, is.host);
    const here = straysOn(was, file).filter(moves);
    return here.map((stray): Pair => ({ role: roleOf(stray, file), was, is, isStray: true }));
  });
  return [...pairsOf(request), ...strays];
}

/** As it was seen; the file may say nothing of it any more. */
function roleOf({ role: name, route }: Stray, file: Config): Pair['role'] {
  const known = file.roles.find((role) => role.name === name);
  const { quiet, stopTimeoutSeconds, stopSignal, mayOverlap = true, isSingleton = false } = known ?? {};
  const target = route?.targets[0];
  return {
    name,
    mayOverlap,
    isSingleton,
    ...(route === undefined || target === undefined ? {} : { proxy: routeFromSettings(route.settings, target) }),
    ...(quiet === undefined ? {} : { quiet }),
    ...(stopTimeoutSeconds === undefined ? {} : { stopTimeoutSeconds }),
    ...(stopSignal === undefined ? {} : { stopSignal }),
  };
}

/** Two of its role never run: what is new stops before what was there is started. */
export function isAlone({ role }: Pair): boolean {
  return !role.mayOverlap;
}

export function isNewIn(was: ObservedHost, { id }: ObservedContainer): boolean {
  return !was.containers.some((container) => container.id === id);
}
