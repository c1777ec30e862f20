import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import AccessoryExec from '../../src/commands/accessory/exec.ts';
import AccessoryLogs from '../../src/commands/accessory/logs.ts';
import * as pipeline from '../../src/pipeline.ts';
import { type } from './type.ts';

vi.mock('../../src/pipeline.ts', () => ({ execInAccessory: vi.fn(), accessoryLogs: vi.fn() }));

beforeEach(() => {
  vi.stubEnv('CI', '1');
  for (const name of ['execInAccessory', 'accessoryLogs'] as const)
    vi.mocked(pipeline[name]).mockReset().mockResolvedValue({ service: 'shop', streams: [], exitStatus: 4 });
});
afterEach(() => void (process.exitCode = 0));

const asked = () => vi.mocked(pipeline.execInAccessory).mock.lastCall?.[1];

test.each([
  [['db', 'ls -la'], ['ls -la'], {}],
  [['db', 'ls', '--reuse', '-i'], ['ls'], { reuse: true, isInteractive: true }],
  [
    ['db', '--reuse', '--', 'sh', '-c', 'x', 'sh', 'x', '--', '-i'],
    ['sh', '-c', 'x', 'sh', 'x', '--', '-i'],
    { reuse: true },
  ],
])('what is typed as %j is the command %j', async (typed, words, more) => {
  const { stdout } = await type(AccessoryExec, ...typed);
  expect(asked()).toEqual({ name: 'db', words, isInteractive: false, reuse: false, ...more });
  expect([stdout, process.exitCode]).toEqual(['', 4]);
});

test.each([
  [['db', 'psql', '-U', 'me'], 'Nonexistent flag: -U'],
  [['db'], 'there is no command to run in db'],
  [['db', 'x', '--json', '--raw'], 'does not go with --raw'],
])('%j is refused', async (typed, message) => {
  await expect(type(AccessoryExec, ...typed)).rejects.toThrow(message);
});

test('logs -f has no end that --json could wait for', async () => {
  await expect(type(AccessoryLogs, 'db', '-f', '--json')).rejects.toThrow('-f has none');
  await type(AccessoryLogs, 'db', '-s', '10m', '-n', '0', '-g', 'x', '--grep-options=-i -v', '-T');
  expect(vi.mocked(pipeline.accessoryLogs).mock.lastCall?.[1]).toEqual({
    ...{ name: 'db', since: '10m', lines: 0, grep: 'x', grepOptions: '-i -v' },
    ...{ isFollowed: false, hasTimestamps: false },
  });
});
