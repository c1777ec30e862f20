import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Failure } from '../../src/errors.ts';
import { waitUntilReady } from '../../src/execute/ready.ts';
import type { Execution } from '../../src/execute/execution.ts';
import type { Host } from '../../src/hosts/host.ts';
import type { Step } from '../../src/plan/plan.ts';
import { inVirtualTime } from '../fakes/virtual-time.ts';

const step: Extract<Step, { kind: 'wait-until-ready' }> = {
  kind: 'wait-until-ready',
  container: { name: 'shop-worker-v2', id: 'abc' },
  timeoutSeconds: 60,
  readinessDelaySeconds: 2,
  because: 'it runs in its place',
};

/** Exits after 20 s, which the engine tells with status 0, as it was started again before it looked. */
async function exited(lastExitStatus: () => Promise<number | undefined>): Promise<unknown> {
  const State = { Running: true, Restarting: false, Status: 'running', Health: { Status: 'starting' } };
  const docker = {
    waitForExit: () => new Promise((resolve) => setTimeout(() => resolve(0), 20_100)),
    inspectContainer: () => Promise.resolve({ State, RestartCount: 0 }),
    lastExitStatus,
  };
  const host = { name: 'one', docker } as unknown as Host;
  const execution = { containerIds: new Map() } as unknown as Execution;
  return waitUntilReady(step, host, execution, () => undefined).catch((error: unknown) => error);
}

describe('a container with a health check that exits', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('is asked for its status once, however long it was waited for', () =>
    inVirtualTime(async () => {
      let asked = 0;
      const error = await exited(() => Promise.resolve((asked += 1) + 8));
      expect(error).toMatchObject({ code: 'container-exited', message: 'one: shop-worker-v2 exited with status 9' });
      expect(asked).toBe(1);
    }));

  it.each([
    ['has forgotten it', () => Promise.resolve(undefined)],
    ['does not say', () => Promise.reject(new Failure('engine-refused', 'one: no'))],
  ] as const)('has exited also where the engine %s', (_how, lastExitStatus) =>
    inVirtualTime(async () => {
      const error = await exited(lastExitStatus);
      expect(error).toMatchObject({ code: 'container-exited', message: 'one: shop-worker-v2 exited' });
    }),
  );
});
