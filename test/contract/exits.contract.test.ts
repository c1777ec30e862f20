import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Host } from '../../src/hosts/host.ts';
import { exitingImage, healthyImage } from './sandbox.ts';
import { cleanUp, prefix, worlds } from './worlds.ts';

describe.each(worlds)('exits of containers on $name', ({ connect, credentials }) => {
  let host: Host;
  let count = 0;

  beforeAll(async () => {
    host = await connect();
    await Promise.all([healthyImage, exitingImage].map((image) => host.docker.pullImage(image, credentials)));
  });
  afterAll(() => cleanUp(host));

  async function make(image = healthyImage, hostConfig: Record<string, unknown> = {}) {
    const name = `${prefix}-${(count += 1)}`;
    return { id: await host.docker.createContainer(name, { Image: image, HostConfig: hostConfig }) };
  }

  it('tells of an exit as it happens, and of its status', async () => {
    const { id } = await make(exitingImage);
    const exit = host.docker.waitForExit(id, new AbortController().signal);
    await host.docker.startContainer(id);
    expect(await exit).toBe(3);
    expect((await host.docker.inspectContainer(id))?.State).toMatchObject({ Status: 'exited', ExitCode: 3 });
  });

  it('gives up waiting for an exit when told', async () => {
    const { id } = await make();
    await host.docker.startContainer(id);
    const controller = new AbortController();
    const exit = host.docker.waitForExit(id, controller.signal);
    setTimeout(() => controller.abort(), 50);
    await expect(exit).rejects.toMatchObject({ code: 'interrupted' });
    expect((await host.docker.inspectContainer(id))?.State.Running).toBe(true);
    await host.docker.removeContainer(id, { force: true });
  });

  it('starts a container again that its policy says, and counts', async () => {
    const { id } = await make(exitingImage, { RestartPolicy: { Name: 'unless-stopped', MaximumRetryCount: 0 } });
    const exit = host.docker.waitForExit(id, new AbortController().signal);
    await host.docker.startContainer(id);
    // Docker 20.10 reads the status after the restart when it is busy.
    expect([0, 3]).toContain(await exit);
    await expect
      .poll(async () => (await host.docker.inspectContainer(id))?.RestartCount, { timeout: 10_000 })
      .toBeGreaterThanOrEqual(1);
    expect(await host.docker.lastExitStatus(id)).toBe(3);
    await host.docker.stopContainer(id, 1);
    expect((await host.docker.inspectContainer(id))?.State).toMatchObject({ Running: false, Restarting: false });
  });

  it('knows with which status a container exited last, also where it runs again', async () => {
    const { id } = await make(exitingImage);
    expect(await host.docker.lastExitStatus(id)).toBeUndefined();
    const exit = host.docker.waitForExit(id, new AbortController().signal);
    await host.docker.startContainer(id);
    await exit;
    expect(await host.docker.lastExitStatus(id)).toBe(3);
    const again = await make();
    await host.docker.startContainer(again.id);
    expect(await host.docker.lastExitStatus(again.id)).toBeUndefined();
    await host.docker.stopContainer(again.id, 0);
    const stopped = await host.docker.lastExitStatus(again.id);
    await host.docker.startContainer(again.id);
    expect((await host.docker.inspectContainer(again.id))?.State.ExitCode).toBe(0);
    expect(await host.docker.lastExitStatus(again.id)).toBe(stopped);
    expect(stopped).not.toBe(0);
    await host.docker.removeContainer(again.id, { force: true });
    expect(await host.docker.lastExitStatus(again.id)).toBeUndefined();
  });
});
