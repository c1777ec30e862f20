import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { existingHooks, readHookScript, runLocalHook } from '../../src/hosts/this-machine/local-hook.ts';
import type { LocalHookRun } from '../../src/hosts/this-machine/local-hook.ts';
import { temporaryDirectory } from './repository.ts';

function hooks(files: Record<string, string>, mode = 0o755): string {
  const path = temporaryDirectory();
  for (const [name, text] of Object.entries(files)) writeFileSync(join(path, name), text, { mode });
  return path;
}

function runOf(path: string, more: Partial<LocalHookRun> = {}): { run: LocalHookRun; heard: string[] } {
  const heard: string[] = [];
  const run: LocalHookRun = {
    path,
    name: 'pre-build',
    env: { PATH: process.env['PATH'] },
    onLine: (line, stream) => heard.push(`${stream}: ${line}`),
    timeoutSeconds: 20,
    signal: new AbortController().signal,
    ...more,
  };
  return { run, heard };
}

test('a hook runs here with its environment, line by line', async () => {
  const path = hooks({ 'pre-build': '#!/bin/sh\necho "$KAMAL_VERSION in $(pwd)"\nprintf "no end" >&2\n' });
  const { run, heard } = runOf(path, { env: { PATH: process.env['PATH'], KAMAL_VERSION: '4be1' } });
  expect(await runLocalHook(run)).toBe(true);
  expect(heard.toSorted()).toEqual(['stderr: no end', `stdout: 4be1 in ${process.cwd()}`]);
});

test('what a hook writes into its output file is heard, however it ends, and the file is gone', async () => {
  const path = hooks({
    'pre-build': '#!/bin/sh\necho on_failure=hold >>"$LONGSHORE_OUTPUT"; echo "$LONGSHORE_OUTPUT"; exit 3\n',
  });
  const said: string[] = [];
  const { run, heard } = runOf(path, { onOutput: (text) => said.push(text) });
  await expect(runLocalHook(run)).rejects.toMatchObject({ code: 'hook-failed' });
  expect(said).toEqual(['on_failure=hold\n']);
  expect(existsSync(heard[0]?.replace('stdout: ', '') ?? '/')).toBe(false);
});

test('a hook that is not there is skipped', async () => {
  expect(await runLocalHook(runOf(hooks({})).run)).toBe(false);
});

test('a hook that is not executable is a failure that says how to make it so', async () => {
  const path = hooks({ 'pre-build': '#!/bin/sh\n' }, 0o644);
  await expect(runLocalHook(runOf(path).run)).rejects.toMatchObject({
    code: 'hook-failed',
    hint: `Type: chmod +x ${path}/pre-build`,
  });
});

test('a hook that fails shows its last lines, masked', async () => {
  const path = hooks({ 'pre-build': '#!/bin/sh\nseq 30\necho token hunter2\nexit 3\n' });
  const { run } = runOf(path, { mask: (text) => text.replaceAll('hunter2', '[TOKEN]') });
  const failure = await runLocalHook(run).catch((thrown: unknown) => thrown);
  expect(failure).toMatchObject({
    code: 'hook-failed',
    message: 'The hook pre-build ended with status 3',
    exitStatus: 3,
  });
  const { details } = failure as { details: string[] };
  expect(details).toHaveLength(20);
  expect(details.at(-1)).toBe('token [TOKEN]');
});

test('a post-deploy hook that fails is a failure of its own', async () => {
  const path = hooks({ 'post-deploy': '#!/bin/sh\nexit 1\n' });
  await expect(runLocalHook(runOf(path, { name: 'post-deploy' }).run)).rejects.toMatchObject({ exitStatus: 6 });
});

test('a hook whose interpreter is not there is a failure', async () => {
  const path = hooks({ 'pre-build': '#!/nonexistent/ruby\n' });
  await expect(runLocalHook(runOf(path).run)).rejects.toMatchObject({
    message: expect.stringContaining('cannot be run'),
  });
});

test('on abort and on time-out the whole process group is ended', async () => {
  const path = hooks({ 'pre-build': '#!/bin/sh\nsleep 300 & echo $! > "$PID_FILE"\necho ready\nwait\n' });
  for (const how of ['interrupted', 'timed-out'] as const) {
    const pidFile = join(path, how);
    const abort = new AbortController();
    const { run } = runOf(path, {
      env: { PATH: process.env['PATH'], PID_FILE: pidFile },
      signal: abort.signal,
      timeoutSeconds: how === 'timed-out' ? 0.5 : 20,
      onLine: () => (how === 'interrupted' ? abort.abort() : undefined),
    });
    await expect(runLocalHook(run)).rejects.toMatchObject({ code: how });
    const pid = readFileSync(pidFile, 'utf8').trim();
    for (let waits = 0; waits < 40 && isAlive(pid); waits += 1) await sleep(25);
    expect(isAlive(pid)).toBe(false);
  }
});

test('hooks that are there are listed, and one by an old name is refused', async () => {
  expect(await existingHooks(hooks({ 'pre-deploy': '', 'pre-build.sample': '', 'pre-connect': '' }))).toEqual([
    'pre-connect',
    'pre-deploy',
  ]);
  expect(await existingHooks('/nonexistent')).toEqual([]);
  await expect(existingHooks(hooks({ 'pre-traefik-reboot': '' }))).rejects.toMatchObject({
    hint: 'Rename it to pre-proxy-reboot',
  });
});

test('a script for the machines is read whole, and needs an interpreter line', async () => {
  const path = hooks({ 'pre-deploy': '#!/bin/sh\necho hi\n', 'post-deploy': 'echo hi\n' });
  expect(await readHookScript(path, 'pre-deploy')).toBe('#!/bin/sh\necho hi\n');
  expect(await readHookScript(path, 'pre-build')).toBeUndefined();
  await expect(readHookScript(path, 'post-deploy')).rejects.toMatchObject({ code: 'post-deploy-hook-failed' });
});

/** A process that has ended but that nobody waited for counts as ended. */
function isAlive(pid: string): boolean {
  const file = `/proc/${pid}/stat`;
  if (!existsSync('/proc/self/stat')) {
    try {
      return process.kill(Number(pid), 0);
    } catch {
      return false;
    }
  }
  return existsSync(file) && readFileSync(file, 'utf8').split(' ')[2] !== 'Z';
}
