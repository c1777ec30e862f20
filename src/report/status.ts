import { abbreviateVersion } from '../build/version.ts';
import type { LockHolder } from '../hosts/host.ts';

import { startCommand } from '../plan/accessories/drift-text.ts';
import { shortNames } from '../plan/describe.ts';
import { describeLeftOut } from '../plan/left-out.ts';
import { noColours, type Paint } from './paint.ts';
import type { HostStatus, LockResult, StatusResult } from './results.ts';
import { table } from './table.ts';

/** What runs where, what the proxies route where, and who holds the lock. */
export function renderStatus(result: StatusResult, paint: Paint = noColours): string {
  const title = result.destination === undefined ? result.service : `${result.service} in ${result.destination}`;
  const header = (...cells: string[]) => cells.map((cell) => paint.dim(cell));
  const proxies = result.hosts.flatMap((host) => proxyRows(host, paint));
  const routes = result.hosts.flatMap((host) => routeRows(host, paint));
  const accessories = result.hosts.flatMap((host) => accessoryRows(host, paint));
  const others = result.hosts.flatMap(otherRows);
  const section = (names: string[], rows: string[][]) =>
    rows.length === 0 ? [] : ['', ...table([header(...names), ...rows])];
  return [
    paint.bold(title),
    '',
    ...table([
      header('HOST', 'ROLE', 'VERSION', 'STATE', 'SINCE', 'TRAFFIC'),
      ...result.hosts.flatMap((host) => containerRows(host, paint)),
    ]),
    ...section(['HOST', 'ACCESSORY', 'IMAGE', 'STATE', 'SINCE', 'PORTS'], accessories),
    ...section(['HOST', 'PROXY', 'STATE', 'ENGINE'], proxies),
    ...section(['HOST', 'ROUTE', 'REQUESTS FOR', 'GO TO', ''], routes),
    ...section(['HOST', 'NOT OF THIS FILE', 'IMAGE', 'SINCE'], others),
    ...section(['HOST', 'DOWN', 'WHY'], downRows(result.down)),
    ...leftOutLines(result).map((line) => paint.yellow(line)),
    ...unfinishedLines(result).map((line) => paint.yellow(line)),
    ...whatToType(result).map((line) => paint.yellow(line)),
    '',
    ...lockLines(result.lock, paint),
  ].join('\n');
}

/** Who holds the deploy lock, for `lock status`, `lock acquire` and `lock release`. */
export function renderLock(result: LockResult, paint: Paint = noColours): string {
  if (result.releasedOn !== undefined) return `The deploy lock was given back on ${result.releasedOn.join(', ')}.`;
  const own = result.held
    ? [...lockLines(result.holder ?? { details: '' }, paint), `On ${result.host}.`]
    : [`Nobody holds the deploy lock (on ${result.host}).`];
  const others = (result.elsewhere ?? []).flatMap(({ host, holder }) => [
    '',
    `${host} carries one too, of a \`kamal\` with a host filter or of a run without the primary:`,
    ...lockLines(holder, paint).slice(1),
  ]);
  return [...own, ...others].join('\n');
}

function containerRows({ host, problem, containers }: HostStatus, paint: Paint): string[][] {
  if (problem !== undefined) return [[host, paint.red(problem)]];
  if (containers.length === 0) return [[host, paint.yellow('no containers of this service')]];
  return containers.map((container, index) => [
    index === 0 ? host : '',
    container.role,
    abbreviateVersion(container.version),
    stateText(container.state, container.status, paint),
    container.status,
    container.servesTraffic ? paint.green('serves') : '',
  ]);
}

function accessoryRows({ host, accessories }: HostStatus, paint: Paint): string[][] {
  return accessories.map(({ name, image, state, status, ports }, index) => [
    index === 0 ? host : '',
    name,
    shortNames(image),
    state === 'missing' ? paint.red(state) : stateText(state, status, paint),
    status,
    ports.join(' '),
  ]);
}

function otherRows({ host, others }: HostStatus): string[][] {
  return others.map(({ container, image, status }, index) => [
    index === 0 ? host : '',
    shortNames(container),
    shortNames(image),
    status,
  ]);
}

