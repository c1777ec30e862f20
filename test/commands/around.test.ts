import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { hookedProject, type HookedProject } from './hooked-project.ts';
import { program } from './program.ts';

/** What the built program does before it connects to anything. */

const longshore = program();
let app: HookedProject;

beforeAll(() => longshore.build(), 60_000);
afterAll(() => longshore.remove());
beforeEach(() => {
  app = hookedProject();
  return () => app.remove();
});

const push = (...flags: string[]) => longshore.run(app.directory, ['build', 'push', ...flags], { HOME: app.directory });

describe('hooks_output', () => {
  test('quiet: shown when everything is, and when the hook fails', async () => {
    app.make('hooks_output: {pre-connect: quiet}\n');
    const quiet = await push();
    expect(quiet.stderr).not.toContain('[this machine pre-connect] |');
    expect(quiet.stderr).toMatch(/error: The hook pre-connect ended with status 7\n {2}one \[secret\]/);
    expect((await push('--verbose')).stderr).toContain('[this machine pre-connect] | one [secret]');
    const events = (await push('--json')).stderr.split('\n').filter((line) => line.includes('"output"'));
    expect(events.map((line) => JSON.parse(line) as unknown)).toMatchObject([{ quiet: true }, { quiet: true }]);
  });

  test('not said: shown', async () => {
    app.make('');
    expect((await push()).stderr).toContain('[this machine pre-connect] | one [secret]');
  });
});

describe('git.require', () => {
  test('stops before secrets and hooks, and --skip-git-check goes on', async () => {
    app.make('git: {require: clean}\n', 'touch ran; exit 7');
    app.put('.kamal/secrets', 'PASSWORD=$(touch asked; echo x)\n');
    const { status, stderr } = await push();
    expect(status).toBe(3);
    expect(stderr).toMatch(
      /error: 1 file is not as in commit [0-9a-f]{7}, and config\/deploy\.yml says git\.require: clean/,
    );
    expect(['ran', 'asked'].map((name) => existsSync(join(app.directory, name)))).toEqual([false, false]);
    const skipped = await push('--skip_git_check');
    expect(skipped.stderr).toContain('warning: git.require: clean was not enforced (--skip-git-check)');
    expect(['ran', 'asked'].map((name) => existsSync(join(app.directory, name)))).toEqual([true, true]);
  });
});

describe('Ctrl-C', () => {
  /** Sends SIGINT each time a line on stderr holds one of these texts. */
  function interruptedAt(...texts: string[]): Promise<{ status: number | null; stderr: string; seconds: number }> {
    const child = longshore.start(app.directory, ['build', 'push'], { HOME: app.directory });
    let stderr = '';
    const left = [...texts];
    let since = performance.now();
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
      while (left[0] !== undefined && stderr.includes(left[0])) {
        left.shift();
        since = performance.now();
        child.kill('SIGINT');
      }
    });
    return new Promise((resolve) => {
      child.once('close', (status) => resolve({ status, stderr, seconds: (performance.now() - since) / 1000 }));
    });
  }

  /** One that nobody has asked about yet is dead all the same. */
  const isAlive = (pid: number) => {
    const { stdout } = spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' });
    return stdout.trim() !== '' && !stdout.startsWith('Z');
  };

  test('once: the hook is ended, and the command says that it was interrupted', async () => {
    app.make('', 'echo waiting; exec sleep 61');
    const { status, stderr } = await interruptedAt('waiting');
    expect(status).toBe(130);
    expect(stderr).toContain('finishing the step in hand');
  });

  test('twice: leaves at once, says what may be left, and takes along what it had started', async () => {
    app.make(
      'output: {file: {path: log}}\n',
      `trap 'echo ignored' TERM; echo $$ >pid; echo waiting; while :; do sleep 0.1; done`,
    );
    const { status, stderr, seconds } = await interruptedAt('waiting', 'ignored');
    expect(status).toBe(130);
    expect(seconds).toBeLessThan(3);
    expect(stderr).toContain('left at once; no step on a machine had begun');
    await expect.poll(() => isAlive(Number(readFileSync(join(app.directory, 'pid'), 'utf8')))).toBe(false);
    const [log = ''] = readdirSync(join(app.directory, 'log'));
    expect(readFileSync(join(app.directory, 'log', log), 'utf8')).toContain('finishing the step in hand');
  });
});
