import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Host, ScriptRun } from '../../src/hosts/host.ts';
import { encodeDetails } from '../../src/hosts/lock-holder.ts';
import { sshServer, type TestServer } from './ssh-server.ts';

const nothing = { lockDirectory: 'none', releasesFile: 'none', files: [], paths: [] };

describe('the shell of a machine', () => {
  let server: TestServer;
  let host: Host;
  beforeAll(async () => {
    server = await sshServer({ noise: 'Welcome!\nhave a nice day' });
    host = await server.connect();
  });
  afterAll(async () => {
    await host.close();
    server.close();
  });

  it('does not take what start-up files print for an answer', async () => {
    expect(await host.readState({ ...nothing, paths: ['.', 'none'] })).toMatchObject({
      existingPaths: ['.'],
      homeDirectory: server.directory,
    });
  });

  it('writes every file with exactly its mode', async () => {
    await host.writeFile('deep/er/file', 'secret\n', '600');
    await host.writeFile('deep/er/file2', 'open', '644');
    expect(statSync(join(server.directory, 'deep/er/file')).mode & 0o777).toBe(0o600);
    expect(statSync(join(server.directory, 'deep/er/file2')).mode & 0o777).toBe(0o644);
    expect(readFileSync(join(server.directory, 'deep/er/file2'), 'utf8')).toBe('open');
  });

  it('answers many at once, each its own', async () => {
    const paths = Array.from({ length: 30 }, (_, index) => `many/${index}`);
    await Promise.all(paths.map((path) => host.writeFile(path, path, '600')));
    const states = await Promise.all(paths.map((path) => host.readState({ ...nothing, files: [path] })));
    expect(states.map(({ files }) => Object.values(files)[0])).toEqual(paths);
  });

  it('says what the machine said of what it could not do', async () => {
    await host.writeFile('plain', '', '600');
    await expect(host.makeDirectory('plain/below')).rejects.toMatchObject({
      code: 'host-command-failed',
      details: [expect.stringMatching(/plain/)],
    });
    await expect(host.acquireLock({ directory: 'plain/lock', details: 'x' })).rejects.toMatchObject({
      code: 'host-command-failed',
    });
  });

  it('writes the details of a lock as Kamal does', async () => {
    const sample =
      'TG9ja2VkIGJ5OiBEZXBsb3llciBhdCAyMDI2LTExLTIwVDIyOjU1OjQ0WgpW\nZXJzaW9uOiB2MgpNZXNzYWdlOiBCYWNraW5nIHVw\n\n';
    const details = 'Locked by: Deployer at 2026-11-20T22:55:44Z\nVersion: v2\nMessage: Backing up';
    expect(encodeDetails(details)).toBe(sample);
    await host.acquireLock({ directory: '.kamal/lock-shop', details });
    expect(readFileSync(join(server.directory, '.kamal/lock-shop/details'), 'utf8')).toBe(sample);
    expect((await host.readState({ ...nothing, lockDirectory: '.kamal/lock-shop' })).lock).toEqual({ details });
  });

  it('can read and give back a lock without details', async () => {
    await host.makeDirectory('.kamal/lock-empty');
    expect((await host.readState({ ...nothing, lockDirectory: '.kamal/lock-empty' })).lock).toEqual({ details: '' });
    expect(await host.acquireLock({ directory: '.kamal/lock-empty', details: 'x' })).toEqual({
      taken: false,
      holder: { details: '' },
    });
    expect(await host.releaseLock({ directory: '.kamal/lock-empty' })).toBe(true);
  });

  const script = (more: Partial<ScriptRun>) =>
    host.runScript({
      name: 'pre-deploy',
      script: '#!/bin/sh\n',
      env: {},
      secretEnv: {},
      timeoutSeconds: 20,
      onLine: () => undefined,
      signal: new AbortController().signal,
      ...more,
    });

  it('gives a script its environment, and streams its lines', async () => {
    const lines: string[] = [];
    const status = await script({
      script: '#!/bin/sh\necho "$KAMAL_HOST"; printf "%s\\n" "$PASSWORD" >&2; printf "no newline"; exit 3\n',
      env: { KAMAL_HOST: "it's a host" },
      secretEnv: { PASSWORD: 'a"b$c`d\\e' },
      onLine: (line, stream) => lines.push(`${stream} ${line}`),
    });
    expect(status).toBe(3);
    expect(lines.toSorted()).toEqual(['stderr a"b$c`d\\e', "stdout it's a host", 'stdout no newline']);
  });

  it('hears what a script wrote into its output file, and shows none of it as a line', async () => {
    const heard: string[] = [];
    const lines: string[] = [];
    const listening = {
      onLine: (line: string) => void lines.push(line),
      onOutput: (text: string) => void heard.push(text),
    };
    const write = 'echo one; printf "a=\\303\\251\\nb=2" >>"$LONGSHORE_OUTPUT"; echo two; exit 4';
    expect(await script({ script: `#!/bin/sh\n${write}\n`, ...listening })).toBe(4);
    expect(await script({ script: '#!/bin/sh\necho three\n', ...listening })).toBe(0);
    expect([lines, heard]).toEqual([['one', 'two', 'three'], ['a=é\nb=2']]);
  });

  it('runs a script by its interpreter line, however long it is', async () => {
    const lines: string[] = [];
    const padding = `// ${'x'.repeat(100)}\n`.repeat(2_000);
    const status = await script({
      script: `#!${process.execPath}\n${padding}console.log('from node', process.argv.length);`,
      onLine: (line) => lines.push(line),
    });
    expect([status, lines]).toEqual([0, ['from node 2']]);
  });

  it('shows neither script nor secrets to those who list processes, and leaves nothing behind', async () => {
    const lines: string[] = [];
    await script({
      script: '#!/bin/sh\nps -eo args | grep -c "hidden[-]in[-]file"; ls -A .kamal/run.*\n',
      secretEnv: { TOKEN: 'hidden-in-file' },
      onLine: (line) => lines.push(line),
    });
    expect(lines).toEqual(['0', 'by', 'pre-deploy']);
    const state = await host.readState({ ...nothing, paths: [] });
    expect(state.existingPaths).toEqual([]);
    await script({ script: '#!/bin/sh\nls -d .kamal/run.* | wc -l\n', onLine: (line) => lines.push(line) });
    expect(lines.at(-1)?.trim()).toBe('1');
  });

  it('stops a script that takes too long, with all it started', async () => {
    const started = Date.now();
    const marker = `30.${process.pid}`;
    await expect(
      script({ script: `#!/bin/sh\nsleep ${marker} &\nsleep ${marker}\n`, timeoutSeconds: 0.5 }),
    ).rejects.toMatchObject({
      code: 'timed-out',
    });
    expect(Date.now() - started).toBeLessThan(20_000);
    const lines: string[] = [];
    await script({
      script: `#!/bin/sh\nps -eo args | grep -c "^sleep ${marker}"\n`,
      onLine: (line) => lines.push(line),
    });
    expect(lines).toEqual(['0']);
  });
});

