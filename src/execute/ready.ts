import { Failure } from '../errors.ts';
import type { ContainerInspect } from '../hosts/docker.ts';
import type { Host } from '../hosts/host.ts';
import { shortNames } from '../plan/describe.ts';
import type { Step } from '../plan/plan.ts';
import { idOf, type Execution } from './execution.ts';

const healthPollMilliseconds = 500;

/**
 * Waits until a container without traffic is ready: healthy by its image's health check, else up for the readiness delay. A restart or
 * exit meanwhile is a failure at once. @throws Failure `container-exited` or `container-not-ready`
 */
export async function waitUntilReady(
  step: Extract<Step, { kind: 'wait-until-ready' }>,
  host: Host,
  execution: Execution,
  onProgress: (text: string) => void,
): Promise<void> {
  const id = idOf(execution, host.name, step.container);
  if (step.readinessDelaySeconds === 0) {
    const { State } = await inspect(host, id, step.container.name);
    if (State.Health === undefined || State.Health.Status === 'healthy') return;
  }
  const done = new AbortController();
  const exit = host.docker.waitForExit(id, done.signal).then(
    (status) => ({ status }),
    (error: unknown) => ({ error }),
  );
  try {
    const first = await inspect(host, id, step.container.name);
    if (first.State.Health !== undefined) return await waitUntilHealthy({ step, host, id, exit, onProgress });
    if (step.readinessDelaySeconds > 0) {
      onProgress(`up for ${step.readinessDelaySeconds} s`);
      await Promise.race([
        pause(step.readinessDelaySeconds * 1000),
        throwOnExit(exit, host, { id, name: step.container.name }),
      ]);
      await inspect(host, id, step.container.name);
    }
  } finally {
    done.abort();
  }
}

/** @throws Failure `container-exited` when it does not run any more, or was restarted */
export async function checkRunning(
  step: Extract<Step, { kind: 'check-running' }>,
  host: Host,
  execution: Execution,
): Promise<void> {
  await inspect(host, idOf(execution, host.name, step.container), step.container.name);
}

/** What `waitForExit` came to: an exit status, or why nobody knows. */
export type Exit = Promise<{ status: number } | { error: unknown }>;

/** Rejects when the container exits or the wait for it breaks; never resolves. */
export async function throwOnExit(exit: Exit, host: Host, { id, name }: { id: string; name: string }): Promise<never> {
  const answer = await exit;
  if ('error' in answer) throw answer.error;
  const status = answer.status === 0 ? await withLastStatus(host, id) : ` with status ${answer.status}`;
  throw new Failure('container-exited', `${host.name}: ${shortNames(name)} exited${status}`);
}

/** The container as it is. @throws Failure `container-exited` when it does not run, or was restarted by its policy */
async function inspect(host: Host, id: string, name: string): Promise<ContainerInspect> {
  const container = await host.docker.inspectContainer(id);
  if (container === undefined) throw new Failure('container-exited', `${host.name}: ${shortNames(name)} is gone`);
  const { Running, Restarting } = container.State;
  if (!Running || Restarting || container.RestartCount > 0) {
    const restarts = container.RestartCount > 0 ? ` and was restarted ${container.RestartCount} times` : '';
    throw new Failure(
      'container-exited',
      `${host.name}: ${shortNames(name)} exited${await withLastStatus(host, id)}${restarts}`,
    );
  }
  return container;
}

/** For the text only: it has exited, whether or not the engine still knows how. */
async function withLastStatus(host: Host, id: string): Promise<string> {
  const status = await host.docker.lastExitStatus(id).catch(() => undefined);
  return status === undefined ? '' : ` with status ${status}`;
}

async function waitUntilHealthy(input: {
  step: Extract<Step, { kind: 'wait-until-ready' }>;
  host: Host;
  id: string;
  exit: Exit;
  onProgress: (text: string) => void;
}): Promise<void> {
  const { step, host, id, exit, onProgress } = input;
  const name = step.container.name;
  const deadline = Date.now() + step.timeoutSeconds * 1000;
  const exited = throwOnExit(exit, host, { id, name });
  exited.catch(() => undefined);
  for (;;) {
    const { State } = await inspect(host, id, name);
    if (State.Health?.Status === 'healthy') return;
    onProgress(State.Health?.Status ?? State.Status);
    if (Date.now() >= deadline) {
      throw new Failure(
        'container-not-ready',
        `${host.name}: ${shortNames(name)} was not healthy within ${step.timeoutSeconds} s`,
      );
    }
    await Promise.race([pause(healthPollMilliseconds), exited]);
  }
}

export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** The same, which ends early when the signal does; no time at all where it has. */
export function pauseUnlessAborted(milliseconds: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(done, milliseconds);
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    }
    signal.addEventListener('abort', done);
  });
}
