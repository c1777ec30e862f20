import type Dockerode from 'dockerode';
import type { Readable } from 'node:stream';
import { Failure } from '../errors.ts';
import type { Connection } from './connection.ts';
import type { DockerChannels } from './docker-channels.ts';
import { type Engine, engineOver } from './docker-engine.ts';
import { registryDigest } from './docker-distribution.ts';
import { pullImage } from './docker-pull.ts';
import { lastExitStatus, listStopping } from './docker-events.ts';
import { fileInTar, framesOf, linesOf, readAll } from './docker-streams.ts';
import { tarOf } from './tar.ts';
import type { Docker } from './docker.ts';

/** Longer than any container is waited for; what ends a wait is its signal or the connection's end. */
const waitSeconds = 24 * 60 * 60;
const createSeconds = 60;
/** What Docker gives a container to stop when nobody says otherwise. */
const usualStopSeconds = 10;

/** The machine's Docker Engine, over channels of the one SSH connection. */
export function dockerOverSsh(connection: Connection, channels: DockerChannels): Docker {
  const engine = engineOver(connection, channels);
  const docker = { ...containers(engine), ...images(engine), ...insideContainers(engine), ...network(engine) };
  return {
    ...docker,
    lastExitStatus: (id) => lastExitStatus(engine, docker, id),
    listStopping: (withinSeconds) => listStopping(engine, docker, withinSeconds),
  };
}

function containers(engine: Engine) {
  return {
    listContainers: () => engine.call('list containers', (docker) => docker.listContainers({ all: true }) as never),
    inspectContainer: (id) =>
      engine.call(`inspect container ${id}`, (docker) => docker.getContainer(id).inspect() as never, {
        answers: { 404: undefined },
      }),
    createContainer: (name, body) =>
      engine.call(
        `create container ${name}`,
        async (docker) => (await docker.createContainer({ _query: { name }, _body: body } as never)).id,
        { timeoutSeconds: createSeconds },
      ),
    startContainer: (id) =>
      engine.call(`start container ${id}`, (docker) => docker.getContainer(id).start().then(nothing), {
        timeoutSeconds: createSeconds,
        answers: { 304: undefined },
      }),
    stopContainer: async (id, timeoutSeconds) => {
      await engine.call(
        `stop container ${id}`,
        (docker) =>
          docker
            .getContainer(id)
            .stop(timeoutSeconds === undefined ? {} : { t: timeoutSeconds })
            .then(nothing),
        {
          // A container may have a stop time-out of its own, which only the engine knows.
          timeoutSeconds: timeoutSeconds === undefined ? Math.max(usualStopSeconds, 300) : timeoutSeconds + 15,
          answers: { 304: undefined, 404: undefined },
        },
      );
    },
    signalContainer: (id, signal) =>
      engine.call(`signal container ${id}`, (docker) => docker.getContainer(id).kill({ signal }).then(nothing), {
        answers: { 404: undefined, 409: undefined },
      }),
    renameContainer: (id, name) =>
      engine.call(`rename container ${id} to ${name}`, (docker) =>
        docker.getContainer(id).rename({ name }).then(nothing),
      ),
    setRestartPolicy: (id, RestartPolicy) =>
      engine.call(`set the restart policy of container ${id}`, (docker) =>
        docker.getContainer(id).update({ RestartPolicy }).then(nothing),
      ),
    removeContainer: (id, options) =>
      engine.call(
        `remove container ${id}`,
        (docker) =>
          docker
            .getContainer(id)
            .remove({ force: options?.force === true })
            .then(nothing),
        { timeoutSeconds: createSeconds, answers: { 404: undefined } },
      ),
    waitForExit: (id, signal) =>
      engine.call(
        `wait for container ${id}`,
        async (docker, over) => {
          const abortSignal = AbortSignal.any([signal, over]);
          const gaveUp = new Promise<never>((_, reject) => {
            const giveUp = () => reject(new Failure('interrupted', `${engine.host}: no longer waiting for ${id}.`));
            if (signal.aborted) giveUp();
            signal.addEventListener('abort', giveUp, { once: true });
          });
          const exit = docker.getContainer(id).wait({ condition: 'next-exit', abortSignal }) as Promise<{
            StatusCode: number;
          }>;
          exit.catch(nothing);
          return (await Promise.race([exit, gaveUp])).StatusCode;
        },
        { timeoutSeconds: waitSeconds },
      ),
    logs: (id, { tail, sinceSeconds }) =>
      engine.call(`read the log of ${id}`, async (docker) => {
        const query = {
          stdout: true,
          stderr: true,
          tail,
          ...(sinceSeconds === undefined ? {} : { since: sinceSeconds }),
        };
        return linesOf(framesOf(await readAll(await streamOf(docker, `/containers/${id}/logs?`, query))));
      }),
  } satisfies Partial<Docker>;
}

