import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Host, ScriptRun } from '../../src/hosts/host.ts';
import { cleanUp, prefix, worlds } from './worlds.ts';

describe.each(worlds)('files, scripts and lock on $name', ({ name, connect, modeOf }) => {
  /** Files in memory hold text. */
  const isInMemory = name === 'memory';
  let host: Host;
  let count = 0;
  beforeAll(async () => {
    host = await connect();
  });
  afterAll(() => cleanUp(host));

  const read = async (path: string) =>
    (await host.readState({ lockDirectory: `${prefix}/none`, releasesFile: path, files: [path], paths: [path] })).files[
      path
    ];

  it('says who and where it is, and what time', async () => {
    const state = await host.readState({
      lockDirectory: 'nowhere',
      releasesFile: 'nowhere',
      files: ['nowhere'],
      paths: ['.', 'nowhere'],
    });
    expect(state).toMatchObject({
      user: 'deploy',
      homeDirectory: '/home/deploy',
      releasesText: '',
      files: {},
      existingPaths: ['.'],
    });
    expect(state.architecture).toMatch(/^(x86_64|aarch64)$/);
    expect(state.freeBytes).toBeGreaterThan(1_000_000);
    expect(state.lock).toBeUndefined();
  });

  it('says variables of the login session, and leaves out those that are not set', async () => {
    const query = { lockDirectory: 'nowhere', releasesFile: 'nowhere', files: [], paths: [] };
    const { variables } = await host.readState({ ...query, variables: ['HOME', 'NO_SUCH_VARIABLE', 'USER'] });
    expect(variables).toEqual({ HOME: '/home/deploy', USER: 'deploy' });
  });

  it.each([
    ['lines', 'A=1\nB=2\n'],
    ['no newline at its end', 'A=1\nB=2'],
    ['nothing', ''],
    ['one newline', '\n'],
    ['several newlines at its end', 'A\n\n\n'],
    ['what a shell would read', '$HOME `id` $(id) \\ \\n "quoted" \'single\' <<EOF\nEOF\n%s\t!!\n'],
    ['all of Unicode', 'é ü 漢字 🚀 \u0081\u0088\u007f\u0001\n'],
    ['a megabyte', 'x'.repeat(1_000_000)],
  ])('writes a file that holds %s', async (_what, content) => {
    const path = `${prefix}/a/file-${(count += 1)}`;
    await host.writeFile(path, content, '600');
    expect(await read(path)).toBe(content);
    expect(await modeOf(path)).toBe('600');
  });

  it('writes over a file, with the mode that is asked for', async () => {
    const path = `${prefix}/with space and 'quote'/file`;
    await host.writeFile(path, 'one', '600');
    await host.writeFile(path, 'two', '644');
    expect(await read(path)).toBe('two');
    expect(await modeOf(path)).toBe('644');
  });

  it('appends whole lines', async () => {
    const path = `${prefix}/b/audit.log`;
    await host.appendLines(path, ['[one] two', "it's"]);
    await host.appendLines(path, ['three']);
    await host.appendLines(path, []);
    expect(await read(path)).toBe("[one] two\nit's\nthree\n");
  });

  it('writes bytes that are no text', async () => {
    const path = `${prefix}/bytes`;
    await host.writeFile(
      path,
      Uint8Array.from({ length: 10_000 }, (_, index) => index % 256),
      '600',
    );
    const { sha256 } = (await host.describeFiles([path]))[path] ?? {};
    const content = Buffer.from(Array.from({ length: 10_000 }, (_, index) => index % 256));
    expect(isInMemory || sha256 === createHash('sha256').update(content).digest('hex')).toBe(true);
  });

  it('describes what lies at a path, and gives it a mode', async () => {
    const path = `${prefix}/with space/described`;
    await host.writeFile(path, 'one', '600');
    await host.setAccess(path, { mode: '640' });
    const facts = await host.describeFiles([path, `${prefix}/with space`, `${prefix}/nothing`]);
    expect(facts).toMatchObject({
      [path]: {
        kind: 'file',
        mode: '640',
        owner: { user: 'deploy' },
        sha256: '7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed',
      },
      [`${prefix}/with space`]: { kind: 'directory' },
    });
    expect(Object.keys(facts)).toHaveLength(2);
    // What it may not see is not gone.
    await host.setAccess(`${prefix}/with space`, { mode: '600' });
    expect((await host.describeFiles([path]))[path]?.kind).toBe(isInMemory ? 'file' : 'hidden');
    await host.setAccess(`${prefix}/with space`, { mode: '700' });
  });

  it('makes directories', async () => {
    await host.makeDirectory(`${prefix}/c/d`);
    const paths = [`${prefix}/c/d`, `${prefix}/c/e`];
    const state = await host.readState({ lockDirectory: 'x', releasesFile: 'x', files: [], paths });
    expect(state.existingPaths).toEqual([`${prefix}/c/d`]);
  });

  it('puts a directory of files in place whole, and again over one that is there', async () => {
    const path = `${prefix}/e/error pages/v1`;
    const list = async () =>
      (
        await host.readState({
          lockDirectory: 'x',
          releasesFile: 'x',
          files: [],
          paths: [],
          directories: [path, `${prefix}/e/error pages`],
        })
      ).directories;
    await host.writeDirectory(
      path,
      new Map([
        ['404.html', '<p>é $HOME'],
        ['503.html', 'later\n'],
      ]),
    );
    expect([await read(`${path}/404.html`), await read(`${path}/503.html`)]).toEqual(['<p>é $HOME', 'later\n']);
    expect(await modeOf(`${path}/404.html`)).toBe('644');
    await host.writeDirectory(path, new Map([['500.html', '']]));
    expect(await list()).toEqual({ [path]: ['500.html'], [`${prefix}/e/error pages`]: ['v1'] });
  });

  it('gives a directory its name, unless there is one of that name', async () => {
    const [from, to] = [`${prefix}/f/.new`, `${prefix}/f/done`];
    await host.writeFile(`${from}/a`, 'one', '600');
    await host.moveDirectory(from, to);
    await host.writeFile(`${from}/a`, 'two', '600');
    await host.moveDirectory(from, to);
    expect(await read(`${to}/a`)).toBe('one');
    expect(await modeOf(`${to}/a`)).toBe('600');
    const state = await host.readState({ lockDirectory: 'x', releasesFile: 'x', files: [], paths: [from, to] });
    expect(state.existingPaths).toEqual([to]);
  });

  const details = 'Locked by: Zoë at 2026-11-20T22:55:44Z\nVersion: v2\nMessage: Automatic deploy lock';
  const state = (lockDirectory: string) => host.readState({ lockDirectory, releasesFile: 'x', files: [], paths: [] });

  it('gives the lock to one, says who has it, and gives it back to its owner only', async () => {
    const directory = `${prefix}/lock-one`;
    const lease = { ownerToken: 'owner-1', seconds: 30 };
    expect(await host.acquireLock({ directory, details, lease })).toEqual({ taken: true });
    const held = { details, lease: { ownerToken: 'owner-1', seconds: 30 } };
    const other = { directory, details: 'another', lease: { ownerToken: 'owner-2', seconds: 30 } };
    expect(await host.acquireLock(other)).toMatchObject({ taken: false, holder: held });
    expect(await host.takeOverLock(other)).toMatchObject({ taken: false, holder: held });
    const { lock } = await state(directory);
    expect(lock).toMatchObject(held);
    expect(lock?.lease?.secondsLeft).toBeGreaterThanOrEqual(25);
    expect(await host.refreshLock(directory, 'owner-1')).toBe(true);
    expect(await host.refreshLock(directory, 'owner-2')).toBe(false);
    expect(await host.releaseLock({ directory, ownerToken: 'owner-2' })).toBe(false);
    expect(await host.releaseLock({ directory, ownerToken: 'owner-1' })).toBe(true);
    expect(await host.releaseLock({ directory, ownerToken: 'owner-1' })).toBe(false);
    expect(await host.refreshLock(directory, 'owner-1')).toBe(false);
    expect((await state(directory)).lock).toBeUndefined();
  });

  it('never takes over a lock without a lease', async () => {
    const directory = `${prefix}/lock-two`;
    expect(await host.acquireLock({ directory, details })).toEqual({ taken: true });
    expect(await host.takeOverLock({ directory, details: 'other' })).toEqual({ taken: false, holder: { details } });
    expect(await host.releaseLock({ directory })).toBe(true);
  });

  it('takes over a lock whose lease has run out, and tells the one who had it', async () => {
    const directory = `${prefix}/lock-three`;
    await host.acquireLock({ directory, details, lease: { ownerToken: 'dead', seconds: 0 } });
    const mine = { directory, details: 'mine', lease: { ownerToken: 'alive', seconds: 30 } };
    expect(await host.acquireLock(mine)).toMatchObject({
      taken: false,
      holder: { lease: { secondsLeft: expect.any(Number) } },
    });
    expect(await host.takeOverLock(mine)).toEqual({ taken: true });
    expect(await host.refreshLock(directory, 'dead')).toBe(false);
    expect(await host.releaseLock({ directory, ownerToken: 'dead' })).toBe(false);
    expect((await state(directory)).lock).toMatchObject({ details: 'mine', lease: { ownerToken: 'alive' } });
    expect(await host.releaseLock({ directory, ownerToken: 'alive' })).toBe(true);
  });

  it('lets exactly one of many take over', async () => {
    const directory = `${prefix}/lock-four`;
    await host.acquireLock({ directory, details, lease: { ownerToken: 'dead', seconds: 0 } });
    const hosts = await Promise.all(Array.from({ length: 4 }, () => connect()));
    const answers = await Promise.all(
      hosts.map((one, index) =>
        one.takeOverLock({ directory, details: `d${index}`, lease: { ownerToken: `t${index}`, seconds: 30 } }),
      ),
    );
    expect(answers.filter(({ taken }) => taken)).toHaveLength(1);
    expect(await host.releaseLock({ directory })).toBe(true);
    await Promise.all(hosts.map((one) => one.close()));
  });

  const script = (text: string, more: Partial<ScriptRun> = {}) =>
    host.runScript({
      name: 'pre-deploy',
      script: `#!/bin/sh\n${text}\n`,
      env: {},
      secretEnv: {},
      timeoutSeconds: 20,
      onLine: () => undefined,
      signal: new AbortController().signal,
      ...more,
    });

  it('says the exit status of a script', async () => {
    expect(await script('exit 0')).toBe(0);
    expect(await script('exit 7')).toBe(7);
  });

  it('ends a script when it is interrupted', async () => {
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 300);
    await expect(script('sleep 100', { signal: controller.signal })).rejects.toMatchObject({ code: 'interrupted' });
  });

  it('says after its end that there is no connection', async () => {
    const other = await connect();
    await other.close();
    await other.closed;
    await expect(
      other.readState({ lockDirectory: 'x', releasesFile: 'x', files: [], paths: [] }),
    ).rejects.toMatchObject({
      code: 'connection-lost',
    });
    await expect(other.docker.listContainers()).rejects.toMatchObject({ code: 'connection-lost' });
    await expect(other.writeFile('x', 'y', '600')).rejects.toMatchObject({ code: 'connection-lost' });
  });
});