function leftOutLines({ leftOut }: StatusResult): string[] {
  if (leftOut.length === 0) return [];
  return [
    '',
    ...leftOut.map((one) => `${describeLeftOut(one)}: the next deploy that reaches it brings it up to date.`),
  ];
}

function unfinishedLines({ hosts }: StatusResult): string[] {
  const lines = hosts.flatMap(({ host, accessories }) =>
    accessories.flatMap(({ name, unfinished }) =>
      unfinished === undefined ? [] : [`${host}: a replacement of ${name} was cut off: \`${unfinished}\` finishes it.`],
    ),
  );
  return lines.length === 0 ? [] : ['', ...lines];
}

/** Those of a machine that are down for the same reason stand together. */
function downRows(down: StatusResult['down']): string[][] {
  const names = new Map<string, { host: string; why: string; names: string[] }>();
  for (const { host, name, why } of down) {
    const row = names.get(`${host} ${why}`) ?? { host, why, names: [] };
    row.names.push(name);
    names.set(`${host} ${why}`, row);
  }
  return [...names.values()].map((row) => [row.host, row.names.join(', '), row.why]);
}

/** Accessories are started by one command, each after what it depends on, and before the roles that need them. */
function whatToType({ down, destination }: StatusResult): string[] {
  const accessories = [
    ...new Set(down.flatMap(({ kind, name, held }) => (kind === 'accessory' && held !== true ? [name] : []))),
  ];
  const others = down.flatMap(({ kind, command }) => (kind === 'accessory' ? [] : [command]));
  const back = down.flatMap(({ command, held }) => (held === true ? [command] : []));
  const commands = [...(accessories.length === 0 ? [] : [startCommand(accessories, destination)]), ...new Set(others)];
  const lines = [
    ...commands.map((command) => `To start what is down: ${command}`),
    ...back.map((command) => `To bring the old one back: ${command}`),
  ];
  return lines.length === 0 ? [] : ['', ...lines];
}

function stateText(state: string, status: string, paint: Paint): string {
  if (state !== 'running') return paint.yellow(state);
  if (status.includes('(unhealthy)')) return paint.red('unhealthy');
  return paint.green(status.includes('(healthy)') ? 'healthy' : state);
}

function proxyRows({ host, problem, proxy, engineVersion }: HostStatus, paint: Paint): string[][] {
  if (problem !== undefined) return [];
  if (proxy === undefined) return [[host, paint.yellow('none'), '', engineVersion ?? '']];
  const state = proxy.state === 'running' ? paint.green(proxy.state) : paint.red(proxy.state);
  return [[host, proxy.image, state, engineVersion ?? '']];
}

function routeRows({ host, routes }: HostStatus, paint: Paint): string[][] {
  return routes.map((route, index) => [
    index === 0 ? host : '',
    route.service,
    requests(route.hosts, route.pathPrefixes),
    shortNames(route.target),
    route.paused ? paint.yellow('paused') : '',
  ]);
}

function requests(hosts: readonly string[], pathPrefixes: readonly string[]): string {
  const names = hosts.length === 0 ? 'every name' : hosts.join(', ');
  const paths = pathPrefixes.filter((prefix) => prefix !== '/');
  return paths.length === 0 ? names : `${names} under ${paths.join(', ')}`;
}

function lockLines(lock: LockHolder | undefined, paint: Paint): string[] {
  if (lock === undefined) return ['Nobody holds the deploy lock.'];
  const details = lock.details.trim() === '' ? ['(no details)'] : lock.details.trim().split('\n');
  return [
    paint.yellow('The deploy lock is held:'),
    ...details.map((line) => `  ${line}`),
    lock.lease === undefined
      ? '  It never runs out; `longshore lock release` gives it back.'
      : `  ${leaseText(lock.lease.secondsLeft)}`,
  ];
}

function leaseText(secondsLeft: number): string {
  return secondsLeft > 0
    ? `Its lease runs out in ${Math.ceil(secondsLeft)} s unless its run renews it.`
    : 'Its lease has run out: the next deploy takes it over.';
}
