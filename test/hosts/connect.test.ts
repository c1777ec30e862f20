import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { connect } from '../../src/hosts/connect.ts';
import { keyPair, sshServer, type ServerOptions, type TestServer } from './ssh-server.ts';

const open: { close(): void }[] = [];
afterEach(() => {
  for (const one of open.splice(0)) one.close();
});
async function server(options: ServerOptions = {}): Promise<TestServer> {
  const started = await sshServer(options);
  open.push(started);
  return started;
}
const otherKey = () => keyPair().public.split(' ').slice(0, 2).join(' ');

describe('host keys', () => {
  it('lets a known key pass', async () => {
    const host = await (await server()).connect();
    expect(host.name).toBe('127.0.0.1');
    await host.close();
  });

  it('refuses an unknown key, and says its fingerprint and how to trust it', async () => {
    const { connect: go, know, hostKeyFingerprint } = await server();
    know();
    await expect(go()).rejects.toMatchObject({
      code: 'host-key-unknown',
      message: expect.stringContaining(hostKeyFingerprint),
      hint: expect.stringContaining('--accept-new-host-keys'),
    });
  });

  it('writes an unknown key down when told to, after what is there already', async () => {
    const { connect: go, know, knownHosts, hostKeyLine } = await server();
    know();
    writeFileSync(knownHosts, 'other ssh-ed25519 AAAA');
    await (await go({ acceptNewHostKeys: true })).close();
    expect(readFileSync(knownHosts, 'utf8')).toBe(`other ssh-ed25519 AAAA\n${hostKeyLine}\n`);
    await (await go()).close();
  });

  it('refuses a changed key whatever is said, and names file and line', async () => {
    const { connect: go, know, knownHosts, port } = await server();
    know('# comment', `[127.0.0.1]:${port} ${otherKey()}`);
    await expect(go({ acceptNewHostKeys: true })).rejects.toMatchObject({
      code: 'host-key-changed',
      message: expect.stringContaining(`${knownHosts}:2`),
    });
  });

  it('refuses a revoked key', async () => {
    const { connect: go, know, hostKeyLine } = await server();
    know(hostKeyLine, `@revoked ${hostKeyLine}`);
    await expect(go({ acceptNewHostKeys: true })).rejects.toMatchObject({ code: 'host-key-changed' });
  });
});

describe('logging in', () => {
  it('says who was refused, with which keys', async () => {
    const { connect: go, directory } = await server({ refuseLogin: true });
    await expect(go()).rejects.toMatchObject({
      code: 'host-login-refused',
      message: expect.stringContaining('deploy'),
      details: [expect.stringContaining(join(directory, 'key'))],
    });
  });

  it('asks for the passphrase of a key once, for however many machines', async () => {
    const { connect: go, directory } = await server();
    const key = keyPair({
      passphrase: 'open sesame',
      cipher: 'aes256-ctr',
      rounds: 4,
    });
    const path = join(directory, 'locked');
    writeFileSync(path, key.private);
    let asked = 0;
    const askSecret = async () => {
      asked += 1;
      return 'open sesame';
    };
    const hosts = await Promise.all([1, 2, 3].map(() => go({ keys: [path], askSecret })));
    expect(asked).toBe(1);
    await Promise.all(hosts.map((host) => host.close()));
    await expect(go({ keys: [path], askSecret: async () => 'wrong' })).rejects.toMatchObject({
      code: 'host-login-refused',
    });
    await expect(go({ keys: [path] })).rejects.toMatchObject({ details: [expect.stringContaining('ssh-add')] });
  });

  it('tries again when a busy sshd hangs up', async () => {
    const started = await server({ drop: 2 });
    const host = await started.connect();
    expect(started.connections).toBe(3);
    await host.close();
  });

  it('says that nobody listens', async () => {
    const free = createServer().listen(0);
    const { port } = free.address() as AddressInfo;
    await new Promise((closed) => free.close(closed));
    const request = connect({
      name: '127.0.0.1',
      ssh: { user: 'deploy', port, keys: [], keysOnly: true, config: false },
      acceptNewHostKeys: false,
      env: process.env,
      signal: new AbortController().signal,
    });
    await expect(request).rejects.toMatchObject({
      code: 'host-unreachable',
      message: expect.stringContaining('refused'),
    });
  });

  it('stops connecting when interrupted', async () => {
    const silent = createServer().listen(0, '127.0.0.1');
    open.push({ close: () => silent.close() });
    await new Promise((listening) => silent.once('listening', listening));
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 100);
    const request = connect({
      name: '127.0.0.1',
      ssh: { user: 'deploy', port: (silent.address() as AddressInfo).port, keys: [], keysOnly: true, config: false },
      acceptNewHostKeys: false,
      env: process.env,
      signal: controller.signal,
    });
    await expect(request).rejects.toMatchObject({ code: 'interrupted' });
  });
});
