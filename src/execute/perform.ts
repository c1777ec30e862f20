import { creationOf, restartPolicyOf } from '../containers/create-request.ts';
import { delivered, envFileOf } from '../containers/delivery.ts';
import { Failure } from '../errors.ts';
import type { Host } from '../hosts/host.ts';
import type { Lane, Step } from '../plan/plan.ts';
import { thisMachine } from '../plan/plan.ts';
import { writeCertificate } from './certificate.ts';
import { hostOf, idOf, sourcesOf, type Execution } from './execution.ts';
import { bootProxy, createNetwork, removeRoute, sendTraffic, startProxy } from './proxy.ts';
import { checkSpace, giveAccess, runCommand, swapFile, uploadFile } from './host-steps.ts';
import { waitUntilHealthy } from './healthy.ts';
import { checkMembers } from './members.ts';
import { checkRunning, pauseUnlessAborted, waitUntilReady } from './ready.ts';
import { noteLeftOut, recordRelease, timestamp } from './record.ts';
import { noteRelease, runRelease, waitUntilEnded } from './release.ts';
import { smokeCommand, smokeRequest } from './smoke.ts';
import {
  watchContainer,
  quietContainer,
  startContainer,
  stopContainer,
  waitUntilDrained,
  wakeContainer,
} from './replaced.ts';

type Progress = (text: string) => void;

/** Makes one step true on its machine. @throws Failure; `connection-lost` and `timed-out` mean nobody knows */
export async function perform(step: Step, lane: Lane, execution: Execution, onProgress: Progress): Promise<void> {
  if (step.kind === 'run-hook') return execution.runHook(step, { host: lane.host, signal: execution.signal });
  if (step.kind === 'wait') return pauseUnlessAborted(step.seconds * 1000, execution.signal);
  if (lane.host === thisMachine) throw new Error(`${step.kind} is not for this machine`);
  const host = hostOf(execution, lane.host);
  const { docker } = host;
  switch (step.kind) {
    case 'create-network':
      return createNetwork(step, host, execution);
    case 'write-env-file':
      return host.writeFile(step.path, envFileOf(step.variables, sourcesOf(execution, lane.host), step.values), '600');
    case 'boot-proxy':
      return bootProxy(step, host, execution, onProgress);
    case 'start-proxy':
      return execution.exclusively(lane.host, 'start the proxy', startProxy);
    case 'write-error-pages':
      return host.writeDirectory(step.directory, execution.errorPages);
    case 'write-certificate':
      return writeCertificate(step, host, execution);
    case 'pull-image':
      return pullImage(step, lane.host, execution, onProgress);
    case 'create-container':
      return createContainer(step, lane.host, execution);
    case 'sync-assets':
      return syncAssets(step.sync, host, execution);
    case 'rename-container':
      return renameContainer(step, lane.host, execution);
    case 'start-container':
      return startContainer(step, host, execution);
    case 'wait-until-ready':
      return waitUntilReady(step, host, execution, onProgress);
    case 'smoke-request':
      return smokeRequest(step, host);
    case 'smoke-command':
      return smokeCommand(step, host, execution);
    case 'check-running':
      return checkRunning(step, host, execution);
    case 'send-traffic':
      return sendTraffic(step, host, execution, onProgress);
    case 'wait-until-healthy':
      return waitUntilHealthy(step, host, execution, onProgress);
    case 'check-members':
      return checkMembers(step, execution);
    case 'make-directory':
      await host.makeDirectory(step.path);
      return giveAccess(step, host);
    case 'upload-file':
      return uploadFile(step, host, execution);
    case 'swap-file':
      return swapFile(step, host, execution);
    case 'run-command':
      return runCommand(step, { host, role: lane.role }, execution, onProgress);
    case 'remove-route':
      return removeRoute(step, host);
    case 'watch-container':
      return watchContainer(step, host, execution);
    case 'end-watch':
      return host.watch.handOver({ directory: step.directory, from: idOf(execution, lane.host, step.container) });
    case 'quiet-container':
      return quietContainer(step, host, execution);
    case 'wait-until-drained':
      return waitUntilDrained(step, { host, lane, execution, onProgress });
    case 'wake-container':
      return wakeContainer(step, host, execution);
    case 'stop-container':
      return stopContainer(step, { host, lane, execution });
    case 'set-restart-policy':
      return docker.setRestartPolicy(idOf(execution, lane.host, step.container), restartPolicyOf(step.policy));
    case 'remove-container':
      return docker.removeContainer(idOf(execution, lane.host, step.container));
    case 'tag-image':
      return docker.tagImage(step.image, step.repository, step.tag);
    case 'remove-image':
      return docker.removeImage(step.image);
    case 'check-space':
      return checkSpace(step, host);
    case 'remove-directories':
      return host.removeDirectories(step.paths);
    case 'note-run':
      return host.writeFile(step.file, `${JSON.stringify({ ...step.run, at: timestamp() })}\n`, '600');
    case 'end-run':
      return host.removeDirectories([step.file]);
    case 'note-left-out':
      return noteLeftOut(step, host);
    case 'run-release':
      return runRelease(step, host, execution);
    case 'note-release':
      return noteRelease(step, host, execution);
    case 'wait-until-ended':
      return waitUntilEnded(step, host, execution);
    case 'record-release':
      return recordRelease(step, host, execution);
    case 'audit':
      return host.appendLines(
        step.file,
        step.entries.map(
          ({ tags, text }) =>
            [timestamp(), execution.performer, ...tags].map((tag) => `[${tag}]`).join(' ') + ` ${text}`,
        ),
      );
    default:
      return step satisfies never;
  }
}