describe('a connection that is lost', () => {
  it('leaves a script that is being ended, for whose end the next start of it waits', async () => {
    const server = await sshServer();
    const host = await server.connect();
    const log = join(server.directory, 'log');
    const run = (to: Host, text: string, start: string) =>
      to.runScript({
        ...{ name: 'pre-deploy', script: `#!/bin/sh\n${text}\n`, start, env: {}, secretEnv: {}, timeoutSeconds: 30 },
        onLine: () => undefined,
        signal: new AbortController().signal,
      });
    const stubborn = `trap 'sleep 2; echo first ends >>log; exit' TERM; echo first begins >>log; while :; do sleep 0.1; done`;
    const first = run(host, `cd ${server.directory}; ${stubborn}`, 'r1 pre-deploy');
    first.catch(() => undefined);
    await expect.poll(() => existsSync(log) && readFileSync(log, 'utf8'), { timeout: 10_000 }).toBe('first begins\n');
    server.cut();
    await expect(first).rejects.toMatchObject({ code: 'connection-lost' });
    const again = await server.connect();
    const others = run(again, `echo other >>${log}`, 'r2 pre-deploy');
    expect(await run(again, `echo second >>${log}`, 'r1 pre-deploy')).toBe(0);
    expect(await others).toBe(0);
    expect(readFileSync(log, 'utf8')).toBe('first begins\nother\nfirst ends\nsecond\n');
    await again.close();
    server.close();
  });

  it('ends every call at once, and never hangs', async () => {
    const server = await sshServer();
    const host = await server.connect();
    await host.readState(nothing);
    const calls = [
      host.execInContainer('none', ['true'], 30),
      host.runScript({
        name: 'slow',
        script: '#!/bin/sh\nsleep 60\n',
        env: {},
        secretEnv: {},
        timeoutSeconds: 60,
        onLine: () => undefined,
        signal: new AbortController().signal,
      }),
      ...Array.from({ length: 5 }, () => host.readState(nothing)),
    ];
    setTimeout(() => server.cut(), 150);
    const settled = await Promise.allSettled(calls);
    expect(settled.filter(({ status }) => status === 'rejected').length).toBeGreaterThanOrEqual(1);
    for (const one of settled)
      if (one.status === 'rejected')
        expect(one.reason).toMatchObject({ code: expect.stringMatching(/connection-lost|without-docker/) });
    await host.closed;
    await expect(host.readState(nothing)).rejects.toMatchObject({ code: 'connection-lost' });
    server.close();
  });
});
