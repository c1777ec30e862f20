import { routeSettings } from '../../proxy/route.ts';
import type { RecordedRoute } from '../../proxy/state.ts';
import type { Step } from '../plan.ts';
import type { Standing } from './standing.ts';

/** Where a machine's proxy sends requests. */
export interface Routes {
  readonly standings: readonly Standing[];
  readonly routes: readonly RecordedRoute[];
}

/** The routes with one more, and why kamal-proxy refuses it, or takes it from somebody: a host and path, or a name, that another has. */
export function takeRoute(
  { standings, routes }: Routes,
  { service, route, files }: Extract<Step, { kind: 'send-traffic' }>,
): { routes: RecordedRoute[]; texts: string[] } {
  const settings = routeSettings(route, files);
  const others = routes.filter((one) => one.service !== service);
  const same = routes.find((one) => one.service === service);
  const target = same && targetOf(same, standings);
  const named =
    target === undefined || target.isMine ? [] : [`wants the route ${service}, which leads to ${target.who}`];
  const places = placesOf(settings).flatMap((place) => {
    const other = others.find((one) => placesOf(one.settings).includes(place));
    if (other === undefined) return [];
    return [`wants the requests for ${place}, which go to ${targetOf(other, standings)?.who ?? other.service}`];
  });
  return {
    routes: [...others, { service, settings, targets: [], paused: false, isLeaving: false }],
    texts: [...named, ...places],
  };
}

function targetOf({ targets }: RecordedRoute, standings: readonly Standing[]): Standing | undefined {
  const shortId = targets[0]?.split(':')[0];
  return shortId === undefined || shortId === '' ? undefined : standings.find(({ id }) => id?.startsWith(shortId));
}

/** kamal-proxy compares them letter by letter. */
function placesOf({ hosts, pathPrefixes }: Pick<RecordedRoute['settings'], 'hosts' | 'pathPrefixes'>): string[] {
  const names = hosts.length === 0 ? [''] : hosts;
  const paths = pathPrefixes.length === 0 ? ['/'] : pathPrefixes;
  return names.flatMap((name) => paths.map((path) => `${name || 'every host'}${path === '/' ? '' : path}`));
}
