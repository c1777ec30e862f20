import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Host } from '../../src/hosts/host.ts';
import { healthyImage, silentImage, throughHere } from './sandbox.ts';
import { cleanUp, prefix, worlds } from './worlds.ts';

const repository = 'registry.test:5000/contract';

describe.each(worlds)('images on $name', ({ connect, credentials }) => {
  let host: Host;
  beforeAll(async () => {
    host = await connect();
  });
  afterAll(() => cleanUp(host));

  it('pulls a tag and says its digest', async () => {
    const lines: string[] = [];
    const digest = await host.docker.pullImage(healthyImage, credentials, (line) => lines.push(line));
    expect(digest).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(lines.length).toBeGreaterThan(0);
    const image = await host.docker.inspectImage(healthyImage);
    expect(image?.RepoTags).toContain(healthyImage);
    expect(image?.RepoDigests).toContain(`${repository}@${digest}`);
    expect(image?.Config.Labels).toMatchObject({ service: 'contract' });
    expect(image?.RootFS.Layers?.[0]).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(await host.docker.pullImage(healthyImage, credentials)).toBe(digest);
  });

  it('pulls by digest, whatever tag stands before it', async () => {
    const digest = await host.docker.pullImage(silentImage, credentials);
    await host.docker.removeImage(silentImage);
    for (const reference of [`${repository}@${digest}`, `${repository}:another@${digest}`]) {
      expect(await host.docker.pullImage(reference, credentials)).toBe(digest);
      const image = await host.docker.inspectImage(reference);
      expect(image?.RepoDigests).toContain(`${repository}@${digest}`);
      expect(image?.RepoTags ?? []).not.toContain(`${repository}:another`);
    }
  });

  it('pulls from a registry of this machine for as long as its port leads back here', async () => {
    const image = throughHere(silentImage);
    await host.docker.removeImage(image);
    await expect(host.docker.pullImage(image, credentials)).rejects.toMatchObject({ code: 'image-pull-failed' });
    const end = await host.reachBack(5000);
    expect(await host.docker.pullImage(image, credentials)).toMatch(/^sha256:[0-9a-f]{64}$/);
    end();
    await host.docker.removeImage(image);
    await expect(host.docker.pullImage(image, credentials)).rejects.toMatchObject({ code: 'image-pull-failed' });
    const endAgain = await host.reachBack(5000);
    endAgain();
  });

  it('lets the engine ask a registry what a tag names, and pulls nothing', async () => {
    const digest = await host.docker.pullImage(healthyImage, credentials);
    await host.docker.removeImage(healthyImage);
    const ask = { credentials, timeoutSeconds: 10 };
    expect(await host.docker.registryDigest(healthyImage, ask)).toBe(digest);
    expect(await host.docker.inspectImage(healthyImage)).toBeUndefined();
    const refusal = (message: RegExp) => ({ code: 'engine-refused', message: expect.stringMatching(message) });
    await expect(host.docker.registryDigest(`${repository}:never-pushed`, ask)).rejects.toMatchObject(
      refusal(/manifest unknown/),
    );
    const wrong = { ...ask, credentials: { ...credentials, password: 'wrong' } };
    await expect(host.docker.registryDigest(healthyImage, wrong)).rejects.toMatchObject(refusal(/unauthorized/));
    await expect(host.docker.registryDigest(healthyImage, { timeoutSeconds: 10 })).rejects.toMatchObject(
      refusal(/no basic auth credentials/),
    );
  });

  it('says that the registry has no such tag', async () => {
    await expect(host.docker.pullImage(`${repository}:never-pushed`, credentials)).rejects.toMatchObject({
      code: 'image-pull-failed',
    });
  });

  it('says that the registry refuses the password', async () => {
    const wrong = { ...credentials, password: 'wrong' };
    await expect(host.docker.pullImage(silentImage, wrong)).rejects.toMatchObject({ code: 'registry-refused' });
  });

  it('tags, and removes one tag after the other', async () => {
    await host.docker.pullImage(silentImage, credentials);
    await host.docker.tagImage(silentImage, repository, `latest-${prefix}`);
    expect((await host.docker.inspectImage(`${repository}:latest-${prefix}`))?.RepoTags).toContain(silentImage);
    await host.docker.removeImage(`${repository}:latest-${prefix}`);
    expect(await host.docker.inspectImage(`${repository}:latest-${prefix}`)).toBeUndefined();
    expect(await host.docker.inspectImage(silentImage)).toBeDefined();
    await host.docker.removeImage(`${repository}:latest-${prefix}`);
    expect((await host.docker.listImages()).flatMap(({ RepoTags }) => RepoTags ?? [])).toContain(silentImage);
  });

  it('does not remove an image that a container uses', async () => {
    const own = `${repository}:in-use-${prefix}`;
    await host.docker.pullImage(healthyImage, credentials);
    await host.docker.tagImage(healthyImage, repository, `in-use-${prefix}`);
    const id = await host.docker.createContainer(`${prefix}-user`, { Image: own, HostConfig: {} });
    // One of several tags may go; the last may not.
    const image = await host.docker.inspectImage(own);
    await expect(host.docker.removeImage(image?.Id ?? '')).rejects.toMatchObject({ code: 'engine-refused' });
    await host.docker.removeContainer(id);
    await host.docker.removeImage(own);
  });

  it('describes the engine', async () => {
    expect(await host.docker.info()).toMatchObject({ ServerVersion: expect.stringMatching(/^\d+\./) });
  });
});
