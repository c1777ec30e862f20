import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
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

  it('knows a machine by its HostKeyAlias alone, whatever the port, as OpenSSH does', async () => {
    const { connect: go, know, knownHosts, hostKeyLine } = await server();
    const key = hostKeyLine.split(' ').slice(1).join(' ');
    know(`shop-one ${key}`);
    await (await go({ sshConfig: '  HostKeyAlias Shop-One\n' })).close();
    know();
    await (await go({ sshConfig: '  HostKeyAlias shop-one\n', acceptNewHostKeys: true })).close();
    expect(readFileSync(knownHosts, 'utf8')).toBe(`shop-one ${key}\n`);
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

  it('takes a key itself, without its last line break too, and asks for its passphrase once', async () => {
    const { connect: go } = await server();
    const plain = [{ name: 'the secret DEPLOY_KEY', text: keyPair().private.trim() }];
    await (await go({ keys: [], keyTexts: plain })).close();
    const locked = keyPair({ passphrase: 'open sesame', cipher: 'aes256-ctr', rounds: 4 }).private;
    const questions: string[] = [];
    const askSecret = async (question: string) => {
      questions.push(question);
      return 'open sesame';
    };
    const keyTexts = [{ name: 'the secret LOCKED_KEY', text: locked }];
    const hosts = await Promise.all([1, 2].map(() => go({ keys: [], keyTexts, askSecret })));
    expect(questions).toEqual(['Passphrase for the secret LOCKED_KEY: ']);
    await Promise.all(hosts.map((host) => host.close()));
  });

  it('says of a key that cannot be used why, and nothing of the key', async () => {
    const { connect: go } = await server({ refuseLogin: true });
    const [good, other] = [keyPair(), keyPair()];
    const keyTexts = [
      { name: 'the secret A', text: good.private },
      { name: 'the secret B', text: other.public },
      { name: 'the secret C', text: 'hunter2hunter2' },
    ];
    const refused = await go({ keys: [], keyTexts }).catch((error: unknown) => error);
    expect(refused).toMatchObject({
      code: 'host-login-refused',
      details: [
        'offered the secret A (ssh-ed25519)',
        'could not use the secret B: it holds no private key',
        expect.stringContaining('could not use the secret C: '),
      ],
    });
    expect(JSON.stringify(refused)).not.toMatch(/hunter2|PRIVATE KEY/);
  });

  it('forwards the agent to scripts of the user only, and only when told to', async () => {
    const agent = createServer((socket) => socket.end()).listen(join(mkdtempSync(join(tmpdir(), 'agent-')), 'socket'));
    open.push({ close: () => agent.close() });
    const script = { script: '#!/bin/sh\nexit 3\n', name: 'pre-deploy', env: {}, secretEnv: {}, timeoutSeconds: 9 };
    const run = { ...script, onLine: () => undefined, signal: new AbortController().signal };
    const started = await server();
    const without = await started.connect();
    expect(await without.runScript(run)).toBe(3);
    expect(started.agentAskedBy).toEqual([]);
    const host = await started.connect({ agent: String(agent.address()) });
    await host.makeDirectory('somewhere');
    expect(await host.runScript(run)).toBe(3);
    expect(started.agentAskedBy).toEqual(['exec sh']);
    await Promise.all([host.close(), without.close()]);
  });

  it('asks again for a name that DNS does not know, as often as it is told', async () => {
    const request = (dnsRetries: number) =>
      connect({
        name: 'no-such-machine.invalid',
        ssh: { user: 'deploy', port: 22, keys: [], keysOnly: true, config: false, dnsRetries },
        ...{ acceptNewHostKeys: false, env: process.env, signal: new AbortController().signal },
      });
    const seconds = async (dnsRetries: number) => {
      const started = performance.now();
      await expect(request(dnsRetries)).rejects.toMatchObject({ code: 'host-unreachable' });
      return (performance.now() - started) / 1000;
    };
    const [none, three] = [await seconds(0), await seconds(3)];
    expect(three - none).toBeGreaterThan(0.3);
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
