import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { LockResult } from '../../src/report/results.ts';
import { makeProject, type Project, sandbox } from './harness.ts';
import { chi, dal, emptyMachines, lockIsHeld, on, running, served } from './machines.ts';
import { type Relay, startRelays } from './relay.ts';

/** What a command brings along: a key that lies on no disk, a user and port per machine, the agent; and how it leaves. */

const host = 'small.test';
const key = sandbox['SANDBOX_KEY'] ?? '';
let project: Project;
let relay: Relay;
let agent: ChildProcess;

beforeAll(async () => {
  await emptyMachines(dal, chi);
  // The second machine is reached at another port, by root, and known by an alias.
  [relay] = (await startRelays(chi)) as [Relay];
  const known = readFileSync(sandbox['SANDBOX_KNOWN_HOSTS'] ?? '', 'utf8').split('\n');
  const keyOf = (loopback: string) =>
    known.find((line) => line.split(' ')[0]?.split(',').includes(loopback))?.replace(/^\S+ /, '') ?? '';
  project = makeProject('test/apps/small', {
    known_hosts: `the-first ${keyOf(dal.loopback)}\nthe-second ${keyOf(chi.loopback)}\n`,
    ssh_config: [
      `Host ${dal.address}\n  HostName ${dal.loopback}\n  HostKeyAlias the-first\n`,
      `Host ${chi.address}\n  HostName ${relay.address}\n  HostKeyAlias the-second\n`,
      'Host *\n  UserKnownHostsFile known_hosts\n  GlobalKnownHostsFile none\n  IdentityFile none\n',
    ].join(''),
    '.kamal/secrets': (text) => `${text}DEPLOY_KEY=$(cat ${key})\n`,
    '.kamal/hooks/pre-deploy': '#!/bin/sh\necho "agent: $(ssh-add -l 2>&1)"\n',
    '.kamal/hooks/pre-app-boot': `#!/bin/sh
[ -e waits ] || exit 0
trap 'echo still here' TERM
echo waiting
while :; do sleep 0.1; done
`,
    'config/deploy.yml': (text) =>
      `${text.replace(/config: .*/, 'config: ssh_config\n  keys_only: true\n  key_data: [DEPLOY_KEY]\n  forward_agent: true')}
x-longshore:
  ssh: {hosts: {${chi.address}: {user: root, port: ${relay.port}}}}
  hooks: {pre-deploy: {run_on: hosts}}
aliases: {ship: deploy}
`,
  });
  const socket = join(project.directory, '../agent');
  agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: 'ignore' });
  while (!existsSync(socket)) await new Promise((resolve) => setTimeout(resolve, 20));
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'only in the agent', '-f', `${socket}-key`]);
  execFileSync('ssh-add', ['-q', `${socket}-key`], { env: { ...process.env, SSH_AUTH_SOCK: socket } });
});

afterAll(() => {
  agent.kill();
  relay.stop();
  project.remove();
});

test('each machine is reached by its own user and port, with a key from the secrets', async () => {
  const setup = await project.longshore('setup');
  expect(setup, setup.output).toMatchObject({ status: 0 });
  expect(await running(chi, 'small')).toHaveLength(1);
  expect(await on(chi, 'ls -d /root/.kamal /home/deploy/.kamal 2>/dev/null || true')).toBe('/root/.kamal');
  expect(await on(dal, 'ls -d /root/.kamal /home/deploy/.kamal 2>/dev/null || true')).toBe('/home/deploy/.kamal');
  expect(setup.output).not.toContain('PRIVATE KEY');
  expect(setup.stderr).toContain('`ssh.forward_agent` lets');
});

test('hooks on the machines reach the agent of this box, and an alias stands for a command', async () => {
  const version = project.commit('With an agent');
  const env = { SSH_AUTH_SOCK: join(project.directory, '../agent') };
  const shipped = await project.longshore('ship --json', { env });
  expect(shipped, shipped.output).toMatchObject({ status: 0 });
  const said = shipped.events.flatMap((event) =>
    event.type === 'output' && event.source === 'pre-deploy' ? [`${event.host} ${event.line}`] : [],
  );
  expect(said.toSorted()).toEqual([
    expect.stringMatching(new RegExp(`^${dal.address} agent: .*only in the agent`)),
    expect.stringMatching(new RegExp(`^${chi.address} agent: .*only in the agent`)),
  ]);
  expect(await served(dal, host)).toBe(version);
});

test('a second Ctrl-C leaves at once and says so; what serves goes on, and the next deploy finishes', async () => {
  const before = await served(dal, host);
  const version = project.commit('Left in the middle', { waits: '' });
  let left = 0;
  const ended = await project.longshore('deploy --json', {
    onEvent(event, child) {
      if (event.type !== 'output' || event.source !== 'pre-app-boot') return;
      left = Date.now();
      // First while the hook waits, then when it says that it goes on all the same.
      if (event.line === 'waiting' || event.line === 'still here') child.kill('SIGINT');
    },
  });
  expect(ended, ended.output).toMatchObject({ status: 130 });
  expect(Date.now() - left).toBeLessThan(3000);
  expect(ended.stderr).toContain('left at once: what was begun may be half done');
  expect(await served(dal, host)).toBe(before);
  expect(await lockIsHeld(dal, 'small')).toBe(true);
  const again = project.commit('Finished', { waits: null });
  expect(again).not.toBe(version);
  const deploy = await project.longshore('deploy');
  expect(deploy, deploy.output).toMatchObject({ status: 0 });
  expect(await Promise.all([dal, chi].map((one) => served(one, host)))).toEqual([again, again]);
  expect(await lockIsHeld(dal, 'small')).toBe(false);
});

test('a lock that a filtered kamal left on another machine is shown, stops a deploy, and is given back', async () => {
  const details = Buffer.from('Locked by: Kim at 2026-01-02T03:04:05Z\nVersion: 1\nMessage: Automatic deploy lock');
  await on(chi, `mkdir /root/.kamal/lock-small && echo ${details.toString('base64')} >/root/.kamal/lock-small/details`);
  const status = JSON.parse((await project.longshore('lock status --json')).stdout) as LockResult;
  expect(status).toMatchObject({ held: false, elsewhere: [{ host: chi.address }] });
  expect(status.elsewhere?.[0]?.holder.details).toContain('Locked by: Kim');
  project.commit('Not now');
  const deploy = await project.longshore('deploy');
  expect(deploy, deploy.output).toMatchObject({ status: 4 });
  expect(deploy.stderr).toContain('longshore lock release');
  const release = await project.longshore('lock release');
  expect(release, release.output).toMatchObject({ status: 0 });
  expect(release.stdout).toContain(`given back on ${chi.address}`);
  expect(await on(chi, 'ls -d /root/.kamal/lock-small 2>/dev/null || echo gone')).toBe('gone');
});
