import { createHmac } from 'node:crypto';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { knownKeys, nameOf } from '../../src/hosts/known-hosts.ts';

const directory = mkdtempSync(join(tmpdir(), 'known-hosts-'));
const file = (text: string) => {
  const path = join(directory, `known_hosts_${Math.random()}`);
  writeFileSync(path, text);
  return path;
};
const hashed = (name: string) => {
  const salt = Buffer.from('0123456789abcdefghij');
  return `|1|${salt.toString('base64')}|${createHmac('sha1', salt).update(name).digest('base64')}`;
};

describe('known_hosts', () => {
  it.each([
    ['a plain name', 'shop.example.com', 22, true],
    ['any case', 'SHOP.example.com', 22, true],
    ['another name', 'other.example.com', 22, false],
    ['another port', 'shop.example.com', 2222, false],
  ])('knows by %s', (_what, host, port, isKnown) => {
    expect(knownKeys([file('shop.example.com ssh-ed25519 AAAA comment\n')], nameOf(host, port))).toHaveLength(
      isKnown ? 1 : 0,
    );
  });

  it.each([
    ['[shop]:2222', 'shop', 2222, true],
    ['[shop]:2222', 'shop', 22, false],
    ['one,shop,two', 'shop', 22, true],
    ['*.example.com', 'shop.example.com', 22, true],
    ['*.example.com', 'example.com', 22, false],
    ['shop?', 'shop1', 22, true],
    ['shop.example.com', 'shopxexample.com', 22, false],
    ['*.example.com,!shop.example.com', 'shop.example.com', 22, false],
    ['!shop.example.com,*.example.com', 'shop.example.com', 22, false],
    ['[100.64.*]:2222', '100.64.1.2', 2222, true],
    [hashed('shop'), 'shop', 22, true],
    [hashed('shop'), 'shop2', 22, false],
    [hashed('[shop]:2222'), 'shop', 2222, true],
    ['|2|x|y', 'shop', 22, false],
  ])('reads %s for %s port %i as %s', (patterns, host, port, isKnown) => {
    expect(knownKeys([file(`${patterns} ssh-ed25519 AAAA\n`)], nameOf(host, port))).toHaveLength(isKnown ? 1 : 0);
  });

  it('says where each key is written, over several files', () => {
    const one = file('# comment\n\nshop ssh-ed25519 AAAA\n');
    const two = file(
      'shop ssh-rsa BBBB\n@revoked shop ssh-ed25519 CCCC\n@cert-authority shop ssh-ed25519 DDDD\nbroken line\n',
    );
    expect(knownKeys([one, join(directory, 'missing'), two], 'shop')).toEqual([
      { type: 'ssh-ed25519', key: 'AAAA', revoked: false, where: `${one}:3` },
      { type: 'ssh-rsa', key: 'BBBB', revoked: false, where: `${two}:1` },
      { type: 'ssh-ed25519', key: 'CCCC', revoked: true, where: `${two}:2` },
    ]);
  });

  it('refuses to go on without a file that it cannot read', () => {
    const unreadable = join(directory, 'a-directory');
    mkdirSync(unreadable);
    expect(() => knownKeys([unreadable], 'shop')).toThrow(/cannot be read/);
  });
});
