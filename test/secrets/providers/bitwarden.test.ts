import { describe, expect, it } from 'vitest';
import { told } from '../project.ts';
import { fails, says, stubbed } from './stub.ts';

const fields = (...all: [string, string][]) => all.map(([name, value]) => ({ name, value, type: 1 }));
const shop = {
  id: 'id-1',
  name: 'shop',
  login: { username: 'me', password: 'pa$s"\\\nword' },
  fields: fields(['KEY', 'k']),
};
const notes = { id: 'id-2', name: 'own', notes: 'a note', fields: fields(['A', 'one'], ['B', 'two']) };
const bare = { id: 'id-3', name: 'bare', login: { password: null } };

/** Locked until it is given the session that `unlock` printed. */
const script = `
test -f "$HOME/state" && STATE=$(cat "$HOME/state")
case "$1 $2" in
  'status '*) test "$BW_SESSION" = s3ssion && STATE=unlocked; echo "{\\"userEmail\\":\\"a@b.c\\",\\"status\\":\\"\${STATE:-locked}\\"}"; exit ;;
  'login --apikey') test "$BW_CLIENTSECRET" = cl1ent && echo locked > "$HOME/state"; exit ;;
  'login a@b.c') test "$3" = --raw && printf s3ssion; exit ;;
  'unlock --raw')
    test "$*" = 'unlock --raw --passwordenv BW_PASSWORD --nointeraction' || exit 9
    test "$BW_PASSWORD" = m4ster || { ${fails('Invalid master password.')}; }
    printf s3ssion; exit ;;
esac
test "$STATE" = unlocked || test "$BW_SESSION" = s3ssion || { ${fails('Vault is locked.')}; }
case "$*" in
  'sync --nointeraction') test -z "$LIMITED" || { ${fails('Slow down! Too many requests. Try again in 1m.')}; }; echo 'Syncing complete.' ;;
  'get item shop --nointeraction'|'get item sho --nointeraction') ${says(shop)} ;;
  'get item own --nointeraction') ${says(notes)} ;;
  'get item bare --nointeraction') ${says(bare)} ;;
  'get item o --nointeraction') ${fails('More than one result was found. Try getting a specific object by `id` instead. The following objects were found:\nid-1\nid-2')} ;;
  'get item '*) ${fails('Not found.')} ;;
  'list items --nointeraction') ${says([shop, notes, bare])} ;;
  *) exit 9 ;;
esac`;
const bitwarden = (env: Record<string, string> = { BW_SESSION: 's3ssion' }, answer?: string) =>
  stubbed({ adapter: 'bitwarden', program: 'bw', script, env, ...(answer !== undefined && { answer }) });

describe('Bitwarden', () => {
  it.each([
    ['the password of a login', 'shop', { shop: 'pa$s"\\\nword' }],
    ['a field', 'shop/KEY', { 'shop/KEY': 'k' }],
    ['fields of --from', '--from own A B', { 'own/A': 'one', 'own/B': 'two' }],
    ['all fields where there is no password', 'own', { 'own/A': 'one', 'own/B': 'two' }],
    ['both', 'shop shop/KEY own/B', { shop: 'pa$s"\\\nword', 'shop/KEY': 'k', 'own/B': 'two' }],
    ['an item by its id', 'id-1/KEY own/A', { 'id-1/KEY': 'k', 'own/A': 'one' }],
    ['an item by a part of its name', 'sho own/A', { sho: 'pa$s"\\\nword', 'own/A': 'one' }],
    [
      'what a login has beside the password',
      'shop/username own/notes',
      { 'shop/username': 'me', 'own/notes': 'a note' },
    ],
  ])('gives %s', async (_, names, values) => {
    await expect(bitwarden().fetch(`--account a@b.c ${names}`)).resolves.toEqual(values);
  });

  it('asks once, unlocks once, and calls once for several items; passwords and sessions are on no command line', async () => {
    const { fetch, calls, questions } = bitwarden({}, 'm4ster');
    await fetch('--account a@b.c shop own/A own/B');
    expect(questions).toEqual(["Bitwarden's master password for a@b.c:"]);
    expect(calls()).toEqual([
      'status --nointeraction',
      'unlock --raw --passwordenv BW_PASSWORD --nointeraction',
      'sync --nointeraction',
      'list items --nointeraction',
    ]);
  });

  it('unlocks by itself where the environment says how', async () => {
    const given = { BW_CLIENTID: 'user.x', BW_CLIENTSECRET: 'cl1ent', BW_PASSWORD: 'm4ster', STATE: 'unauthenticated' };
    await expect(bitwarden(given).fetch('--account a@b.c shop/KEY')).resolves.toEqual({ 'shop/KEY': 'k' });
  });

  it('logs in on the terminal', async () => {
    const { fetch, calls } = bitwarden({ STATE: 'unauthenticated' }, '');
    await expect(fetch('--account a@b.c shop/KEY')).resolves.toEqual({ 'shop/KEY': 'k' });
    expect(calls()[1]).toBe('login a@b.c --raw');
  });

  it.each([
    [
      'locked, and nobody there',
      {},
      'shop',
      'secret-provider-locked',
      'Bitwarden is locked, and nobody is here to ask',
    ],
    ['a wrong password', { BW_PASSWORD: 'wr0ng' }, 'shop', 'secret-provider-locked', 'this is not the master password'],
    ['a rate limit', { LIMITED: '1', BW_SESSION: 's3ssion' }, 'shop', 'secret-provider-limited', 'too many requests'],
    ['no such item', undefined, 'none', 'secret-not-found', 'Bitwarden: it has no such item'],
    ['several items', undefined, 'o', 'secret-not-found', 'it has several items that fit'],
    ['no such field', undefined, 'shop/KEX', 'secret-not-found', 'the item shop has no field KEX'],
    ['nothing in it', undefined, 'bare', 'secret-not-found', 'neither a password nor fields'],
  ])('explains %s', async (_, env, names, code, said) => {
    const failure = await bitwarden(env).refusal(`--account a@b.c ${names}`);
    expect([failure.code, failure.message]).toEqual([code, expect.stringContaining(said)]);
    expect(told(failure)).not.toMatch(/s3ssion|wr0ng/);
  });

  it('suggests the nearest field, and tells of all that is missing', async () => {
    const failure = await bitwarden().refusal('--account a@b.c shop/KEX own/NONE');
    expect(failure.message).toContain('the item shop has no field KEX, and 1 more');
    expect(failure.details).toEqual(['Bitwarden: the item own has no field NONE']);
    expect(failure.hint).toBe('Did you mean KEY?');
  });
});
