import type { ExecResult } from '../../src/hosts/docker.ts';
import { findContainer, type FakeContainer } from './containers.ts';
import { answersHealthy } from './probe.ts';
import { isThere } from './files.ts';
import { hash } from './images.ts';
import type { MachineState } from './machine.ts';
import { onMachine } from './mounted.ts';
import { flagsOf, routeRecord, type RouteRecord } from './proxy-route.ts';

/** kamal-proxy: its record outlives its container, as it lies in a volume. */
export interface FakeProxy {
  routes: RouteRecord[];
  /** Commands that are running in it right now, by exec id. */
  readonly execs: Map<string, { readonly container: string; readonly words: readonly string[] }>;
}

export const proxyStatePath = '/home/kamal-proxy/.config/kamal-proxy/kamal-proxy.state';
const paused = { deploy: undefined, pause: 1, stop: 2, resume: 0 } as const;

/** `docker exec CONTAINER kamal-proxy …`; `during` is called when a deploy has arrived, before it waits for its target. */
export async function runInProxy(
  machine: MachineState,
  container: string,
  words: readonly string[],
  during: () => void,
): Promise<ExecResult> {
  const proxy = findContainer(machine, container);
  if (proxy === undefined) return failed(`Error: No such container: ${container}`);
  if (proxy.state !== 'running') return failed(`Error response from daemon: Container ${proxy.id} is not running`);
  const [, command = '', service = ''] = words;
  if (command === 'list')
    return done(machine.proxy.routes.map(({ name, active_targets }) => `${name}  ${active_targets[0]}\n`).join(''));
  const id = hash(`exec ${machine.callCount} ${words.join(' ')}`);
  machine.proxy.execs.set(id, { container: proxy.id, words });
  try {
    if (command === 'deploy') return await deploy(machine, proxy, { service, words: words.slice(3), during });
    return change(machine, command, words.slice(2));
  } finally {
    machine.proxy.execs.delete(id);
  }
}

/** The container that a route's target names, running or not. */
export function targetContainer(machine: MachineState, route: RouteRecord): FakeContainer | undefined {
  return findContainer(machine, (route.active_targets[0] ?? '').replace(/:\d+$/, ''));
}

export function stateFile(machine: MachineState): Buffer {
  return Buffer.from(JSON.stringify(machine.proxy.routes));
}

/** Waits for the target, then switches: as the real one does, even when whoever asked has gone meanwhile. */
async function deploy(
  machine: MachineState,
  proxy: FakeContainer,
  { service, words, during }: { service: string; words: readonly string[]; during: () => void },
): Promise<ExecResult> {
  const flags = flagsOf(words);
  const record = routeRecord(service, flags);
  during();
  const { error_page_path, tls_certificate_path, tls_private_key_path } = record.options;
  for (const path of [error_page_path, tls_certificate_path, tls_private_key_path].map(String).filter(Boolean)) {
    if (!isThere(machine, onMachine(proxy, path))) return failed(`Error: open ${path}: no such file or directory`);
  }
  const deadline = Date.now() + flags.seconds('deploy-timeout', 30) * 1000;
  const interval = flags.seconds('health-check-interval', 1) * 1000;
  while (!answersHealthy(targetContainer(machine, record))) {
    if (Date.now() + interval > deadline) {
      await pause(deadline - Date.now());
      return failed('Error: target failed to become healthy within configured timeout');
    }
    await pause(interval);
    if (proxy.state !== 'running') return failed('Error: unexpected EOF');
  }
  const clash = machine.proxy.routes.find((other) => other.name !== service && overlaps(other, record));
  if (clash !== undefined) return failed('Error: host settings conflict with another service');
  const before = machine.proxy.routes.find(({ name }) => name === service);
  // A service that is paused or stopped stays so.
  const route = { ...record, pause_controller: before?.pause_controller ?? record.pause_controller };
  machine.proxy.routes = [...machine.proxy.routes.filter(({ name }) => name !== service), route];
  machine.journal.push(`route ${service} to ${targetContainer(machine, route)?.name}`);
  return done('');
}

function change(machine: MachineState, command: string, [service = '', ...flags]: readonly string[]): ExecResult {
  const route = machine.proxy.routes.find(({ name }) => name === service);
  if (route === undefined) return failed('Error: service not found');
  if (command === 'remove') machine.proxy.routes = machine.proxy.routes.filter((one) => one !== route);
  else if (command in paused) {
    const message = flags.find((flag) => flag.startsWith('--message='))?.slice('--message='.length) ?? '';
    Object.assign(route.pause_controller, { state: paused[command as 'stop'], stop_message: message });
  } else return failed(`Error: unknown command "${command}" for "kamal-proxy"`);
  machine.journal.push(`${command} route ${service}`);
  return done('');
}

function overlaps(one: RouteRecord, other: RouteRecord): boolean {
  const hosts = (route: RouteRecord) => (route.options.hosts.length === 0 ? [''] : route.options.hosts);
  const prefixes = new Set(other.options.path_prefixes);
  return (
    hosts(one).some((host) => hosts(other).includes(host)) &&
    one.options.path_prefixes.some((path) => prefixes.has(path))
  );
}

function done(stdout: string): ExecResult {
  return { exitStatus: 0, stdout, stderr: '' };
}

function failed(stderr: string, exitStatus = 1): ExecResult {
  return { exitStatus, stdout: '', stderr: `${stderr}\n` };
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, milliseconds)));
}
