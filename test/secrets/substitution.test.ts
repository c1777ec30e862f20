/** Commands inside `$(…)`: which run in this process, which in the shell, and how they meet. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { project, told } from './project.ts';

/** No shell may start these: in a pipe, in quotes and inside one another they run in this process all the same. */
const neverStarted = '#!/bin/sh\necho "started: $*" >&2\nexit 99\n';
const json = JSON.stringify({ 'V/I/A': 'pa$word "x"', 'V/I/B': 'YWJj', 'V/I/NAME': 'A' });
const with_ = (...lines: string[]) =>
  project({
    json,
    'bin/kamal': neverStarted,
    'bin/longshore': neverStarted,
    'bin/op': '#!/bin/sh\necho "$*" >> "$HOME/calls"\ncase "$1" in read) echo "value of $2" ;; esac\n',
    '.kamal/secrets': ['S=$(cat json)', ...lines].join('\n'),
  });

describe('kamal secrets in a command of the shell', () => {
  it.each([
    ['first in a pipe', '$(kamal secrets extract B $S | base64 -d)', 'abc'],
    ['in a pipe, in quotes', '"$(kamal secrets extract A $S | tr a-z A-Z)"', 'PA$WORD "X"'],
    ['before another command', '$(kamal secrets extract B $S; echo then)', 'YWJj\nthen'],
    ['after one', '$(echo first && longshore secrets extract B "$S")', 'first\nYWJj'],
    ['nested, in quotes', '$(echo "<$(kamal secrets extract A $S)>")', '<pa$word "x">'],
    ['nested, without quotes', '$(echo $(kamal secrets extract A $S))', 'pa$word "x"'],
    ['nested twice', '$(echo "$(echo "[$(kamal secrets extract B $S)]")")', '[YWJj]'],
    ['nested in its own arguments', '$(kamal secrets extract "$(kamal secrets extract NAME $S)" $S)', 'pa$word "x"'],
    ['a command of the shell in its arguments', '$(kamal secrets extract $(echo B) "$(cat json)")', 'YWJj'],
    ['with something to fall back on', '$(kamal secrets extract NONE $S || echo other)', 'other'],
    ['with something it does not fall back on', '$(kamal secrets extract B $S || echo other)', 'YWJj'],
    ['by npx and bundle', '$(npx longshore secrets extract B $S | rev)', 'jJWY'],
    ['words that only look like it', `$(echo 'kamal secrets extract B | x')`, 'kamal secrets extract B | x'],
    ['op read', '$(op read op://V/I/F | tr a-z A-Z)', 'VALUE OF OP://V/I/F'],
    ['arithmetic is the shell’s', '$(echo $((40 + 2)))', '42'],
    ['other commands may be nested', `$(printf '%s' "$(printf '%s' "$S" | wc -c | tr -d ' ')")`, String(json.length)],
    ['--inline is no name', '$(kamal secrets extract B $S --inline)', 'YWJj'],
  ])('%s', async (_, command, value) => {
    await expect(with_(`X=${command}`).resolve('X')).resolves.toEqual({ X: value });
  });

  it.each([
    ['print', '$(kamal secrets print | head -1)', 'only "secrets fetch" and "secrets extract" give a value'],
    ['redirections', '$(kamal secrets extract B $S 2>/dev/null | rev)', 'take no redirections'],
    ['a pipe into extract', '$(cat json | kamal secrets extract B -)', 'takes a name and the result'],
    ['a name that is not there', '$(kamal secrets extract NAM $S | rev)', 'has no secret NAM'],
    ['a variable that is not set, deep inside', '$(echo "$(echo $NONE)")', 'the variable NONE is not set'],
  ])('refuses %s', async (_, command, said) => {
    const failure = await with_(`X=${command}`).failure('X');
    expect(failure.message).toContain('X (.kamal/secrets:2): ');
    expect(failure.message).toContain(said);
    expect(told(failure)).not.toContain('YWJj');
  });

  it('suggests the nearest name', async () => {
    const { hint } = await with_('X=$(kamal secrets extract NAM $S)').failure('X');
    expect(hint).toBe('Did you mean NAME?');
  });

  it('reads the same reference once, wherever it is read', async () => {
    const { resolve, folder } = with_(
      'X=op://V/I/F',
      'Y=$(op read op://V/I/F | rev)',
      'Z=$(echo "$(op read op://V/I/F)$X")',
    );
    const { X, Z } = await resolve('X', 'Y', 'Z');
    expect(Z).toBe(`${X}${X}`);
    expect(readFileSync(join(folder, 'calls'), 'utf8').match(/^read/gm)).toHaveLength(1);
  });

  it('what it gave is not in the list of processes, nor in what the shell said', async () => {
    const { resolve, failure } = with_(
      `X=$(kamal secrets extract B $S | { cat > /dev/null; tr '\\\\0' ' ' < /proc/\\$\\$/cmdline; })`,
      'Y=$(kamal secrets extract B $S | { cat >&2; exit 3; })',
    );
    expect((await resolve('X')).X).not.toContain('YWJj');
    expect((await failure('Y')).details).toEqual(['[secret]']);
  });

  it('two hundred commands inside one another are no problem', async () => {
    const deep = `${'$(echo '.repeat(200)}x${')'.repeat(200)}`;
    await with_(`X=${deep}`)
      .resolve('X')
      .catch((error: unknown) => expect(error).toMatchObject({ code: 'secret-provider-failed' }));
  });
});

describe('programs that fail', () => {
  it('one that is not there is named', async () => {
    const { code, message, hint } = await with_('X=$(nosuchvault get x)').failure('X');
    expect([code, message]).toEqual([
      'secret-provider-missing',
      'X (.kamal/secrets:2): the command needs the program nosuchvault, which is not here',
    ]);
    expect(hint).toContain('Install nosuchvault');
  });

  it('gh without a login says how to log in', async () => {
    const { failure } = project({
      'bin/gh': '#!/bin/sh\necho "no oauth token found for github.com" >&2\nexit 1\n',
      '.kamal/secrets': 'REGISTRY_PASSWORD=$(gh auth token)',
    });
    const { code, message, hint, details } = await failure('REGISTRY_PASSWORD');
    expect([code, message]).toEqual([
      'secret-provider-locked',
      'REGISTRY_PASSWORD (.kamal/secrets:1): gh gave no token: it is not logged in',
    ]);
    expect(details).toEqual(['no oauth token found for github.com']);
    expect(hint).toContain('gh auth login --scopes write:packages');
  });

  it("gh's token is a registry password", async () => {
    const { resolve } = project({
      'bin/gh': '#!/bin/sh\ntest "$*" = "auth token" && echo gho_t0ken\n',
      '.kamal/secrets': 'REGISTRY_PASSWORD=$(gh auth token)',
    });
    await expect(resolve('REGISTRY_PASSWORD')).resolves.toEqual({ REGISTRY_PASSWORD: 'gho_t0ken' });
  });
});
