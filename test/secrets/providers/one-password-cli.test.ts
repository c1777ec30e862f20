/** 1Password through `op`, which is a script here. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { project, told } from '../project.ts';

/** Writes down how it was called; signs in with a session that only the environment may carry. */
const op = `#!/bin/sh
echo "$*" >> "$HOME/calls"
case "$1 $2" in
  "--version "*) echo 2.30.0 ;;
  "account get") test -n "$OP_SESSION_abc" || { echo 'not signed in' >&2; exit 1; } ;;
  "signin --account") echo 'export OP_SESSION_abc="s3ssion"' ;;
  "read op://V/I/nothing") echo '[ERROR] could not find item "nothing" with s3ssion' >&2; exit 1 ;;
  "read "*) printf 'read %s\\n' "$2" ;;
  "item get")
    test "$OP_SESSION_abc" = s3ssion || exit 1
    case "$*" in
      *"--fields label=K1,label=section.K2") echo '[{"label":"K1","value":"one","reference":"op://V/I/add more/K1"},{"value":"two","reference":"op://V/I/section/K2"}]' ;;
      *"--fields label=password") echo '{"value":"three","reference":"op://V/I/password"}' ;;
      *) echo '{"id":"x","fields":[{"value":"three","reference":"op://V/I/password"},{"reference":"op://V/I/notesPlain"}]}' ;;
    esac ;;
  *) exit 9 ;;
esac
`;
const with_ = (...lines: string[]) => project({ 'bin/op': op, '.kamal/secrets': lines.join('\n') });
const callsIn = (folder: string): string[] => readFileSync(join(folder, 'calls'), 'utf8').trimEnd().split('\n');
const fetch = (rest: string): string => `S=$(kamal secrets fetch --adapter 1password --account acme ${rest})`;

describe('1Password through op', () => {
  it('fetches as Kamal does, one call per item, with the session in the environment', async () => {
    const { resolve, folder } = with_(
      fetch('--from V/I K1 section/K2'),
      'K1=$(kamal secrets extract K1 $S)',
      'K2=$(kamal secrets extract K2 $S)',
    );
    await expect(resolve('K1', 'K2')).resolves.toEqual({ K1: 'one', K2: 'two' });
    expect(callsIn(folder)).toEqual([
      '--version',
      'account get --account acme',
      'signin --account acme --force',
      'item get I --vault V --format json --account acme --fields label=K1,label=section.K2',
    ]);
  });

  it('takes the password of an item, and all fields of one', async () => {
    const { SECRETS, ALL } = await with_(
      fetch('V/I').replace('S=', 'SECRETS='),
      fetch('--from V/I').replace('S=', 'ALL='),
    ).resolve('SECRETS', 'ALL');
    expect([SECRETS, ALL]).toEqual(['{"V/I":"three"}', '{"V/I":"three"}']);
  });

  it('reads references without an account', async () => {
    const { resolve, folder } = with_(
      'A=op://V/I/F',
      'B=$(op read op://V/I/F)',
      'C=$(op read op://V/I/F | tr a-z A-Z)',
    );
    await expect(resolve('A', 'B', 'C')).resolves.toEqual({
      A: 'read op://V/I/F',
      B: 'read op://V/I/F',
      C: 'READ OP://V/I/F',
    });
    expect(callsIn(folder).filter((call) => call === 'read op://V/I/F')).toHaveLength(1);
  });

  it('names the reference that op could not read, and what op said without its session', async () => {
    const { failure, env } = with_('A=op://V/I/nothing', 'B=op://V/I/F');
    env.OP_SESSION_abc = 's3ssion';
    const one = await failure('A', 'B');
    expect(one.message).toBe('A (.kamal/secrets:1): op read op://V/I/nothing ended with exit status 1');
    expect(one.details).toEqual(['[ERROR] could not find item "nothing" with [secret]']);
    expect(one.hint).toContain('op://vault/item');
    expect(told(one)).not.toContain('s3ssion');
  });

  it('wants to know the account, as Kamal does, and has no Environments', async () => {
    const fetched = fetch('--from V/I K1').replace('--account acme', '');
    const unnamed = await with_(fetched).failure('S');
    expect([unnamed.code, unnamed.message]).toEqual([
      'secrets-invalid',
      'S (.kamal/secrets:1): "secrets fetch" from 1Password needs --account',
    ]);
    const other = await with_(fetch('--from id').replace('1password', '1password-environments')).failure('S');
    expect([other.code, other.message]).toEqual(['secret-provider-locked', expect.stringContaining('through the SDK')]);
  });
});
