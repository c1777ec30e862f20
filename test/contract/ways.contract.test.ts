import { mkdtempSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SshConfig } from '../../src/config/config.ts';
import { connect } from '../../src/hosts/connect.ts';
import type { Host } from '../../src/hosts/host.ts';
import { deafImage, sandboxEnvironment, sandboxSsh } from './sandbox.ts';

/** Only of real machines: the ways to one that the machine in memory does not have. */
describe.each(['dal-01', 'chi-02'])('ways to the engine of %s', (name) => {
  const awkwardPort = 2201;
  let helper: Host;

  const go = (host: string, ssh: Partial<SshConfig>, acceptNewHostKeys = false) =>
    connect({
      name: host,
      ssh: sandboxSsh(ssh),
      acceptNewHostKeys,
      env: process.env,
      signal: new AbortController().signal,
    });

  const onMachine = (script: string) =>
    helper.runScript({
      name: 'prepare',
      script: `#!/bin/sh\n${script}\n`,
      env: {},
      secretEnv: {},
      timeoutSeconds: 20,
      onLine: () => undefined,
      signal: new AbortController().signal,
    });

  beforeAll(async () => {
    helper = await go(name, {});
    const options = '-o AllowStreamLocalForwarding=no -o AllowTcpForwarding=no -o PidFile=/run/awkward-sshd.pid';
    expect(await onMachine(`sudo -n /usr/sbin/sshd -p ${awkwardPort} ${options}`)).toBe(0);
  });
  afterAll(async () => {
    await onMachine('sudo -n kill "$(cat /run/awkward-sshd.pid)"');
    await helper.close();
  });

  /** What listens there is told whether or not sshd forwards connections. */
  async function asked(host: Host): Promise<unknown[]> {
    const [address, timeoutSeconds] = ['127.0.0.1', 2];
    return Promise.all([
      host.probe({ address, port: 22, timeoutSeconds }),
      host.probe({ address, port: 1, timeoutSeconds }),
      host.probe({ address: 'registry.test', port: 5000, path: '/v2/', timeoutSeconds }),
      host.probe({ address, port: 1, path: '/v2/', timeoutSeconds }),
    ]);
  }
  const answers = [{ answers: true }, { answers: false }, { answers: true, status: 401 }, { answers: false }];

  /** @returns how many of twenty requests at once were answered */
  async function answersOf(host: Host): Promise<number> {
    const answers = await Promise.all(Array.from({ length: 20 }, () => host.docker.listContainers()));
    expect((await host.execInContainer('nobody-there', ['true'], 10)).stderr).toMatch(/No such container/);
    await host.close();
    return answers.length;
  }

  it('as root', async () => {
    expect(await answersOf(await go(name, { user: 'root' }))).toBe(20);
  });

  it('with a command that takes too long, and is not taken for a lost connection by the next one, nor by one that waits behind it', async () => {
    const host = await go(name, {});
    const {
      REGISTRY: server = '',
      REGISTRY_USER: username = '',
      REGISTRY_PASSWORD: password = '',
    } = sandboxEnvironment();
    await host.docker.pullImage(deafImage, { server, username, password });
    const container = await host.docker.createContainer('awkward-slow', { Image: deafImage, HostConfig: {} });
    await host.docker.startContainer(container);
    try {
      for (let time = 0; time < 3; time += 1)
        await expect(host.execInContainer(container, ['sleep', '5'], 0.3)).rejects.toMatchObject({ code: 'timed-out' });
      expect(await host.execInContainer(container, ['echo', 'here'], 10)).toMatchObject({
        exitStatus: 0,
        stdout: 'here\n',
      });
      // As many as there are shells, and one more that waits its turn behind one of them.
      const slow = Array.from({ length: 3 }, () => host.execInContainer(container, ['sleep', '3'], 1));
      const queued = host.execInContainer(container, ['sh', '-c', 'echo x >>/ran; cat /ran'], 20);
      const ended = await Promise.allSettled([...slow, queued]);
      expect(ended.map((one) => (one.status === 'rejected' ? one.reason.code : one.value.stdout))).toEqual([
        ...['timed-out', 'timed-out', 'timed-out'],
        'x\n',
      ]);
      // The shell that it waited in first has ended by then.
      await new Promise((resolve) => setTimeout(resolve, 3000));
      expect((await host.execInContainer(container, ['cat', '/ran'], 10)).stdout).toBe('x\n');
    } finally {
      await host.docker.removeContainer(container, { force: true });
      await host.close();
    }
  });

  it('through a jump host', async () => {
    const other = name === 'dal-01' ? 'chi-02' : 'dal-01';
    const address = sandboxEnvironment()[name === 'dal-01' ? 'DAL_01' : 'CHI_02'] ?? '';
    expect(await answersOf(await go(address, { proxy: `deploy@${other}` }))).toBe(20);
  });

  it('through a command', async () => {
    const { SANDBOX_SSH_CONFIG = '' } = sandboxEnvironment();
    expect(await answersOf(await go(name, { proxyCommand: `ssh -F ${SANDBOX_SSH_CONFIG} -W %h:%p ${name}` }))).toBe(20);
  });

  it('where sshd forwards connections', async () => {
    const host = await go(name, {});
    expect(await asked(host)).toEqual(answers);
    await host.close();
  });

  it('where sshd forwards nothing', async () => {
    const { SANDBOX_KEY = '' } = sandboxEnvironment();
    const ssh = { port: awkwardPort, keys: [SANDBOX_KEY], config: [unknowingConfig()] };
    const proxy = `deploy@${sandboxEnvironment()[name === 'dal-01' ? 'DAL_01' : 'CHI_02']}`;
    const host = await go('127.0.0.1', { ...ssh, proxy }, true);
    expect(await asked(host)).toEqual(answers);
    expect(await answersOf(host)).toBe(20);
  });
});

/** An ssh_config that knows no keys and forgets those it is told. */
function unknowingConfig(): string {
  const directory = mkdtempSync('/tmp/longshore-contract-');
  writeFileSync(
    `${directory}/config`,
    `Host *\n  UserKnownHostsFile ${directory}/known_hosts\n  GlobalKnownHostsFile none\n`,
  );
  return `${directory}/config`;
}
