import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeProject, type Project, sandbox } from './harness.ts';
import { bare, chi, dal, emptyMachines, on, running } from './machines.ts';

/** What is refused before anything changes: machines, keys, registries and images that are not as they should be. */

const key = sandbox['SANDBOX_KEY'] ?? '';
const knownHosts = sandbox['SANDBOX_KNOWN_HOSTS'] ?? '';
let project: Project;
let version: string;

beforeAll(async () => {
  await emptyMachines(dal, chi);
  project = makeProject('test/apps/small', {
    ssh_config: sshConfig(dal.loopback, chi.loopback),
    'config/deploy.yml': ownSshConfig,
  });
  version = project.commit('Not deployed');
  expect(await project.longshore('build push')).toMatchObject({ status: 0 });
});

afterAll(() => project.remove());

function ownSshConfig(text: string): string {
  return text.replace(/config: .*ssh_config/, 'config: ssh_config');
}

/** Where the two machines are said to be, and by which file of keys they are known. */
function sshConfig(one: string, two: string, known = knownHosts): string {
  return [dal, chi]
    .map(
      ({ address }, index) => `Host ${address}
  HostName ${index === 0 ? one : two}
  IdentityFile ${key}
  IdentitiesOnly yes
  UserKnownHostsFile ${known}
  GlobalKnownHostsFile none
`,
    )
    .join('');
}

async function nothingWasChanged(): Promise<void> {
  for (const machine of [dal, chi]) {
    expect(await on(machine, 'docker ps -aq; ls -A /home/deploy/.kamal 2>/dev/null || true')).toBe('');
  }
}

describe('before anything changes, setup names', () => {
  test('every machine whose key is unknown, with the fingerprint and the command that trusts it', async () => {
    project.commit('Keys', { ssh_config: sshConfig(dal.loopback, chi.loopback, 'my_known_hosts'), my_known_hosts: '' });
    const setup = await project.longshore('setup -P');
    expect(setup, setup.output).toMatchObject({ status: 3 });
    for (const { address, container } of [dal, chi]) {
      const [, fingerprint] = (await on({ ...dal, container }, 'ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key')).split(
        ' ',
      );
      expect(setup.stderr).toContain(`The key of ${address} is in no known_hosts file: ssh-ed25519 ${fingerprint}`);
    }
    expect(setup.stderr).toContain('longshore setup --accept-new-host-keys');
    await nothingWasChanged();
  });

  test('a machine whose key has changed, which --accept-new-host-keys does not accept either', async () => {
    const lines = readFileSync(knownHosts, 'utf8').split('\n');
    const keyOf = (where: string) =>
      lines
        .find((line) => line.includes(where))
        ?.split(' ')
        .slice(1)
        .join(' ');
    project.commit('Swapped keys', {
      my_known_hosts: `${dal.loopback} ${keyOf(chi.loopback)}\n${chi.loopback} ${keyOf(chi.loopback)}\n`,
    });
    const setup = await project.longshore('setup -P --accept-new-host-keys');
    expect(setup, setup.output).toMatchObject({ status: 3 });
    expect(setup.stderr).toContain(`The key of ${dal.address} is not the one in`);
    expect(setup.stderr).toContain(`ssh-keygen -R`);
    await nothingWasChanged();
  });

  test('a machine that refuses the user and one that is down, both at once', async () => {
    project.commit('Wrong user', {
      ssh_config: sshConfig(dal.loopback, '127.0.0.99'),
      'config/deploy.yml': (text) => text.replace('user: deploy', 'user: nobody-here'),
    });
    const setup = await project.longshore('setup -P');
    project.commit('Right user', { 'config/deploy.yml': (text) => text.replace('user: nobody-here', 'user: deploy') });
    expect(setup, setup.output).toMatchObject({ status: 3 });
    expect(setup.stderr).toMatch(new RegExp(`${dal.address}.*nobody-here|nobody-here.*${dal.address}`));
    expect(setup.stderr).toMatch(
      new RegExp(`${chi.address} cannot be reached at 127\\.0\\.0\\.99:22: connection refused`),
    );
    expect(setup.stderr).toContain('Nothing was changed');
    await nothingWasChanged();
  });

  test('a machine that takes the connection and says nothing, within seconds', async () => {
    project.commit('Silent', { ssh_config: (text) => text.replace(/$/, '  ProxyCommand sleep 60\n') });
    const plan = await project.longshore('plan');
    project.commit('As they are', { ssh_config: sshConfig(dal.loopback, chi.loopback) });
    expect(plan, plan.output).toMatchObject({ status: 3 });
    expect(plan.stderr).toContain(chi.address);
    expect(plan.seconds).toBeLessThan(15);
  });
});

