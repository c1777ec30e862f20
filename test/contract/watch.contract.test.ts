import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Host } from '../../src/hosts/host.ts';
import type { Watched } from '../../src/hosts/watch.ts';
import { deafImage } from './sandbox.ts';
import { cleanUp, prefix, worlds } from './worlds.ts';

/** As the last line of `docker run` in a test: it takes a second to stop. */
const stopTimeoutSeconds = 1;

describe.each(worlds)('the watch over containers on $name', ({ connect, credentials }) => {
  let host: Host;
  let count = 0;
  const directory = `${prefix}-watched`;

  beforeAll(async () => {
    host = await connect();
    await host.docker.pullImage(deafImage, credentials);
  });
  afterAll(async () => {
    expect(await leftovers(host)).toBe(0);
    await cleanUp(host);
  });

  /** A container that runs, alone in its role unless one is named. */
  async function started(role = `role-${(count += 1)}`) {
    const Labels = { service: prefix, role };
    const container = await host.docker.createContainer(`${prefix}-${(count += 1)}`, {
      Image: deafImage,
      Labels,
      HostConfig: { RestartPolicy: { Name: 'unless-stopped' } },
    });
    await host.docker.startContainer(container);
    const watched: Watched = {
      directory,
      container,
      state: 'working',
      role: { service: prefix, role, destination: '' },
      stopTimeoutSeconds,
    };
    return { container, role, watched, since: await startOf(container) };
  }

  const startOf = async (id: string) => (await host.docker.inspectContainer(id))?.State.StartedAt;
  const isUp = async (id: string) => (await host.docker.inspectContainer(id))?.State.Running === true;
  const files = async () =>
    (await host.readState({ lockDirectory: 'x', releasesFile: 'x', files: [], paths: [], directories: [directory] }))
      .directories[directory] ?? [];

  it('restarts what is quiet and starts what has stopped when the connection ends, and leaves alone what works', async () => {
    const [quiet, stopped, working] = [await started(), await started(), await started()];
    const run = await connect();
    await run.watch.over({ ...quiet.watched, state: 'quiet' });
    await run.watch.over(stopped.watched);
    await run.watch.over(working.watched);
    expect(run.watch.covers(quiet.container)).toBe(true);
    expect(run.watch.covers('another')).toBe(false);
    expect((await files()).filter((name) => name.startsWith(`${quiet.container}.quiet.`))).toHaveLength(1);
    await run.docker.signalContainer(quiet.container, 'TSTP');
    await run.docker.stopContainer(stopped.container, stopTimeoutSeconds);
    await run.close();
    await until(async () => (await startOf(quiet.container)) !== quiet.since && (await isUp(stopped.container)));
    await until(async () => (await files()).length === 0);
    expect(await startOf(working.container)).toBe(working.since);
  });

  it('starts nothing beside another one that does the same work', async () => {
    const old = await started();
    const next = await started(old.role);
    const run = await connect();
    await run.watch.over({ ...old.watched, state: 'quiet', stopTimeoutSeconds: 0 });
    await run.docker.stopContainer(old.container, stopTimeoutSeconds);
    await run.close();
    await until(async () => (await files()).length === 0);
    expect([await isUp(old.container), await isUp(next.container)]).toEqual([false, true]);
  });

  it('hands over to a successor in one act, and watches on until that is ready', async () => {
    const old = await started();
    const next = await started(old.role);
    await host.docker.stopContainer(next.container, stopTimeoutSeconds);
    const run = await connect();
    await run.watch.over(old.watched);
    const handOver = { directory, from: old.container, to: next.container };
    await expect(run.watch.handOver(handOver)).rejects.toMatchObject({ code: 'run-given-up' });
    expect(await isUp(next.container)).toBe(false);
    await run.docker.stopContainer(old.container, stopTimeoutSeconds);
    await run.watch.handOver(handOver);
    expect(await isUp(next.container)).toBe(true);
    expect(run.watch.covers(old.container)).toBe(true);
    await run.docker.stopContainer(next.container, stopTimeoutSeconds);
    await run.close();
    await until(() => isUp(old.container));
    expect(await isUp(next.container)).toBe(false);
  });

  it('is over with the last hand-over, which may be asked for again', async () => {
    const old = await started();
    const run = await connect();
    await run.watch.over({ ...old.watched, state: 'quiet' });
    await run.docker.stopContainer(old.container, stopTimeoutSeconds);
    await run.watch.handOver({ directory, from: old.container });
    await run.watch.handOver({ directory, from: old.container });
    expect(run.watch.covers(old.container)).toBe(false);
    expect(await files()).toEqual([]);
    await run.close();
  });

  it('passes to the run that watches last', async () => {
    const old = await started();
    const [first, second] = [await connect(), await connect()];
    await first.watch.over({ ...old.watched, state: 'quiet' });
    await second.watch.over({ ...old.watched, state: 'quiet' });
    await second.watch.over({ ...old.watched, state: 'quiet' });
    await first.close();
    expect(await files()).toHaveLength(1);
    await second.watch.wake({ directory, container: old.container, stopTimeoutSeconds });
    expect(await startOf(old.container)).not.toBe(old.since);
    expect(await files()).toEqual([]);
    const since = await startOf(old.container);
    await second.watch.wake({ directory, container: old.container, stopTimeoutSeconds });
    await second.close();
    expect(await startOf(old.container)).toBe(since);
  });

  it('wakes what a restart of the machine left on the way to that, and waits for nobody', async () => {
    const old = await started();
    const run = await connect();
    await run.watch.over({ ...old.watched, state: 'quiet' });
    const [file = ''] = await files();
    await host.moveFiles([{ from: `${directory}/${file}`, to: `${directory}/${old.container}.waking` }]);
    // Its machine has counted its processes from the beginning since.
    await host.writeFile(`${directory}/.${old.container}.busy`, '1 1\n', '644');
    expect(await host.watch.isWaking(directory)).toBe(false);
    await host.watch.wake({ directory, container: old.container, stopTimeoutSeconds });
    expect(await startOf(old.container)).not.toBe(old.since);
    await run.close();
  });

  it('wakes what a dead run left: restarted where it was quiet, started where it has stopped', async () => {
    const [quiet, stopped] = [await started(), await started()];
    const run = await connect();
    await run.watch.over({ ...quiet.watched, state: 'quiet' });
    await run.watch.over(stopped.watched);
    await host.docker.stopContainer(stopped.container, stopTimeoutSeconds);
    await host.watch.wake({ directory, container: quiet.container, stopTimeoutSeconds });
    await host.watch.wake({ directory, container: stopped.container, stopTimeoutSeconds });
    expect(await startOf(quiet.container)).not.toBe(quiet.since);
    expect(await isUp(stopped.container)).toBe(true);
    const since = await startOf(quiet.container);
    await run.close();
    expect([await files(), await startOf(quiet.container)]).toEqual([[], since]);
  });
});

/** Watches that still stand there though their connections have ended; in memory there are no processes. */
async function leftovers(host: Host): Promise<number> {
  let status = 1;
  await until(async () => {
    status = await host.runScript({
      name: 'look',
      script: `#!/bin/sh\n! ps -eo args | grep '[t]imeout [0-9]* sh -c read'\n`,
      env: {},
      secretEnv: {},
      timeoutSeconds: 30,
      onLine: () => undefined,
      signal: new AbortController().signal,
    });
    return status === 0;
  }).catch(() => undefined);
  return status;
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!(await isSo())) {
    if (Date.now() > deadline) throw new Error('it never came to that');
    await new Promise((resolve) => void setTimeout(resolve, 200));
  }
}
