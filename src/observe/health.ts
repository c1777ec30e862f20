import { budgetSeconds, crashesAllowed, type AccessoryHealth } from '../accessories/health.ts';
import { Failure } from '../errors.ts';
import type { ContainerInspect } from '../hosts/docker.ts';
import type { Host } from '../hosts/host.ts';

/**
 * Asks a container that runs until as many failures in a row as count.
 * @returns why it is not healthy; undefined when it is, or does not run
 */
export async function whyStillUnhealthy(
  found: ContainerInspect | undefined,
  host: Host,
  health: AccessoryHealth,
): Promise<string | undefined> {
  let container = found;
  for (let failures = 1; ; failures += 1) {
    if (container === undefined || !(container.State.Running || container.State.Restarting)) return undefined;
    const why = await whyUnhealthy(container, host, health);
    if (why === '') return undefined;
    if (failures >= health.retries) return why;
    await new Promise((resolve) => setTimeout(resolve, health.intervalSeconds * 1000));
    container = await host.docker.inspectContainer(container.Id);
  }
}

/**
 * Asks a container that runs and took another one's place.
 * @returns why it has failed; undefined when it is healthy, has its time still, or does not run
 */
export async function whyGivenUp(
  container: ContainerInspect,
  host: Host,
  health: AccessoryHealth,
): Promise<string | undefined> {
  const { State, RestartCount } = container;
  if (RestartCount >= crashesAllowed) return `it exited ${RestartCount} times`;
  if (State.Restarting || (await secondsUp(container, host)) < budgetSeconds(health)) return undefined;
  return whyStillUnhealthy(container, host, health);
}

/** Asks a container that runs once whether it is healthy. @returns why not; empty when it is */
export async function whyUnhealthy(container: ContainerInspect, host: Host, health: AccessoryHealth): Promise<string> {
  const { State } = container;
  if (State.Restarting) return `it exits with status ${State.ExitCode} and is started again`;
  const { check, timeoutSeconds } = health;
  if (check?.kind === 'cmd') return whyCommandFails(container, host, { words: check.words, timeoutSeconds });
  if (check === undefined && State.Health !== undefined) {
    return State.Health.Status === 'healthy' ? '' : `its health check says ${State.Health.Status}`;
  }
  const port = check?.port ?? health.port ?? exposedPort(container);
  if (port === undefined) return whyNotUp(container, host, health.readinessDelaySeconds);
  const address = addressOf(container, health.network);
  if (address === '') return `it has no address on the network ${health.network}`;
  const path = check?.kind === 'http' ? { path: check.path } : {};
  const { answers, status } = await host.probe({ address, port, timeoutSeconds, ...path });
  if (!answers) return `nothing answers on its port ${port}`;
  const wanted = check?.kind === 'http' ? check.status : undefined;
  const isGood = status === undefined || (wanted === undefined ? status >= 200 && status < 400 : status === wanted);
  return isGood ? '' : `its port ${port} answers ${status}`;
}

/** One that takes too long says so; it is no lost reply. */
async function whyCommandFails(
  { Id }: ContainerInspect,
  host: Host,
  { words, timeoutSeconds }: { words: readonly string[]; timeoutSeconds: number },
): Promise<string> {
  const name = words[0] ?? '';
  try {
    const { exitStatus } = await host.execInContainer(Id, words, timeoutSeconds);
    return exitStatus === 0 ? '' : `${name} ended with status ${exitStatus}`;
  } catch (error) {
    if (error instanceof Failure && error.code === 'timed-out') return `${name} took longer than ${timeoutSeconds} s`;
    throw error;
  }
}

function exposedPort({ Config }: ContainerInspect): number | undefined {
  const [first] = Object.keys((Config['ExposedPorts'] ?? {}) as object)
    .filter((port) => port.endsWith('/tcp'))
    .map((port) => Number(port.split('/')[0]))
    .toSorted((a, b) => a - b);
  return first;
}

/** A container in the machine's own network answers there. */
export function addressOf({ HostConfig, NetworkSettings }: ContainerInspect, network: string): string {
  if (HostConfig['NetworkMode'] === 'host') return '127.0.0.1';
  const networks = NetworkSettings.Networks;
  return networks[network]?.IPAddress ?? Object.values(networks)[0]?.IPAddress ?? '';
}

async function whyNotUp(container: ContainerInspect, host: Host, seconds: number): Promise<string> {
  return (await secondsUp(container, host)) >= seconds ? '' : `it is to stay up for ${seconds} s`;
}

/** By the clock of its own machine: that of this one may be minutes off. */
async function secondsUp({ State }: ContainerInspect, host: Host): Promise<number> {
  const { SystemTime } = await host.docker.info();
  return (Date.parse(SystemTime) - Date.parse(State.StartedAt)) / 1000;
}
