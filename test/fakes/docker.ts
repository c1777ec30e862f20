import { Failure } from '../../src/errors.ts';
import type { Docker } from '../../src/hosts/docker.ts';
import {
  createContainer,
  findContainer,
  mustFind,
  removeContainer,
  renameContainer,
  setRestartPolicy,
  startContainer,
  stopContainer,
} from './containers.ts';
import type { Line } from './host.ts';
import { digestInRegistry, findImage, hash, imageInspect, imageSummary, pull, removeImage, tag } from './images.ts';
import { containerInspect, containerSummary } from './inspect.ts';
import type { MachineState } from './machine.ts';
import { signalContainer } from './worker.ts';
import { onMachine, putFiles } from './mounted.ts';
import { proxyStatePath, stateFile } from './proxy.ts';

/** The engine of a machine in memory. */
export function fakeDocker(machine: MachineState, line: Line): Docker {
  const look = <T>(work: () => T | Promise<T>) => line.look(() => (needDocker(machine), work()));
  const change: Line['change'] = (name, args, work) =>
    line.change(`docker.${name}`, args, (hear) => (needDocker(machine), work(hear)));
  const find = (nameOrId: string) => findContainer(machine, nameOrId);
  return {
    listContainers: () =>
      look(() => [...machine.containers.values()].toReversed().map((container) => containerSummary(container))),
    inspectContainer: (id) =>
      look(() => {
        const container = find(id);
        return container === undefined ? undefined : containerInspect(machine, container);
      }),
    createContainer: (name, body) =>
      change('createContainer', [name, body], () => createContainer(machine, name, body).id),
    startContainer: (id) =>
      change('startContainer', [id], () => startContainer(machine, mustFind(machine, id, 'start container'))),
    stopContainer: (id, timeoutSeconds) =>
      change('stopContainer', [id, timeoutSeconds], async () => {
        const container = find(id);
        if (container === undefined) return;
        if (machine.stopSeconds > 0) {
          machine.stopping.add(container);
          await new Promise((resolve) => setTimeout(resolve, machine.stopSeconds * 1000));
          machine.stopping.delete(container);
        }
        stopContainer(machine, container);
      }),
    signalContainer: (id, signal) =>
      change('signalContainer', [id, signal], () => {
        const container = find(id);
        if (container !== undefined) signalContainer(machine, container, signal);
      }),
    listStopping: () => look(() => ({ names: [...machine.stopping].map(({ name }) => name), isComplete: true })),
    renameContainer: (id, name) =>
      change('renameContainer', [id, name], () =>
        renameContainer(machine, mustFind(machine, id, 'rename container'), name),
      ),
    setRestartPolicy: (id, policy) =>
      change('setRestartPolicy', [id, policy], () =>
        setRestartPolicy(machine, mustFind(machine, id, 'set the restart policy of container'), policy),
      ),
    removeContainer: (id, options) =>
      change('removeContainer', [id, options], () => {
        const container = find(id);
        if (container !== undefined) removeContainer(machine, container, options?.force === true);
      }),
    waitForExit: (id, signal) => look(() => waitForExit(machine, id, signal)),
    lastExitStatus: (id) => look(() => find(id)?.lastExitStatus),
    logs: (id, { tail, sinceSeconds }) =>
      look(() =>
        mustFind(machine, id, 'read the log of')
          .logLines.filter(({ at }) => at.getTime() / 1000 >= (sinceSeconds ?? 0))
          .slice(-tail)
          .map(({ text }) => text),
      ),
    listImages: () => look(() => [...machine.images.values()].map(imageSummary)),
    inspectImage: (reference) =>
      look(() => {
        const image = findImage(machine, reference);
        return image === undefined ? undefined : imageInspect(machine, image);
      }),
    pullImage: (reference, credentials, onProgress) =>
      change('pullImage', [reference], () => {
        onProgress?.(`Pulling from ${reference}`);
        return pull(machine, reference, credentials);
      }),
    registryDigest: (reference, { credentials }) => look(() => digestInRegistry(machine, reference, credentials)),
    tagImage: (reference, repository, name) =>
      change('tagImage', [reference, repository, name], () => tag(machine, reference, `${repository}:${name}`)),
    removeImage: (reference) => change('removeImage', [reference], () => removeImage(machine, reference)),
    inspectNetwork: (name) =>
      look(() => {
        const id = machine.networks.get(name);
        return id === undefined ? undefined : { Name: name, Id: id };
      }),
    createNetwork: (name) =>
      change('createNetwork', [name], () => {
        if (machine.networks.has(name)) return;
        machine.networks.set(name, hash(`network ${name} ${machine.callCount}`));
        machine.journal.push(`create network ${name}`);
      }),
    readFile: (container, path) =>
      look(() => {
        if (find(container) === undefined) return undefined;
        if (path === '/etc/passwd') return Buffer.from('root:x:0:0::/root:/bin/sh\nkamal-proxy:x:1000:1000::/:\n');
        if (path === '/longshore-output')
          return Buffer.from(mustFind(machine, container, 'read').image.release?.output ?? '');
        const mounted = machine.files.get(onMachine(mustFind(machine, container, 'read'), path));
        if (mounted !== undefined) return Buffer.from(mounted.content);
        return path === proxyStatePath && machine.proxy.routes.length > 0 ? stateFile(machine) : undefined;
      }),
    putFiles: (container, directory, files) =>
      change('putFiles', [container, directory], () =>
        putFiles(machine, mustFind(machine, container, 'put files into'), { directory, files }),
      ),
    inspectExec: (id) =>
      look(() => {
        const exec = machine.proxy.execs.get(id);
        if (exec === undefined) return undefined;
        const [entrypoint = '', ...args] = exec.words;
        return { ID: id, Running: true, ProcessConfig: { entrypoint, arguments: args } };
      }),
    info: () =>
      look(() => ({
        ServerVersion: machine.engineVersion,
        SystemTime: new Date(Date.now() + machine.clockAheadSeconds * 1000).toISOString(),
        Architecture: machine.architecture,
        DockerRootDir: '/var/lib/docker',
      })),
  };
}

function waitForExit(machine: MachineState, id: string, signal: AbortSignal): Promise<number> {
  const container = mustFind(machine, id, 'wait for container');
  return new Promise((resolve, reject) => {
    const giveUp = () => {
      container.waiters.delete(resolve);
      reject(new Failure('interrupted', `${machine.name}: no longer waiting for ${id}.`));
    };
    if (signal.aborted) return giveUp();
    signal.addEventListener('abort', giveUp, { once: true });
    container.waiters.add(resolve);
  });
}

function needDocker({ hasDocker, name }: MachineState): void {
  if (!hasDocker) throw new Failure('host-without-docker', `${name} has no Docker.`);
}
