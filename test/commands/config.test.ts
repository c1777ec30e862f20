import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, expect, test, vi } from 'vitest';
import ShowConfig from '../../src/commands/config.ts';
import { minimal } from '../config/load-text.ts';
import { type } from './type.ts';

const place = mkdtempSync(join(tmpdir(), 'longshore-show-'));
const file = join(place, 'deploy.yml');
writeFileSync(file, `${minimal}proxy: {host: "<%= \`echo example.com\` %>"}\nssh: {forward_agent: true}\n`);
writeFileSync(join(place, 'deploy.staging.yml'), 'servers: [192.0.2.7]\n');

beforeEach(() => void vi.stubEnv('CI', '1').stubEnv('NO_COLOR', '1').stubEnv('GITHUB_ACTIONS', ''));
afterAll(() => rmSync(place, { recursive: true }));

test('config shows the merged truth on stdout, and warnings on stderr', async () => {
  const { stdout, stderr } = await type(ShowConfig, 'staging', '-c', file);
  expect(stdout).toContain(`shop in staging, from ${file} and ${join(place, 'deploy.staging.yml')}\n`);
  expect(stdout).toContain('    hosts:\n      192.0.2.7:\n');
  expect(stdout).toContain('      hosts: [example.com');
  expect(stderr).toContain('`ssh.forward_agent` lets');
});

test('config --origin says where each value comes from', async () => {
  const { stdout } = await type(ShowConfig, '-d', 'staging', '-c', file, '--origin');
  expect(stdout).toMatch(/^primary_host: 192\.0\.2\.7 +# \S+deploy\.staging\.yml:1$/m);
  expect(stdout).toMatch(/^deploy_timeout: 30 +# default$/m);
});

test('config --json is a tree for programs', async () => {
  const { stdout } = await type(ShowConfig, '-c', file, '--json', '--origin');
  expect(JSON.parse(stdout)).toMatchObject({
    service: 'shop',
    settings: { service: { value: 'shop', origin: `${file}:1` }, boot: { wait: { value: 0, origin: 'default' } } },
  });
});

test('config shows keys by the names of their secrets, never a key, and each machine’s own user and port', async () => {
  const keys = join(place, 'keys.yml');
  const pem = '-----BEGIN OPENSSH PRIVATE KEY-----\\nb3BlbnNzaC1rZXk\\n';
  const hosts = 'hosts: {192.0.2.1: {user: ubuntu, port: 2222}}';
  writeFileSync(keys, `${minimal}ssh: {user: app, key_data: [DEPLOY_KEY, "${pem}"], ${hosts}}\n`);
  for (const more of [[], ['--json'], ['--origin']]) {
    const { stdout, stderr } = await type(ShowConfig, '-c', keys, ...more);
    expect(stdout).toContain('DEPLOY_KEY');
    expect(stdout).toContain('2222');
    expect(stdout + stderr).not.toContain('b3BlbnNzaC1rZXk');
  }
  const { settings } = JSON.parse((await type(ShowConfig, '-c', keys, '--json')).stdout);
  expect(settings.ssh).toMatchObject({ user: 'app', key_data: { DEPLOY_KEY: { secret: 'DEPLOY_KEY' } } });
  expect(settings.roles.web.hosts['192.0.2.1']).toMatchObject({ user: 'ubuntu', port: 2222 });
});

test('config shows the chosen machines only, and runs no command when told so', async () => {
  await expect(type(ShowConfig, '-c', file, '-h', 'none')).rejects.toMatchObject({ code: 'usage' });
  await expect(type(ShowConfig, '-c', file, '--no-exec')).rejects.toMatchObject({ code: 'config-invalid' });
  await expect(type(ShowConfig, '-c', file, '--no-exec', '--erb', 'ruby')).rejects.toThrow('--no-exec');
});