function images(engine: Engine) {
  return {
    listImages: () => engine.call('list images', (docker) => docker.listImages() as never),
    inspectImage: (reference) =>
      engine.call(`inspect image ${reference}`, (docker) => docker.getImage(reference).inspect() as never, {
        answers: { 404: undefined },
      }),
    pullImage: (reference, credentials, onProgress) => pullImage(engine, reference, credentials, onProgress ?? nothing),
    registryDigest: (reference, ask) => registryDigest(engine, reference, ask),
    tagImage: (reference, repository, tag) =>
      engine.call(`tag ${reference} as ${repository}:${tag}`, (docker) =>
        docker.getImage(reference).tag({ repo: repository, tag }).then(nothing),
      ),
    removeImage: (reference) =>
      engine.call(`remove image ${reference}`, (docker) => docker.getImage(reference).remove().then(nothing), {
        timeoutSeconds: createSeconds,
        answers: { 404: undefined },
      }),
    info: () => engine.call('describe itself', (docker) => docker.info() as never),
  } satisfies Partial<Docker>;
}

function network(engine: Engine) {
  return {
    inspectNetwork: (name) =>
      engine.call(`inspect network ${name}`, (docker) => docker.getNetwork(name).inspect() as never, {
        answers: { 404: undefined },
      }),
    createNetwork: (name) =>
      engine.call(
        `create network ${name}`,
        (docker) => docker.createNetwork({ Name: name, Driver: 'bridge', CheckDuplicate: true }).then(nothing),
        { answers: { 409: undefined } },
      ),
  } satisfies Partial<Docker>;
}

function insideContainers(engine: Engine) {
  return {
    readFile: (container, path) =>
      engine.call(
        `read ${path} of container ${container}`,
        async (docker) =>
          fileInTar(await readAll((await docker.getContainer(container).getArchive({ path })) as Readable)),
        { answers: { 404: undefined } },
      ),
    putFiles: (container, directory, files) =>
      engine.call(`put files into ${directory} of container ${container}`, async (docker) => {
        const answer = await docker.getContainer(container).putArchive(tarOf(files), { path: directory });
        // Read to its end, as the engine has it done only then.
        await readAll(answer as unknown as Readable);
      }),
    inspectExec: (id) =>
      engine.call(
        `inspect exec ${id}`,
        async (docker) => {
          const exec = await docker.getExec(id).inspect();
          return exec.Running ? (exec as never) : undefined;
        },
        { answers: { 404: undefined } },
      ),
  } satisfies Partial<Docker>;
}

/** dockerode reads a whole log into memory and parses what looks like JSON; this is the plain answer. */
function streamOf(docker: Dockerode, path: string, query: object): Promise<Readable> {
  const statusCodes = { 200: true, 404: 'no such container', 409: 'conflict', 500: 'server error' };
  return new Promise((resolve, reject) => {
    docker.modem.dial(
      { path, method: 'GET', isStream: true, statusCodes, options: query },
      (error: unknown, stream: unknown) => (error ? reject(error) : resolve(stream as Readable)),
    );
  });
}

function nothing(): undefined {
  return undefined;
}
