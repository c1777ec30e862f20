import { readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type Vocabulary, inFull } from '../../src/commands/frame/words.ts';
import { kamalCommands, ownCommands, shellWords } from '../../src/config/aliases.ts';
import { Failure } from '../../src/errors.ts';

const aliases: Record<string, string> = {
  ship: 'deploy -P',
  console: 'app exec -i "bin/rails console"',
  restart_jobs: 'redeploy --roles worker',
  de: 'plan',
  again: 'ship --no-cache',
  loop: 'loop -d x',
  plan: 'deploy',
};
const known = new Map(
  Object.entries(aliases).map(([name, command], index) => [name, { command, where: `config/deploy.yml:${index + 9}` }]),
);
const vocabulary: Vocabulary = {
  ids: 'deploy docs redeploy rollback plan status setup lock:status lock:acquire lock:release build:push'.split(' '),
  aliases: () => Promise.resolve(known),
};

async function typed(line: string, with_: Partial<Vocabulary> = {}): Promise<string> {
  return (await inFull(line.split(' '), { ...vocabulary, ...with_ })).join(' ');
}

describe('what is typed', () => {
  test.each([
    ['deploy production -P', 'deploy production -P'],
    ['dep production', 'deploy production'],
    ['red -r worker', 'redeploy -r worker'],
    ['lock acquire -m st', 'lock acquire -m st'],
    ['lo s production', 'lock status production'],
    ['build', 'build'],
    ['bu --help', 'build --help'],
    ['--help', '--help'],
    ['status deploy', 'status deploy'],
    ['ship production', 'deploy -P production'],
    ['restart_jobs -d staging --roles web', 'redeploy --roles worker -d staging --roles web'],
    ['again', 'deploy -P --no-cache'],
    ['de', 'plan'],
    ['plan', 'plan'],
  ])('%s is %s', async (line, full) => {
    expect(await typed(line)).toBe(full);
  });

  test('an alias is looked for in the file that the whole line is about, and only when no command is called so', async () => {
    const asked: (readonly string[])[] = [];
    const listening = {
      aliases: (words: readonly string[]) => {
        asked.push(words);
        return Promise.resolve(known);
      },
    };
    await typed('deploy production', listening);
    expect(asked).toEqual([]);
    await typed('ship production -c other.yml', listening);
    expect(asked).toEqual([['ship', 'production', '-c', 'other.yml']]);
  });
});

describe('what cannot be understood', () => {
  test.each([
    ['depoly', 'there is no command depoly; did you mean deploy?', 'longshore --help'],
    ['consoel', 'there is no command consoel; did you mean console?', 'longshore --help'],
    ['xyz', 'there is no command xyz', 'longshore --help'],
    ['lock stauts', 'there is no command lock stauts; did you mean lock status?', 'longshore lock --help'],
    ['d', 'd could be deploy or docs', 'Type a letter more.'],
    ['r', 'r could be redeploy or rollback', 'Type a letter more.'],
    ['loop', 'there is no command loop', 'longshore --help'],
    ['app boot', 'Longshore has no command app yet', 'Type it with `kamal` for now: both work on the same machines.'],
  ])('%s: %s', async (line, message, hint) => {
    await expect(typed(line)).rejects.toMatchObject({ code: 'usage', message: expect.stringContaining(message), hint });
  });

  test('an alias for a command that is not here yet says what it stands for, and where', async () => {
    await expect(typed('console')).rejects.toMatchObject({
      message: 'Longshore has no command app yet',
      details: ['config/deploy.yml:10: console stands for: app exec -i "bin/rails console"'],
    });
  });

  test('a file that cannot be read is said when it might have had the word', async () => {
    const broken = () => Promise.reject(new Failure('config-invalid', 'deploy.yml cannot be used'));
    await expect(typed('ship', { aliases: broken })).rejects.toMatchObject({
      code: 'usage',
      details: ['No alias is known: deploy.yml cannot be used'],
    });
    expect(await typed('dep', { aliases: broken })).toBe('deploy');
  });
});

test.each([
  ['app exec -i bin/console', ['app', 'exec', '-i', 'bin/console']],
  [`server exec "uname -a | wc" 'a b'`, ['server', 'exec', 'uname -a | wc', 'a b']],
  [
    String.raw`a\ b "c\"d" 'e\f' g"h"i`.replaceAll('\\\\', '\\'),
    ['a b', 'c"d', String.raw`e\f`.replaceAll('\\\\', '\\'), 'ghi'],
  ],
  ['echo $(date) `x` $HOME # no comment', ['echo', '$(date)', '`x`', '$HOME', '#', 'no', 'comment']],
  [`app logs -g ""`, ['app', 'logs', '-g', '']],
  ['  ', []],
])('%s is split as Ruby does', (text, words) => {
  expect(shellWords(text)).toEqual(words);
});

test('a quote that is not closed is no command', () => {
  expect(shellWords('app exec "bin/x')).toBeUndefined();
  expect(shellWords("app exec it's")).toBeUndefined();
});

test('every command at the top is Kamal’s or is known to be Longshore’s own', () => {
  const there = readdirSync(new URL('../../src/commands', import.meta.url))
    .map((name) => name.replace(/\.ts$/, ''))
    .filter((name) => name !== 'frame');
  expect(there.filter((name) => !kamalCommands.includes(name)).toSorted()).toEqual([...ownCommands].toSorted());
});
