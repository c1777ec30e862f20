import { expect, it } from 'vitest';
import { fails, says, stubbed } from './stub.ts';

const entry = (id: string, fullname: string, password: string) => ({
  id,
  name: fullname.split('/').at(-1),
  fullname,
  password,
});
const script = `case "$*" in
  --version) echo 'LastPass CLI v1.6.1' ;;
  'status --color=never') test -n "$LOGGED_IN" && echo "Logged in as $LOGGED_IN." || { echo 'Not logged in.'; exit 1; } ;;
  'login --color=never -- a@b.c') echo 'Success: Logged in as a@b.c.' ;;
  'show --json -- A') ${says([entry('1', 'A', 'pa$s"\\')])} ;;
  'show --json -- F/A F/B') ${says([entry('2', 'F/A', 'one'), entry('3', 'F/B', 'two')])} ;;
  'show --json -- F/B') ${says([entry('3', 'F/B', 'two')])} ;;
  show*) ${fails('Error: Could not find specified account(s).')} ;;
  *) exit 9 ;;
esac`;
const lastPass = (more: { env?: Record<string, string>; answer?: string } = { env: { LOGGED_IN: 'a@b.c' } }) =>
  stubbed({ adapter: 'lastpass', program: 'lpass', script, ...more });

it('gives passwords by full name, one call for all names', async () => {
  const { fetch, calls } = lastPass();
  await expect(fetch('--account a@b.c A')).resolves.toEqual({ A: 'pa$s"\\' });
  await expect(fetch('--account a@b.c --from F A B')).resolves.toEqual({ 'F/A': 'one', 'F/B': 'two' });
  expect(calls()).toEqual([
    'status --color=never',
    'show --json -- A',
    'status --color=never',
    'show --json -- F/A F/B',
  ]);
});

it('logs in on the terminal when it is somebody else or nobody', async () => {
  const { fetch, calls } = lastPass({ answer: '' });
  await expect(fetch('--account a@b.c A')).resolves.toEqual({ A: 'pa$s"\\' });
  expect(calls()[1]).toBe('login --color=never -- a@b.c');
});

it('says what is missing or locked', async () => {
  const missing = await lastPass().refusal('--account a@b.c F/NONE F/B');
  expect([missing.code, missing.details]).toEqual([
    'secret-not-found',
    ['Error: Could not find specified account(s).'],
  ]);
  expect(missing.message).toContain('LastPass: it has no such entry');
  const locked = await lastPass({}).refusal('--account a@b.c A');
  expect([locked.code, locked.hint]).toEqual(['secret-provider-locked', 'Log in before: lpass login --trust a@b.c']);
  const unnamed = await lastPass().refusal('A');
  expect([unnamed.code, unnamed.message]).toEqual([
    'secrets-invalid',
    'S (.kamal/secrets:1): "secrets fetch" from LastPass needs --account',
  ]);
  const absent = await stubbed({ adapter: 'last_pass', program: 'lpass' }).refusal('--account a@b.c A');
  expect([absent.code, absent.message]).toEqual([
    'secret-provider-missing',
    'S (.kamal/secrets:1): LastPass is reached by the program lpass, which is not installed',
  ]);
});
