import { budgetSeconds } from '../accessories/health.ts';
import { Failure } from '../errors.ts';
import type { ContainerInspect } from '../hosts/docker.ts';
import type { Host } from '../hosts/host.ts';
import { whyUnhealthy } from '../observe/health.ts';
import { shortNames } from '../plan/describe.ts';
import type { Step } from '../plan/plan.ts';
import { idOf, type Execution } from './execution.ts';
import { pause } from './ready.ts';

type HealthStep = Extract<Step, { kind: 'wait-until-healthy' }>;

/**
 * Waits until a container is healthy: by its own check, else by its image's, else until it takes a connection on its port, else until it
 * has stayed up. A container whose policy starts it again is given the time, unless the step says how often it may crash; one that has
 * ended for good is a failure at once.
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
  for (let why = 'it did not start', turn = 0; ; turn += 1) {
    const container = await inspect(host, id, step);
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
    // Most are healthy within the first second, in which what they serve is away.
    await pause(Math.min(health.intervalSeconds, 1, 0.1 * 2 ** turn) * 1000);
  }
}

async function inspect(host: Host, id: string, step: HealthStep): Promise<ContainerInspect> {
  const container = await host.docker.inspectContainer(id);
  const failure = (what: string) =>
    new Failure('container-exited', `${host.name}: ${shortNames(step.container.name)} ${what}`);
  if (container === undefined) throw failure('is gone');
  const { Running, Restarting, ExitCode } = container.State;
  if (!Running && !Restarting) throw failure(`exited with status ${ExitCode}`);
  const { crashes } = step;
  if (crashes !== undefined && container.RestartCount >= crashes) {
    const last = Restarting ? `, last with status ${ExitCode}` : '';
    throw failure(`exited ${container.RestartCount} times${last}: it does not stay up`);
  }
  return container;
}
