import { Config } from '@oclif/core';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import BuildCreate from '../../src/commands/build/create.ts';
import BuildDeliver from '../../src/commands/build/deliver.ts';
import BuildDetails from '../../src/commands/build/details.ts';
import BuildDev from '../../src/commands/build/dev.ts';
import BuildPull from '../../src/commands/build/pull.ts';
import BuildPush from '../../src/commands/build/push.ts';
import BuildRemove from '../../src/commands/build/remove.ts';
import RegistryLogin from '../../src/commands/registry/login.ts';
import RegistryLogout from '../../src/commands/registry/logout.ts';
import RegistryRemove from '../../src/commands/registry/remove.ts';
import RegistrySetup from '../../src/commands/registry/setup.ts';
import type { Run } from '../../src/pipeline.ts';
import * as pipeline from '../../src/pipeline.ts';

vi.mock('../../src/pipeline.ts', () => {
  const builds = 'buildAndPush deliverBuild pullBuild createBuilder removeBuilder buildDetails dockerNow buildDev';
  const names = `${builds} registryLogin registryLogout registrySetup registryRemove`;
  return Object.fromEntries(names.split(' ').map((name) => [name, vi.fn()]));
});

const pushed = { version: '4be1', image: 'a:4be1', output: 'registry', digest: 'sha256:1', seconds: 1 };
const pulled = { version: '4be1', image: 'a:4be1', digest: 'sha256:1', hosts: ['dal-01'], seconds: 1 };
const dev = {
  version: '4be1',
  tags: ['a:4be1-dirty'],
  output: 'docker',
  uncommitted: [],
  untracked: ['.env'],
  seconds: 1,
};
const builder = { kind: 'local', name: 'kamal-local-docker-container', done: 'made' };
const details = {
  builder: { kind: 'engine', driver: 'docker', platforms: ['linux/amd64'], nodes: [] },
  ...{ image: 'a:4be1', tags: ['a:4be1'], context: { kind: 'directory', path: '.' }, commands: [] },
};
const registry = { server: 'ghcr.io', done: 'logged in', places: ['this machine', 'dal-01'] };
let config: Config;
let stdout = '';

type Runnable = new (argv: string[], config: Config) => { run(): Promise<void> };

async function type(command: Runnable, ...argv: string[]): Promise<string> {
  await new command(argv, config).run();
  return stdout;
}

function lastCall(name: keyof typeof pipeline): unknown[] {
  return (vi.mocked(pipeline[name] as (...args: unknown[]) => unknown).mock.lastCall ?? []) as unknown[];
}

beforeAll(async () => {
  config = await Config.load({ root: fileURLToPath(new URL('../..', import.meta.url)) });
});

beforeEach(() => {
  stdout = '';
  vi.stubEnv('CI', '1').stubEnv('NO_COLOR', '1').stubEnv('GITHUB_ACTIONS', '');
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => Boolean((stdout += String(text))));
  vi.spyOn(process.stderr, 'write').mockImplementation(() => true);
  const answer = (name: keyof typeof pipeline, result: unknown) =>
    vi.mocked(pipeline[name] as () => Promise<unknown>).mockResolvedValue(result);
  answer('buildAndPush', pushed);
  answer('deliverBuild', { pushed, pulled });
  answer('pullBuild', pulled);
  answer('createBuilder', builder);
  answer('removeBuilder', { ...builder, done: 'absent' });
  answer('buildDetails', details);
  answer('dockerNow', 'NAME default');
  answer('buildDev', dev);
  for (const name of ['registryLogin', 'registryLogout', 'registrySetup', 'registryRemove'] as const)
    answer(name, registry);
});

afterEach(() => {
  process.exitCode = 0;
  vi.restoreAllMocks();
});

test.each<[Runnable, keyof typeof pipeline, string]>([
  [BuildPush, 'buildAndPush', 'Pushed a:4be1'],
  [BuildDeliver, 'deliverBuild', 'Pulled a:4be1 on 1 host'],
  [BuildPull, 'pullBuild', 'Pulled a:4be1 on 1 host'],
  [BuildCreate, 'createBuilder', 'The builder kamal-local-docker-container is made'],
  [BuildRemove, 'removeBuilder', 'The builder kamal-local-docker-container is not there'],
  [BuildDetails, 'buildDetails', 'Builder:   the Docker engine (engine)'],
  [BuildDev, 'buildDev', 'a:4be1-dirty'],
  [RegistryLogin, 'registryLogin', 'Docker is logged in to ghcr.io on this machine, dal-01'],
])('%o goes to its function with the destination, and says what came of it', async (command, called, said) => {
  expect(await type(command, 'production')).toContain(said);
  expect((lastCall(called).at(-1) as Run).destination).toBe('production');
});

test('an output is handed on, and each command has Kamal’s own', async () => {
  await type(BuildPush);
  expect(lastCall('buildAndPush')[0]).toBe('registry');
  await type(BuildDev);
  expect(lastCall('buildDev')[0]).toBe('docker');
  await type(BuildPush, '--output', 'oci,dest=x.tar');
  expect(lastCall('buildAndPush')[0]).toBe('oci,dest=x.tar');
});

test.each<[Runnable, keyof typeof pipeline]>([
  [RegistryLogin, 'registryLogin'],
  [RegistryLogout, 'registryLogout'],
  [RegistrySetup, 'registrySetup'],
  [RegistryRemove, 'registryRemove'],
])('%o leaves out this machine by -L, and the others by -R', async (command, called) => {
  await type(command);
  expect(lastCall(called)[0]).toEqual({ here: true, machines: true });
  await type(command, '-L');
  expect(lastCall(called)[0]).toEqual({ here: false, machines: true });
  await type(command, '--skip-remote');
  expect(lastCall(called)[0]).toEqual({ here: true, machines: false });
});

test('details as JSON ask docker nothing', async () => {
  vi.mocked(pipeline.dockerNow).mockClear();
  expect(JSON.parse(await type(BuildDetails, '--json'))).toEqual(details);
  expect(pipeline.dockerNow).not.toHaveBeenCalled();
});
