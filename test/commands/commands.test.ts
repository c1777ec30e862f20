import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Config } from '@oclif/core';
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import BuildPush from '../../src/commands/build/push.ts';
import Deploy from '../../src/commands/deploy.ts';
import LockAcquire from '../../src/commands/lock/acquire.ts';
import LockRelease from '../../src/commands/lock/release.ts';
import LockStatus from '../../src/commands/lock/status.ts';
import Plan from '../../src/commands/plan.ts';
import Redeploy from '../../src/commands/redeploy.ts';
import Rollback from '../../src/commands/rollback.ts';
import Setup from '../../src/commands/setup.ts';
import Status from '../../src/commands/status.ts';
import { Failure } from '../../src/errors.ts';
import type { Run } from '../../src/pipeline.ts';
import * as pipeline from '../../src/pipeline.ts';
import { around, plan } from '../report/sample.ts';

vi.mock('../../src/pipeline.ts', () => {
  const names = 'deploy rollback planDeployment checkDrift status buildAndPush lockStatus acquireLock releaseLock';
  return Object.fromEntries(names.split(' ').map((name) => [name, vi.fn()]));
});

const deployed = { service: 'shop', version: '4be1', changed: false, seconds: 1, hosts: [] };
const planned = { service: 'shop', version: '4be1', ...around, plan, leftOut: [], nothingToDo: false };
const lock = { held: false, host: 'dal-01' };
const written = { stdout: '', stderr: '' };
let config: Config;
type Runnable = { id: string } & (new (argv: string[], config: Config) => { run(): Promise<void> });

async function type(command: Runnable, ...argv: string[]): Promise<string> {
  await new command(argv, config).run();
  return written.stdout;
}

function lastRun(name: keyof typeof pipeline): Run {
  const words = vi.mocked(pipeline[name] as (...args: unknown[]) => unknown).mock.lastCall as object[];
  return words.find((word) => Object.hasOwn(word, 'configFile')) as Run;
}

beforeAll(async () => {
  config = await Config.load({ root: fileURLToPath(new URL('../..', import.meta.url)) });
});

beforeEach(() => {
  written.stdout = '';
  written.stderr = '';
  vi.stubEnv('CI', '1').stubEnv('NO_COLOR', '1').stubEnv('GITHUB_ACTIONS', '');
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => Boolean((written.stdout += String(text))));
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => Boolean((written.stderr += String(text))));
  vi.mocked(pipeline.deploy).mockResolvedValue(deployed);
  vi.mocked(pipeline.rollback).mockResolvedValue(deployed);
  vi.mocked(pipeline.planDeployment).mockResolvedValue(planned as never);
  vi.mocked(pipeline.checkDrift).mockResolvedValue(planned as never);
  vi.mocked(pipeline.status).mockResolvedValue({ service: 'shop', hosts: [], down: [], leftOut: [] });
  vi.mocked(pipeline.buildAndPush).mockResolvedValue({
    version: '4be1',
    image: 'a:4be1',
    output: 'registry',
    digest: 'sha256:1',
    seconds: 1,
  });
  vi.mocked(pipeline.lockStatus).mockResolvedValue(lock);
  vi.mocked(pipeline.acquireLock).mockResolvedValue({ ...lock, held: true, holder: { details: 'Message: why' } });
  vi.mocked(pipeline.releaseLock).mockResolvedValue(lock);
});

afterEach(() => {
  process.exitCode = 0;
  vi.restoreAllMocks();
});

describe('what is typed', () => {
  test('without anything is the config file of Kamal, no destination and no filter', async () => {
    await type(Deploy);
    expect(lastRun('deploy')).toMatchObject({
      configFile: 'config/deploy.yml',
      hosts: [],
      roles: [],
      ...{ primaryOnly: false, skipPush: false, skipHooks: false, noCache: false, acceptNewHostKeys: false },
    });
    expect(lastRun('deploy')).not.toHaveProperty('destination');
    expect(lastRun('deploy')).not.toHaveProperty('lockWait');
    expect(lastRun('deploy').signal.aborted).toBe(false);
  });

  test("reaches the pipeline in Kamal's short forms", async () => {
    await type(
      Deploy,
      '-d',
      'staging',
      '-c',
      'x.yml',
      '-h',
      'a,b',
      '-r',
      'web',
      '-p',
      '-P',
      '-H',
      '-q',
      '-y',
      '--version=4be1',
    );
    expect(lastRun('deploy')).toMatchObject({
      destination: 'staging',
      configFile: 'x.yml',
      hosts: ['a', 'b'],
      roles: ['web'],
      primaryOnly: true,
      skipPush: true,
      skipHooks: true,
      version: '4be1',
    });
  });

  test('may name hosts more than once, with the destination after them', async () => {
    await type(Deploy, '-h', 'a', '--hosts', 'b, c', 'production');
    expect(lastRun('deploy')).toMatchObject({ hosts: ['a', 'b', 'c'], destination: 'production' });
  });

  test('may ask to wait for the lock', async () => {
    await type(Deploy, '--lock-wait');
    expect(lastRun('deploy').lockWait).toEqual({ timeoutSeconds: 900, intervalSeconds: 15 });
    await type(Deploy, '--lock-wait', '--lock-wait-timeout', '60', '--lock-wait-interval', '5');
    expect(lastRun('deploy').lockWait).toEqual({ timeoutSeconds: 60, intervalSeconds: 5 });
  });

  test('may say the destination twice, but not two of them', async () => {
    await type(Deploy, 'production', '-d', 'production');
    expect(lastRun('deploy').destination).toBe('production');
    await expect(type(Deploy, 'production', '-d', 'staging')).rejects.toMatchObject({ code: 'usage', exitStatus: 2 });
  });

  test.each<[Runnable, string, keyof typeof pipeline]>([
    [Setup, 'setup', 'deploy'],
    [Redeploy, 'redeploy', 'deploy'],
    [Plan, 'plan', 'planDeployment'],
    [Status, 'status', 'status'],
    [BuildPush, 'build push', 'buildAndPush'],
    [LockStatus, 'lock status', 'lockStatus'],
    [LockRelease, 'lock release', 'releaseLock'],
  ])('goes from %o to its function, with the destination', async (command, name, called) => {
    command.id = name.replaceAll(' ', ':');
    await type(command, 'production');
    expect(lastRun(called)).toMatchObject({ destination: 'production', command: name });
  });

  test('says which kind of deploy it is', async () => {
    await type(Setup);
    await type(Redeploy, '--no-cache');
    expect(
      vi
        .mocked(pipeline.deploy)
        .mock.calls.slice(-2)
        .map(([kind]) => kind),
    ).toEqual(['setup', 'redeploy']);
    expect(lastRun('deploy').noCache).toBe(true);
  });

  test('gives the lock its message, which is required', async () => {
    await type(LockAcquire, 'production', '-m', 'migrating');
    expect(vi.mocked(pipeline.acquireLock).mock.lastCall?.[0]).toBe('migrating');
    await expect(type(LockAcquire)).rejects.toThrow('Missing required flag message');
  });
});

