import { networkName, proxyContainerName } from '../containers/names.ts';
import { Failure } from '../errors.ts';
import type { Host } from '../hosts/host.ts';
import { addressOf } from '../observe/health.ts';
import { describe } from '../plan/describe.ts';
import type { Step } from '../plan/plan.ts';
import { idOf, type Execution } from './execution.ts';

const ports = { http: 80, https: 443 };
const shownLines = 20;

/** Asks through the machine's proxy, as somebody out there would. @throws Failure `smoke-failed` */
export async function smokeRequest(step: Extract<Step, { kind: 'smoke-request' }>, host: Host): Promise<void> {
  const { scheme, path, timeoutSeconds } = step;
  const proxy = await host.docker.inspectContainer(proxyContainerName);
  const address = proxy === undefined ? '' : addressOf(proxy, networkName);
  if (address === '') throw smokeFailed(step, host, 'the proxy has no address');
  const { answers, status } = await host.probe({
    address,
    port: ports[scheme],
    path,
    scheme,
    ...(step.host === undefined ? {} : { host: step.host }),
    timeoutSeconds,
  });
  if (!answers || status === undefined) throw smokeFailed(step, host, `nothing was answered in ${timeoutSeconds} s`);
  const isGood = step.status === undefined ? status >= 200 && status < 300 : status === step.status;
  if (!isGood) throw smokeFailed(step, host, `the answer was ${status}, not ${step.status ?? '200 to 299'}`);
}

/** One that takes too long has failed; it is no lost reply. @throws Failure `smoke-failed` */
export async function smokeCommand(
  step: Extract<Step, { kind: 'smoke-command' }>,
  host: Host,
  execution: Execution,
): Promise<void> {
  const { words, timeoutSeconds } = step;
  const running = host.execInContainer(idOf(execution, host.name, step.container), words, timeoutSeconds);
  const { exitStatus, stdout, stderr } = await running.catch((error: unknown) => {
    if (!(error instanceof Failure) || error.code !== 'timed-out') throw error;
    throw smokeFailed(step, host, `it took longer than ${timeoutSeconds} s`);
  });
  if (exitStatus === 0) return;
  const lines = execution.mask(`${stdout}${stderr}`).trimEnd().split('\n').slice(-shownLines);
  throw smokeFailed(step, host, `it ended with status ${exitStatus}`, lines);
}

function smokeFailed(step: Step, { name }: Host, why: string, details: readonly string[] = []): Failure {
  return new Failure('smoke-failed', `${name}: smoke check failed: ${describe(step)}: ${why}`, { details });
}
