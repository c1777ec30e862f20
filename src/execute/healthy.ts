import { Failure } from '../errors.ts';
import type { ContainerInspect } from '../hosts/docker.ts';
import type { Host } from '../hosts/host.ts';
import { shortNames } from '../plan/describe.ts';
import type { AccessoryHealth, Step } from '../plan/plan.ts';
import { idOf, type Execution } from './execution.ts';
import { pause } from './ready.ts';

type HealthStep = Extract<Step, { kind: 'wait-until-healthy' }>;

/**
 * Waits until an accessory is healthy: by its own check, else by its image's, else until it takes a connection on its port, else until it
 * has stayed up. A container whose policy starts it again is given the time; one that has ended for good is a failure at once.
 * @throws Failure `container-exited` or `container-not-ready`
 */
export async function waitUntilHealthy(
  step: HealthStep,
  host: Host,
  execution: Execution,
  onProgress: (text: string) => void,
): Promise<void> {
  const id = idOf(execution, host.name, step.container);
  const { health } = step;
  const deadline = Date.now() + budgetSeconds(health) * 1000;
  for (let why = 'it did not start'; ;) {
    const container = await inspect(host, id, step.container.name);
    why = await whyUnhealthy(container, host, health);
    if (why === '') return;
    onProgress(why);
    if (Date.now() >= deadline) {
      const name = shortNames(step.container.name);
      throw new Failure(
        'container-not-ready',
        `${host.name}: ${name} was not healthy within ${budgetSeconds(health)} s: ${why}`,
      );
    }
    await pause(Math.min(health.intervalSeconds, 1) * 1000);
  }
}

/** The time in which failures do not count, and that of as many failures in a row as count. */
export function budgetSeconds(
  health: Pick<AccessoryHealth, 'startPeriodSeconds' | 'retries' | 'intervalSeconds' | 'timeoutSeconds'>,
): number {
  return health.startPeriodSeconds + health.retries * (health.intervalSeconds + health.timeoutSeconds);
}

async function inspect(host: Host, id: string, name: string): Promise<ContainerInspect> {
  const container = await host.docker.inspectContainer(id);
  if (container === undefined) throw new Failure('container-exited', `${host.name}: ${shortNames(name)} is gone`);
  const { Running, Restarting, ExitCode } = container.State;
  if (!Running && !Restarting) {
    throw new Failure('container-exited', `${host.name}: ${shortNames(name)} exited with status ${ExitCode}`);
  }
  return container;
}

/** Empty when it is healthy. */
async function whyUnhealthy(container: ContainerInspect, host: Host, health: AccessoryHealth): Promise<string> {
  const { State } = container;
  if (State.Restarting) return `it exits with status ${State.ExitCode} and is started again`;
  const { check, timeoutSeconds } = health;
  if (check?.kind === 'cmd') return whyCommandFails(container, host, { words: check.words, timeoutSeconds });
  if (check === undefined && State.Health !== undefined) {
    return State.Health.Status === 'healthy' ? '' : `its health check says ${State.Health.Status}`;
  }
  const port = check?.port ?? health.port ?? exposedPort(container);
  if (port === undefined) return whyNotUp(container, health.readinessDelaySeconds);
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
function addressOf({ HostConfig, NetworkSettings }: ContainerInspect, network: string): string {
  if (HostConfig['NetworkMode'] === 'host') return '127.0.0.1';
  const networks = NetworkSettings.Networks;
  return networks[network]?.IPAddress ?? Object.values(networks)[0]?.IPAddress ?? '';
}

function whyNotUp({ State }: ContainerInspect, seconds: number): string {
  const up = (Date.now() - Date.parse(State.StartedAt)) / 1000;
  return up >= seconds ? '' : `it is to stay up for ${seconds} s`;
}
