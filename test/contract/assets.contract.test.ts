import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AssetSync, Host } from '../../src/hosts/host.ts';
import { assetImages } from './sandbox.ts';
import { cleanUp, prefix, worlds } from './worlds.ts';

describe.each(worlds)('assets on $name', ({ connect, credentials, modeOf }) => {
  let host: Host;
  const directory = `${prefix}/apps/it's shop/assets`;
  const names = ['web-v1', 'web-v2'] as const;
  beforeAll(async () => {
    host = await connect();
    await Promise.all(assetImages.map((image) => host.docker.pullImage(image, credentials)));
  });
  afterAll(() => cleanUp(host));

  const look = (files: readonly string[] = [], directories: readonly string[] = []) =>
    host.readState({ lockDirectory: `${prefix}/none`, releasesFile: 'x', files, paths: [], directories });
  const read = async (name: string, file: string) => {
    const path = `${directory}/volumes/${name}/${file}`;
    return (await look([path])).files[path];
  };
  const sync = (index: 0 | 1, more: Partial<AssetSync> = {}) =>
    host.syncAssets({
      directory,
      temporaryContainer: `${prefix}-assets`,
      path: '/opt/assets',
      own: { name: names[index], image: assetImages[index], anew: false },
      others: index === 0 ? [] : [{ name: names[0], image: assetImages[0], isUp: true }],
      ...more,
    });

  it('come out of the image, and go both ways, and nothing is written over', async () => {
    expect(await sync(0)).toEqual([]);
    expect(await sync(1)).toEqual([]);
    expect(await sync(1)).toEqual([]);
    for (const name of names) {
      expect([await read(name, 'app-1.js'), await read(name, 'app-2.js')]).toEqual(['one', 'two']);
      expect(await modeOf(`${directory}/volumes/${name}/a b/.x`)).toBe('644');
    }
    expect([await read('web-v1', 'a b/.x'), await read('web-v2', 'a b/.x')]).toEqual(['1', '2']);
    const names_ = (await host.docker.listContainers()).flatMap(({ Names }) => Names);
    expect(names_).not.toContain(`/${prefix}-assets`);
  });

  it('are listed by version, and what is not there is left out', async () => {
    const { directories } = await look([], [`${directory}/volumes`, `${directory}/extracted`, `${directory}/nothing`]);
    expect(directories).toEqual({ [`${directory}/volumes`]: [...names], [`${directory}/extracted`]: [...names] });
  });

  it('are removed with everything in them, and a second time without complaint', async () => {
    const paths = [`${directory}/volumes/web-v1`, `${directory}/extracted/web-v1`];
    await host.removeDirectories(paths);
    await host.removeDirectories(paths);
    await host.removeDirectories([]);
    expect((await look([], [`${directory}/volumes`])).directories).toEqual({ [`${directory}/volumes`]: ['web-v2'] });
    // What was shared stays.
    expect(await read('web-v2', 'app-1.js')).toBe('one');
  });

  it('that the image does not have, or that are a file there, are named with it', async () => {
    for (const path of ['/opt/nothing', '/opt/assets/app-1.js']) {
      const own = { name: 'web-v3', image: assetImages[0], anew: true };
      await expect(sync(0, { path, own })).rejects.toMatchObject({
        code: 'image-mismatch',
        message: expect.stringContaining(`${assetImages[0]} has no directory ${path}`),
      });
    }
    expect((await look([], [`${directory}/extracted`])).directories).toEqual({
      [`${directory}/extracted`]: ['web-v2'],
    });
  });
});
