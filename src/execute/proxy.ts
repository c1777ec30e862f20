import { proxyContainerName } from '../containers/names.ts';
import { creationOf } from '../containers/create-request.ts';
import { Failure } from '../errors.ts';
import type { Host } from '../hosts/host.ts';
import { shortNames } from '../plan/describe.ts';
import type { Step } from '../plan/plan.ts';
import { appsConfigDirectory } from '../proxy/files.ts';
import { deployWords } from '../proxy/route.ts';
import { movedMessage } from '../proxy/state.ts';
import { idOf, type Execution } from './execution.ts';
import { pause, throwOnExit } from './ready.ts';

const answerSeconds = 10;

/** Another run may have made it meanwhile. */
export function createNetwork(
  { name }: Extract<Step, { kind: 'create-network' }>,
  host: Host,
  { exclusively }: Execution,
): Promise<void> {
  return exclusively(host.name, `create the network ${name}`, async ({ docker }) => {
    if ((await docker.inspectNetwork(name)) === undefined) await docker.createNetwork(name);
  });
}

/** Runs the proxy's container as Kamal does, unless another run did meanwhile, and waits until it takes commands. */
export async function bootProxy(
  step: Extract<Step, { kind: 'boot-proxy' }>,
  host: Host,
  execution: Execution,
  onProgress: (text: string) => void,
): Promise<void> {
  const { spec } = step;
  const [image] = await Promise.all([host.docker.inspectImage(spec.image), host.makeDirectory(appsConfigDirectory)]);
  if (image === undefined) {
    onProgress(`pulling ${spec.image}`);
    await host.docker.pullImage(spec.image, execution.credentialsFor(spec.image), onProgress);
  }
  const homeDirectory = execution.homeDirectories.get(host.name) ?? '/root';
  const creation = creationOf({ spec, env: {}, homeDirectory });
  await execution.exclusively(host.name, 'run the proxy', async (alone) => {
    const isThere = (await alone.docker.inspectContainer(spec.name)) !== undefined;
    if (!isThere && creation.way === 'api') await alone.docker.createContainer(spec.name, creation.body);
    else if (!isThere && creation.way !== 'api') await alone.createByCommandLine(creation.words, creation.secretEnv);
    await startProxy(alone);
  });
}

export async function startProxy(host: Host): Promise<void> {
  await host.docker.startContainer(proxyContainerName);
  const deadline = Date.now() + answerSeconds * 1000;
  for (;;) {
    const { exitStatus, stderr } = await host.execInContainer(
      proxyContainerName,
      ['kamal-proxy', 'list'],
      answerSeconds,
    );
    if (exitStatus === 0) return;
    if (Date.now() > deadline) {
      throw new Failure('route-refused', `${host.name}: the proxy does not answer: ${stderr.trim()}`, {
        hint: `Look at \`docker logs ${proxyContainerName}\` on ${host.name}; ports 80 and 443 may be taken.`,
        exitStatus: 3,
      });
    }
    await pause(200);
  }
}

/**
 * Asks the proxy to send a service's traffic to a container: it waits until the container is healthy, switches, and drains the one
 * before. A container that exits meanwhile is stopped, so that the proxy can never switch to it later.
 * @throws Failure `container-exited`, `container-not-ready` or `route-refused`
 */
export async function sendTraffic(
  step: Extract<Step, { kind: 'send-traffic' }>,
  host: Host,
  execution: Execution,
  onProgress: (text: string) => void,
): Promise<void> {
  const id = await fullId(step, host, execution);
  const seconds = step.deployTimeoutSeconds + step.drainTimeoutSeconds + answerSeconds;
  onProgress(`waiting for ${step.route.healthcheck.path ?? '/up'}`);
  const done = new AbortController();
  const exit = host.docker.waitForExit(id, done.signal).then(
    (status) => ({ status }),
    (error: unknown) => ({ error }),
  );
  const words = ['kamal-proxy', ...deployWords({ ...step, containerId: id })];
  const answer = host.execInContainer(proxyContainerName, words, seconds);
  try {
    const first = await Promise.race([answer, throwOnExit(exit, host, { id, name: step.container.name })]);
    if (first.exitStatus !== 0) throw refusal(step, host, `${first.stderr}${first.stdout}`);
  } catch (error) {
    if (error instanceof Failure && error.code === 'container-exited') {
      await Promise.all([host.docker.stopContainer(id, 0), answer]);
    }
    throw error;
  } finally {
    done.abort();
    // A lost connection rejects it too; that was reported already.
    answer.catch(() => undefined);
  }
}

async function fullId(
  step: Extract<Step, { kind: 'send-traffic' }>,
  host: Host,
  execution: Execution,
): Promise<string> {
  const id = idOf(execution, host.name, step.container);
  if (id !== step.container.name) return id;
  const container = await host.docker.inspectContainer(id);
  if (container === undefined)
    throw new Failure('container-exited', `${host.name}: ${shortNames(step.container.name)} is gone`);
  return container.Id;
}

function refusal(step: Extract<Step, { kind: 'send-traffic' }>, host: Host, text: string): Failure {
  const said = text.replace(/^Error:\s*/m, '').trim();
  if (/failed to become healthy/i.test(said)) {
    return new Failure(
      'container-not-ready',
      `${host.name}: ${shortNames(step.container.name)} was not healthy within ${step.deployTimeoutSeconds} s`,
    );
  }
  const hint = /host settings conflict/i.test(said)
    ? `Another service on ${host.name} has one of these hosts already: \`longshore status\` shows which.`
    : `Look at \`docker logs ${proxyContainerName}\` on ${host.name}.`;
  return new Failure('route-refused', `${host.name}: the proxy refused ${step.service}: ${said}`, { hint });
}

/** The proxy drains what it stops, but not what it removes. */
export async function removeRoute(
  { service, drainTimeoutSeconds: drain }: Extract<Step, { kind: 'remove-route' }>,
  host: Host,
): Promise<void> {
  const stop = ['stop', service, `--drain-timeout=${drain}s`, `--message=${movedMessage}`];
  if (drain !== undefined) await inProxy(stop, drain + answerSeconds, host);
  await inProxy(['remove', service], answerSeconds, host);
}

async function inProxy(words: readonly string[], seconds: number, host: Host): Promise<void> {
  const { exitStatus, stderr } = await host.execInContainer(proxyContainerName, ['kamal-proxy', ...words], seconds);
  if (exitStatus === 0 || /not found/i.test(stderr)) return;
  throw new Failure('route-refused', `${host.name}: the proxy did not take ${words[1]} away: ${stderr.trim()}`);
}
