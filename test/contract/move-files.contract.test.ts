import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Host } from '../../src/hosts/host.ts';
import { cleanUp, prefix, worlds } from './worlds.ts';

describe.each(worlds)('files on $name', ({ connect, modeOf }) => {
  let host: Host;
  beforeAll(async () => {
    host = await connect();
  });
  afterAll(() => cleanUp(host));

  const read = async (path: string) =>
    (await host.readState({ lockDirectory: 'x', releasesFile: 'x', files: [path], paths: [] })).files[path];

  it('get other names in turn, and those that are not there are left out', async () => {
    const [place, next, former] = [`${prefix}/g/it's`, `${prefix}/g/.next`, `${prefix}/g/.former`];
    await host.writeFile(place, 'one', '600');
    await host.writeFile(next, 'two', '640');
    const moves = [
      { from: `${prefix}/g/none`, to: place },
      { from: place, to: former },
      { from: next, to: place },
    ];
    await host.moveFiles(moves);
    expect([await read(former), await read(place)]).toEqual(['one', 'two']);
    expect([await modeOf(former), await modeOf(place)]).toEqual(['600', '640']);
    await host.moveFiles([{ from: former, to: place }]);
    expect(await read(place)).toBe('one');
    const state = await host.readState({ lockDirectory: 'x', releasesFile: 'x', files: [], paths: [next, former] });
    expect(state.existingPaths).toEqual([]);
  });

  it('take the place of a directory that Docker made of one, and give way to it; never that of one with something in it', async () => {
    const [place, next, former] = [`${prefix}/h/place`, `${prefix}/h/.next`, `${prefix}/h/.former`];
    await host.makeDirectory(place);
    await host.writeFile(next, 'two', '600');
    await host.moveFiles([
      { from: place, to: former },
      { from: next, to: place },
    ]);
    expect(await read(place)).toBe('two');
    await host.moveFiles([{ from: former, to: place }]);
    expect(await read(place)).toBeUndefined();
    await host.writeFile(next, 'three', '600');
    await host.moveFiles([{ from: next, to: place }]);
    expect(await read(place)).toBe('three');
    await host.makeDirectory(`${former}/full`);
    await expect(host.moveFiles([{ from: place, to: former }])).rejects.toMatchObject({ code: 'host-command-failed' });
    expect(await read(place)).toBe('three');
  });
});
