import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Host } from '../../src/hosts/host.ts';
import { deafImage, ensureImages, healthyImage, silentImage } from './sandbox.ts';
import { cleanUp, prefix, worlds } from './worlds.ts';

describe.each(worlds)('what listens on $name', ({ connect, credentials }) => {
  let host: Host;
  const network = `${prefix}-probed`;

  beforeAll(async () => {
    ensureImages();
    host = await connect();
    await Promise.all([deafImage, healthyImage, silentImage].map((image) => host.docker.pullImage(image, credentials)));
    await host.docker.createNetwork(network);
  });
  afterAll(() => cleanUp(host));

  /** @returns the address of a container that has just been started */
  async function addressOf(image: string): Promise<string> {
    const id = await host.docker.createContainer(`${prefix}-${Math.random().toString(36).slice(2)}`, {
      Image: image,
      HostConfig: { NetworkMode: network },
    });
    await host.docker.startContainer(id);
    const inspect = await host.docker.inspectContainer(id);
    return inspect?.NetworkSettings.Networks[network]?.IPAddress ?? '';
  }

  const ask = (address: string, path?: string) =>
    host.probe({ address, port: 80, timeoutSeconds: 2, ...(path === undefined ? {} : { path }) });

  /** A process needs a moment before it listens. */
  const soon = { timeout: 10_000, interval: 100 };

  it('says whether a connection is taken', async () => {
    const address = await addressOf(healthyImage);
    await expect.poll(() => ask(address), soon).toEqual({ answers: true });
  });

  it('says what a path is answered with', async () => {
    const [healthy, silent] = await Promise.all([addressOf(healthyImage), addressOf(silentImage)]);
    await expect.poll(() => ask(healthy, '/up'), soon).toEqual({ answers: true, status: 200 });
    await expect.poll(() => ask(silent, '/up?q=1'), soon).toEqual({ answers: true, status: 503 });
  });

  it('says that nobody answers: a container without a listener, and an address without a container', async () => {
    const address = await addressOf(deafImage);
    expect(await ask(address)).toEqual({ answers: false });
    expect(await ask(address, '/up')).toEqual({ answers: false });
    expect(await ask(address.replace(/\d+$/, '250'))).toEqual({ answers: false });
  });
});