describe('rollback', () => {
  const version = () => vi.mocked(pipeline.rollback).mock.lastCall?.[0];

  test('takes the version as argument or flag, or none', async () => {
    await type(Rollback, '4be1', '-d', 'production');
    expect(version()).toBe('4be1');
    await type(Rollback, '--version', '77aa');
    expect(version()).toBe('77aa');
    await type(Rollback);
    expect(version()).toBeUndefined();
    await expect(type(Rollback, '4be1', '--version', '77aa')).rejects.toMatchObject({ code: 'usage' });
  });

  test('refuses the name of a destination, and says how it is spelled', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'longshore-'));
    writeFileSync(join(directory, 'deploy.production.yml'), '');
    await expect(type(Rollback, 'production', '-c', join(directory, 'deploy.yml'))).rejects.toMatchObject({
      code: 'usage',
      hint: 'longshore rollback -d production',
    });
    rmSync(directory, { recursive: true });
  });
});

describe('what comes back', () => {
  test('is text on stdout, or one JSON document with the events on stderr', async () => {
    vi.mocked(pipeline.deploy).mockImplementation((_kind, run) => {
      run.emit({ type: 'heading', text: 'deploy shop' });
      return Promise.resolve(deployed);
    });
    expect(await type(Deploy)).toBe('Nothing to do: shop is at 4be1.\n');
    expect(written.stderr).toBe('deploy shop\n');
    written.stdout = written.stderr = '';
    expect(JSON.parse(await type(Deploy, '--json'))).toEqual(deployed);
    expect(JSON.parse(written.stderr)).toMatchObject({ type: 'heading', text: 'deploy shop' });
  });

  test('of plan --check is exit status 7 when something drifted', async () => {
    await type(Plan, '--check');
    expect(process.exitCode).toBe(7);
    vi.mocked(pipeline.checkDrift).mockResolvedValue({ ...planned, nothingToDo: true } as never);
    await type(Plan, '--check', '--json');
    expect(process.exitCode).toBe(0);
    await type(Plan);
    expect(process.exitCode).toBe(0);
  });

  test('is the failure itself, for `start` to show', async () => {
    vi.mocked(pipeline.deploy).mockRejectedValue(new Failure('lock-held', 'ann is deploying'));
    await expect(type(Deploy)).rejects.toMatchObject({ code: 'lock-held' });
  });
});

describe('Ctrl-C', () => {
  test('lets a deploy finish the step in hand, and leaves at once the second time', async () => {
    const exit = vi.spyOn(process, 'exit').mockImplementation(() => undefined as never);
    vi.mocked(pipeline.deploy).mockImplementation((_kind, run) => {
      process.emit('SIGINT');
      expect(run.signal.aborted).toBe(true);
      expect(exit).not.toHaveBeenCalled();
      process.emit('SIGTERM');
      expect(exit).toHaveBeenCalledWith(130);
      return Promise.resolve(deployed);
    });
    await type(Deploy);
    expect(written.stderr).toContain('finishing the step in hand…');
    expect(process.listeners('SIGINT').filter(({ name }) => name === 'onSignal')).toEqual([]);
  });

  test('ends at once what changes nothing', async () => {
    const exit = vi.spyOn(process, 'exit').mockImplementation(() => undefined as never);
    vi.mocked(pipeline.status).mockImplementation(() => {
      process.emit('SIGINT');
      expect(exit).toHaveBeenCalledWith(130);
      return Promise.resolve({ service: 'shop', hosts: [], down: [], leftOut: [] });
    });
    await type(Status);
  });
});