async function renameContainer(
  { container, name }: Extract<Step, { kind: 'rename-container' }>,
  hostName: string,
  execution: Execution,
): Promise<void> {
  const id = idOf(execution, hostName, container);
  await hostOf(execution, hostName).docker.renameContainer(id, name);
  if (id !== container.name) execution.containerIds.set(`${hostName}/${name}`, id);
}

async function pullImage(
  step: Extract<Step, { kind: 'pull-image' }>,
  hostName: string,
  execution: Execution,
  onProgress: Progress,
): Promise<void> {
  const host = hostOf(execution, hostName);
  const { localRegistryPort: port } = execution;
  const endReach = port !== undefined && port === portHere(step.image) ? await host.reachBack(port) : undefined;
  const digest = await host.docker
    .pullImage(step.image, execution.credentialsFor(step.image), onProgress)
    .finally(endReach);
  const expected = step.digest ?? execution.digests.get(step.image);
  if (expected !== undefined && digest !== expected) {
    throw new Failure('image-mismatch', `${hostName}: ${step.image} is ${digest} there, not ${expected}`, {
      hint: 'Somebody pushed this tag in the meantime, or a mirror is stale; deploy again, nothing was changed.',
    });
  }
  execution.digests.set(step.image, digest);
}

/** The port of a registry that an image of `localhost` is pulled from. */
function portHere(image: string): number | undefined {
  const [isHere, port = '80'] = /^localhost(?::(\d+))?\//.exec(image) ?? [];
  return isHere === undefined ? undefined : Number(port);
}

/** The image's `service` label is looked at beside it: Kamal refuses images without it, and its prune would never find them. */
async function createContainer(
  step: Extract<Step, { kind: 'create-container' }>,
  hostName: string,
  execution: Execution,
): Promise<void> {
  const host = hostOf(execution, hostName);
  const creation = creationOf({
    ...delivered(step.spec, sourcesOf(execution, hostName)),
    homeDirectory: execution.homeDirectories.get(hostName) ?? '/root',
  });
  const [id, image] = await Promise.all([
    creation.way === 'api'
      ? host.docker.createContainer(step.spec.name, creation.body)
      : host.createByCommandLine(creation.words, creation.secretEnv),
    host.docker.inspectImage(step.spec.image),
  ]);
  execution.containerIds.set(`${hostName}/${step.spec.name}`, id);
  // An accessory's image is somebody else's.
  const isApp = step.spec.labels['role'] !== undefined;
  if (isApp && image?.Config.Labels?.['service'] !== execution.service) {
    throw new Failure('image-mismatch', `${hostName}: ${step.spec.image} has no label service=${execution.service}`, {
      hint: `Build it by \`longshore build push\`, or with \`--label service=${execution.service}\`.`,
    });
  }
}

/** What other versions' assets lack changes nothing of what this one serves. */
async function syncAssets(
  sync: Extract<Step, { kind: 'sync-assets' }>['sync'],
  host: Host,
  { emit }: Execution,
): Promise<void> {
  for (const text of await host.syncAssets(sync)) emit({ type: 'warning', text: `${host.name}: ${text}` });
}