test('deploy to a machine without Docker says so, and what to type', async () => {
  await on(bare, 'service docker stop >/dev/null 2>&1; sleep 0.2; rm -f /var/run/docker.sock');
  try {
    project.commit('Bare', { ssh_config: sshConfig(dal.loopback, bare.loopback) });
    const deploy = await project.longshore(`deploy -P --version ${version}`);
    expect(deploy, deploy.output).toMatchObject({ status: 3 });
    expect(deploy.stderr).toMatch(new RegExp(`${chi.address}.* (has no Docker|its engine does not run)`));
    expect(deploy.stderr).toContain('longshore setup');
    await nothingWasChanged();
  } finally {
    await on(bare, 'command -v dockerd >/dev/null && service docker start >/dev/null 2>&1; true');
    project.commit('As they are', { ssh_config: sshConfig(dal.loopback, chi.loopback) });
  }
});

describe('the registry', () => {
  test('with a wrong password: build push is refused, and so is the machines’ pull, which leaves no container', async () => {
    const env = { REGISTRY_PASSWORD: 'wrong' };
    const push = await project.longshore('build push', { env });
    expect(push, push.output).toMatchObject({ status: 3 });
    expect(push.stderr).toContain('registry.test:5000');
    const setup = await project.longshore(`setup -P --version ${version}`, { env });
    expect(setup, setup.output).toMatchObject({ status: 3 });
    expect(setup.stderr).toMatch(/registry\.test:5000/);
    for (const machine of [dal, chi]) expect(await running(machine, 'small')).toEqual([]);
  });

  test('whose tag was moved between push and pull: the digests differ, and nothing is created', async () => {
    const moved = project.commit('Another image', { behaviour: 'nobody:crash' });
    // A docker client that is slow to come back from its push, as far as the other pusher is concerned.
    const bin = join(project.directory, '../bin');
    mkdirSync(bin);
    const retag = `${process.execPath} ${join(import.meta.dirname, 'retag.mjs')} ${sandbox['REGISTRY']}/small ${version} ${moved}`;
    const client = execFileSync('sh', ['-c', 'command -v docker'], { encoding: 'utf8' }).trim();
    writeFileSync(
      join(bin, 'docker'),
      `#!/bin/sh\n${client} "$@" || exit\ncase " $* " in *" --output=type=registry "* | " push "*) ${retag} ;; esac\n`,
      { mode: 0o755 },
    );
    const deploy = await project.longshore('setup --json', {
      env: {
        PATH: `${bin}:${process.env['PATH']}`,
        REGISTRY_LOGIN: `${sandbox['REGISTRY_USER']}:${sandbox['REGISTRY_PASSWORD']}`,
      },
    });
    expect(deploy, deploy.output).toMatchObject({ status: 3 });
    expect(deploy.stdout).toMatch(/image-mismatch|is sha256:\w+ there, not sha256:\w+/);
    for (const machine of [dal, chi]) expect(await on(machine, 'docker ps -aq --filter label=service=small')).toBe('');
  });

  test('--skip-push deploys what is there, and names the version that is not', async () => {
    const missing = await project.longshore('setup -P --version 0123456789abcdef');
    expect(missing, missing.output).toMatchObject({ status: 3 });
    expect(missing.stderr).toContain('0123456');
    const setup = await project.longshore(`setup -P --version ${version}`);
    expect(setup, setup.output).toMatchObject({ status: 0 });
    expect(await running(chi, 'small')).toEqual([`small-web-${version}`]);
  });
});
