import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import Init from '../../src/commands/init.ts';
import { loadConfig } from '../../src/config/load.ts';
import { exposedPort } from '../../src/config/starter.ts';
import { init } from '../../src/pipeline/init.ts';
import type { Run } from '../../src/pipeline/run.ts';
import { type } from './type.ts';

let place = '';
const read = (file: string) => readFileSync(join(place, file), 'utf8');
const config = () => loadConfig({ file: 'config/deploy.yml', cwd: place, env: {} });

beforeEach(() => {
  place = join(mkdtempSync(join(tmpdir(), 'longshore-init-')), 'My Shop');
  mkdirSync(place);
  vi.stubEnv('CI', '1').stubEnv('NO_COLOR', '1').stubEnv('GITHUB_ACTIONS', '');
  vi.spyOn(process, 'cwd').mockReturnValue(place);
});

afterEach(() => {
  vi.restoreAllMocks();
  rmSync(place, { recursive: true });
});

describe('init', () => {
  test('writes a config that can be used, secrets and samples of hooks', async () => {
    writeFileSync(join(place, 'Dockerfile'), 'FROM node\nEXPOSE 3000\n');
    const { stdout } = await type(
      Init,
      '--yes',
      '--image',
      'ghcr.io/acme/shop',
      '--host',
      '192.0.2.1,web-2.example.com',
    );
    expect(stdout).toMatch(
      /^wrote config\/deploy\.yml\nwrote \.kamal\/secrets\nwrote \.kamal\/hooks\/pre-build\.sample\n/,
    );
    expect(stdout).toContain('The Dockerfile exposes 3000');
    expect(config()).toMatchObject({
      service: 'my-shop',
      values: 'exact',
      repository: 'ghcr.io/acme/shop',
      hosts: ['192.0.2.1', 'web-2.example.com'],
      registry: { username: { secret: 'REGISTRY_USERNAME' }, password: { secret: 'REGISTRY_PASSWORD' } },
      roles: [{ proxy: { appPort: 3000 } }],
      warnings: [],
    });
    expect(read('.kamal/secrets')).toContain('REGISTRY_PASSWORD=$(gh auth token)\n');
    expect(statSync(join(place, '.kamal/hooks/pre-deploy.sample')).mode & 0o111).toBe(0o111);
  });

  test('overwrites nothing, and says what it left alone', async () => {
    mkdirSync(join(place, 'config'));
    writeFileSync(join(place, 'config/deploy.yml'), 'service: mine\n');
    const { stdout } = await type(Init, '-y');
    expect(stdout).toMatch(/^wrote \.kamal\/secrets\n[^]*\nleft alone config\/deploy\.yml: it was there\n/);
    expect(read('config/deploy.yml')).toBe('service: mine\n');
    expect((await type(Init, '-y', '--json')).stdout).toContain('"written": []');
  });

  test('writes nothing when it does not know enough, or what was said makes no config', async () => {
    await expect(type(Init, '--yes')).rejects.toMatchObject({
      code: 'usage',
      message: 'init has to know --image and --host',
    });
    await expect(type(Init, '-y', '--image', 'Acme', '--host', 'a@b')).rejects.toMatchObject({
      code: 'usage',
      details: expect.arrayContaining([expect.stringContaining('write the host alone, `b`')]) as string[],
    });
    expect(readdirSync(place)).toEqual([]);
  });

  test('asks three questions where somebody can answer', async () => {
    const asked: string[] = [];
    const answers = ['', 'registry.example.com:5000/acme/shop', 'a.example.com b.example.com'];
    const ask = (question: string, offer: string) => {
      asked.push(`${question} [${offer}]`);
      return Promise.resolve(answers[asked.length - 1] || offer);
    };
    await init({ hosts: [], ask }, { configFile: 'config/deploy.yml' } as Run);
    expect(asked).toEqual([
      'What is the app called? [my-shop]',
      'Which image, with its registry? (such as ghcr.io/acme/shop) []',
      'Which machines? (names or addresses, by comma) []',
    ]);
    expect(config()).toMatchObject({
      image: 'acme/shop',
      registry: { server: 'registry.example.com:5000' },
      hosts: ['a.example.com', 'b.example.com'],
    });
  });

  test('takes a registry apart from the image, and words that YAML would read otherwise', async () => {
    const flags = ['--service', '1e+3', '--image', 'acme/shop', '--host', '::1', '--registry-server', 'r.example.com'];
    await expect(type(Init, '-y', ...flags)).rejects.toMatchObject({ code: 'usage' });
    await type(Init, '-y', ...flags.with(1, 'on'));
    expect(config()).toMatchObject({ service: 'on', repository: 'r.example.com/acme/shop', hosts: ['::1'] });
  });

  test.each([
    ['EXPOSE 80', 80],
    ['expose 80/tcp 443\nEXPOSE 3000', 3000],
    ['EXPOSE 53/udp', undefined],
    ['EXPOSE 53/udp 8080\nEXPOSE 9000/udp', 8080],
    ['EXPOSE 8080\r\n', 8080],
    ['EXPOSE $PORT', undefined],
    ['FROM x', undefined],
    ['EXPOSE 99999', undefined],
  ])('reads %j in a Dockerfile as port %j', (text, port) => {
    expect(exposedPort(text)).toBe(port);
  });
});
