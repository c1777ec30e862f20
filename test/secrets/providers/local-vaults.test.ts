/** Enpass and Passbolt, which are unlocked with a passphrase on each call. */
import { describe, expect, it } from 'vitest';
import { told } from '../project.ts';
import { fails, says, stubbed } from './stub.ts';

describe('Enpass', () => {
  const card = (title: string, label: string, password: string) => ({
    category: 'computer',
    title,
    label,
    login: '',
    password,
    type: 'password',
  });
  const cards = [
    card('Shop', 'KEY', 'pa$s"'),
    card('Shop', 'TOKEN', 'two'),
    card('Shop', 'EMPTY', ''),
    card('Shopping', 'KEY', 'x'),
    card('Twice', 'A', '1'),
    card('Twice', 'A', '2'),
  ];
  const script = `test "$MASTERPW" = m4ster || { ${fails('time="…" level=error msg="could not open vault: file is not a database"')}; }
case "$*" in
  '-json -nonInteractive -vault /my/vault show '*) ${says(cards)} ;;
  *) exit 9 ;;
esac`;
  const enpass = (more: { env?: Record<string, string>; answer?: string } = { env: { MASTERPW: 'm4ster' } }) =>
    stubbed({ adapter: 'enpass', program: 'enpass-cli', script, ...more });

  it('gives fields by title and label, one call for all', async () => {
    const { fetch, calls } = enpass();
    await expect(fetch('--from /my/vault Shop')).resolves.toEqual({ 'Shop/KEY': 'pa$s"', 'Shop/TOKEN': 'two' });
    await expect(fetch('--from /my/vault Shop/TOKEN Shopping/KEY')).resolves.toEqual({
      'Shop/TOKEN': 'two',
      'Shopping/KEY': 'x',
    });
    expect(calls().at(-1)).toBe('-json -nonInteractive -vault /my/vault show Shop Shopping');
    expect(calls()).toHaveLength(2);
  });

  it('asks for the master password once, and hands it over in the environment', async () => {
    const { fetch, questions, calls } = enpass({ answer: 'm4ster' });
    await fetch('--from /my/vault Shop');
    expect(questions).toEqual(["Enpass's master password for /my/vault:"]);
    expect(calls().join()).not.toContain('m4ster');
  });

  it.each([
    [{}, '--from /my/vault Shop', 'secret-provider-locked', 'Enpass is locked, and nobody is here to ask'],
    [{ MASTERPW: 'wr0ng' }, '--from /my/vault Shop', 'secret-provider-locked', 'the vault does not open'],
    [{ MASTERPW: 'm4ster' }, '--from /my/vault Shop/NONE', 'secret-not-found', 'Enpass has no Shop/NONE'],
    [{ MASTERPW: 'm4ster' }, '--from /my/vault Twice', 'secret-not-found', 'Enpass has Twice/A more than once'],
    [{ MASTERPW: 'm4ster' }, 'Shop', 'secrets-invalid', 'from Enpass needs --from'],
  ])('explains with %o what is wrong with %s', async (env, rest, code, said) => {
    const failure = await enpass({ env }).refusal(rest);
    expect([failure.code, failure.message]).toEqual([code, expect.stringContaining(said)]);
    expect(told(failure)).not.toMatch(/m4ster|wr0ng/);
  });
});

describe('Passbolt', () => {
  const folder = (id: string, name: string, folder_parent_id: string) => ({ id, name, folder_parent_id });
  const resource = (name: string, folder_parent_id: string, password: string) => ({
    id: `r-${name}`,
    name,
    folder_parent_id,
    username: '',
    uri: '',
    password,
  });
  const folders = [folder('f1', 'shop', ''), folder('f2', 'prd', 'f1'), folder('f3', 'prd', '')];
  const script = `test "$1" = list || exit 9
test "$USERPASSWORD" = m4ster || { printf 'Enter Password:\\n'; ${fails('Error: Reading Password: inappropriate ioctl for device')}; }
case "$*" in
  'list folders --json') ${says(folders)} ;;
  'list resources --filter Name == "KEY" --json') ${says([resource('KEY', '', 'pa$s')])} ;;
  'list resources --filter (Name == "KEY" && FolderParentID == "f2") || (Name == "TOKEN" && FolderParentID == "f1") --folder f2 --folder f1 --json') ${says([resource('KEY', 'f2', 'one'), resource('TOKEN', 'f1', 'two')])} ;;
  'list resources --filter Name == "TWICE" --json') ${says([resource('TWICE', 'f1', '1'), resource('TWICE', 'f2', '2')])} ;;
  *) ${fails('Error: No such Resources found with filter …!')} ;;
esac`;
  const passbolt = (more: { env?: Record<string, string>; answer?: string } = { env: { USERPASSWORD: 'm4ster' } }) =>
    stubbed({ adapter: 'passbolt', program: 'passbolt', script, ...more });

  it('gives passwords by name, with folders in one call more', async () => {
    const { fetch, calls } = passbolt();
    await expect(fetch('KEY')).resolves.toEqual({ KEY: 'pa$s' });
    expect(calls()).toHaveLength(1);
    await expect(fetch('--from shop prd/KEY TOKEN')).resolves.toEqual({ KEY: 'one', TOKEN: 'two' });
    expect(calls()).toHaveLength(3);
  });

  it('asks for the passphrase once for all calls', async () => {
    const { fetch, questions, calls } = passbolt({ answer: 'm4ster' });
    await expect(fetch('shop/prd/KEY shop/TOKEN')).resolves.toEqual({ KEY: 'one', TOKEN: 'two' });
    expect(questions).toHaveLength(1);
    expect(calls().join()).not.toContain('m4ster');
  });

  it.each([
    [{}, 'KEY', 'secret-provider-locked', 'the private key does not open'],
    [{ USERPASSWORD: 'm4ster' }, 'NONE', 'secret-not-found', 'Passbolt has no resource NONE'],
    [{ USERPASSWORD: 'm4ster' }, 'nowhere/KEY', 'secret-not-found', 'Passbolt has no folder nowhere'],
    [{ USERPASSWORD: 'm4ster' }, 'TWICE', 'secret-not-found', 'Passbolt has more than one resource TWICE'],
  ])('explains with %o what is wrong with %s', async (env, rest, code, said) => {
    const failure = await passbolt({ env }).refusal(rest);
    expect([failure.code, failure.message]).toEqual([code, expect.stringContaining(said)]);
  });
});
