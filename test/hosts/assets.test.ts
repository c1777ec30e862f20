import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { syncAssets } from '../../src/hosts/assets.ts';
import type { DockerWay } from '../../src/hosts/docker-channels.ts';
import type { AssetSync } from '../../src/hosts/host.ts';
import type { ShellPool } from '../../src/hosts/shell-pool.ts';

/** A `docker` whose images are directories, and that knows of one container at a time. */
const docker = `#!/bin/sh
case $1 in
create) [ "$2 $4" = "--name --network" ] && [ -d "$images/$6" ] && echo "$6" >"$images/container" && echo abc ;;
cp) cd "$images/$(cat "$images/container")" && if [ -d ".\${2#abc:}" ]; then tar -C ".\${2#abc:}" -cf - .; else echo "Error: No such container:path: $2" >&2; exit 1; fi ;;
rm) rm -f "$images/container" ;;
esac
`;

describe('the assets of several versions', () => {
  let home: string;
  let images: string;
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'longshore-assets-'));
    images = join(home, 'images');
    mkdirSync(images);
    writeFileSync(join(images, 'docker'), docker);
    chmodSync(join(images, 'docker'), 0o755);
  });
  afterEach(() => rmSync(home, { recursive: true }));

  const image = (name: string, files: Readonly<Record<string, string>>) => {
    for (const [path, content] of Object.entries(files)) {
      const file = join(images, name, 'public', path);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, content);
    }
  };
  const shells = {
    idle: () => ({
      run: async (_what: string, script: string) => {
        const env = { PATH: `${images}:${process.env['PATH']}`, images };
        const { status, stdout, stderr } = spawnSync('sh', {
          input: `(\n${script}\n) </dev/null\n`,
          env,
          cwd: home,
          encoding: 'utf8',
        });
        return { exitStatus: status, stdout, stderr };
      },
    }),
  } as unknown as ShellPool;
  const sync = (version: string, others: readonly string[] = [], more: Partial<AssetSync> = {}) =>
    syncAssets(shells, { command: 'docker' } as DockerWay, {
      name: 'one',
      sync: {
        directory: 'its assets',
        temporaryContainer: 'shop-web-assets',
        path: '/public',
        own: { name: `web-${version}`, image: version, anew: false },
        others: others.map((other) => ({ name: `web-${other}`, image: other, isUp: other === others[0] })),
        ...more,
      },
    });
  const volume = (version: string, path = '') => join(home, 'its assets/volumes', `web-${version}`, path);
  const read = (version: string, path: string) => readFileSync(volume(version, path), 'utf8');
  const all = (version: string) =>
    execFileSync('find', ['.', '!', '-type', 'd'], { cwd: volume(version), encoding: 'utf8' });

  it('go both ways, the new ones to what runs and the old ones to what will, and nothing is written over', async () => {
    image('v1', { 'app-1.js': 'one', 'manifest.json': 'm1', 'fonts/old.woff': 'f' });
    image('v2', { 'app-2.js': 'two', 'manifest.json': 'm2', 'css/new.css': 'c' });
    image('v3', { 'app-3.js': 'three', 'manifest.json': 'm3' });
    expect(await sync('v1')).toEqual([]);
    expect(await sync('v2', ['v1'])).toEqual([]);
    expect(await sync('v3', ['v2', 'v1'])).toEqual([]);
    expect([read('v1', 'manifest.json'), read('v2', 'manifest.json'), read('v3', 'manifest.json')]).toEqual([
      'm1',
      'm2',
      'm3',
    ]);
    expect([read('v1', 'app-2.js'), read('v1', 'css/new.css'), read('v2', 'app-3.js')]).toEqual(['two', 'c', 'three']);
    expect([read('v3', 'app-1.js'), read('v3', 'app-2.js'), read('v3', 'fonts/old.woff')]).toEqual(['one', 'two', 'f']);
    expect(readdirSync(join(home, 'its assets/partial'))).toEqual([]);
  });

  it('keep odd names, links, empty directories and times, and can be read by whoever serves them', async () => {
    const odd = { 'a b/c d.js': '1', '.well-known/.x': '2', "it's $HOME `id`.css": '3', '-n': '4', '..data': '5' };
    image('v1', odd);
    const root = join(images, 'v1/public');
    execFileSync('sh', [
      '-c',
      'cd "$1" && mkdir -p empty/deep locked && ln -s "a b/c d.js" link && ln -s /nowhere dangling && echo x >locked/secret && chmod 000 locked/secret && chmod 500 locked && touch -d 2020-06-01 ./-n',
      'sh',
      root,
    ]);
    image('v2', { 'b.js': 'b' });
    await sync('v1');
    expect(await sync('v2', ['v1'])).toEqual([]);
    for (const version of ['v1', 'v2']) {
      for (const [path, content] of Object.entries(odd)) expect(read(version, path)).toBe(content);
      expect(readdirSync(volume(version, 'empty/deep'))).toEqual([]);
      expect(execFileSync('readlink', [volume(version, 'link')], { encoding: 'utf8' })).toBe('a b/c d.js\n');
      expect(execFileSync('readlink', [volume(version, 'dangling')], { encoding: 'utf8' })).toBe('/nowhere\n');
      expect(statSync(volume(version, 'locked/secret')).mode & 0o444).toBe(0o444);
      expect(statSync(volume(version, '-n')).mtime.getFullYear()).toBe(2020);
    }
  });

  it('never leave the directory by a link that another version has in the place of a directory', async () => {
    image('v1', { 'app.js': '1' });
    execFileSync('ln', ['-s', images, join(images, 'v1/public/uploads')]);
    image('v2', { 'uploads/evil.js': 'x', 'app.js/inner.js': 'y', 'fine.js': 'z' });
    await sync('v1');
    expect(await sync('v2', ['v1'])).toEqual([]);
    expect(readdirSync(images)).not.toContain('evil.js');
    expect(read('v1', 'fine.js')).toBe('z');
    expect(read('v1', 'app.js')).toBe('1');
    expect(read('v2', 'uploads/evil.js')).toBe('x');
  });

  it('are taken out anew of an image that was built anew, and again when somebody deleted them', async () => {
    image('v1', { 'app.js': 'one', 'gone.js': 'g' });
    await sync('v1');
    rmSync(join(images, 'v1/public/gone.js'));
    image('v1', { 'app.js': 'another' });
    await sync('v1');
    expect(read('v1', 'app.js')).toBe('one');
    await sync('v1', [], { own: { name: 'web-v1', image: 'v1', anew: true } });
    // What pages of the build before may still ask for stays.
    expect([read('v1', 'app.js'), read('v1', 'gone.js')]).toEqual(['another', 'g']);
    rmSync(join(home, 'its assets'), { recursive: true });
    image('v2', { 'two.js': '2' });
    expect(await sync('v1', ['v2'])).toEqual([]);
    expect(all('v1').split('\n').toSorted().join(' ').trim()).toBe('./app.js ./two.js');
  });

  it('are many in one directory', async () => {
    image('v1', Object.fromEntries(Array.from({ length: 450 }, (_, index) => [`one-${index}.js`, String(index)])));
    image('v2', Object.fromEntries(Array.from({ length: 450 }, (_, index) => [`two-${index}.js`, String(index)])));
    await sync('v1');
    await sync('v2', ['v1']);
    expect([readdirSync(volume('v1')).length, readdirSync(volume('v2')).length]).toEqual([900, 900]);
  });

  it('that the image does not have are a failure that names image and path, and leaves nothing behind', async () => {
    image('v1', { 'app.js': 'one' });
    await expect(sync('v1', [], { path: '/publik' })).rejects.toMatchObject({
      code: 'image-mismatch',
      message: 'one: v1 has no directory /publik',
    });
    expect(readdirSync(join(home, 'its assets/extracted'))).toEqual([]);
    expect(readdirSync(join(home, 'its assets/partial'))).toEqual([]);
    // Another version without them, such as one from before there were any, is passed over.
    image('v2', { 'app.js': 'two' });
    mkdirSync(join(images, 'v0'));
    expect(await sync('v2', ['v0'])).toEqual([]);
  });
});
