import { describe, expect, test } from 'vitest';
import { loadLayers } from '../../src/config/load.ts';
import { settingsOf } from '../../src/config/truth.ts';
import { configAsJson, type ConfigResult, renderConfig } from '../../src/report/config.ts';
import { type Files, inDirectory, minimal } from '../config/load-text.ts';

const file = `service: shop
image: acme/shop
servers:
  web:
    - 192.0.2.1
    - 192.0.2.2: canary
    - 192.0.2.3
  worker:
    hosts: [192.0.2.4]
    cmd: bin/jobs --password=hunter1 --queues all
    env: {QUEUE: mail}
registry:
  server: registry.example.com
  username: u
  password: hunter2
builder:
  arch: amd64
  args: {GITHUB_TOKEN: hunter3, V: 1}
env:
  clear: {LOG: info, URL: 'postgres://u:hunter4@db/x', API_TOKEN: hunter5}
  secret: [DATABASE_PASSWORD, MAIL:SMTP]
  tags:
    canary: {LOG: debug}
x-longshore:
  boot: {limit: 1}
accessories:
  db:
    image: postgres
    host: 192.0.2.9
    files: ['a:/etc/a']
    env: {clear: {PASSWORD: hunter6}, secret: [PG]}
`;
const staging = 'retain_containers: 2\nproxy: {host: staging.example.com}\n';

function resultOf(files: Files, destination?: string): ConfigResult {
  return inDirectory(files, (cwd) => {
    const request = { file: 'deploy.yml', cwd, env: {}, ...(destination === undefined ? {} : { destination }) };
    const { config, layers } = loadLayers(request);
    return { service: 'shop', files: ['deploy.yml'], settings: settingsOf({ config, layers }) };
  });
}

/** The part of the text below a line that says this. */
function below(text: string, start: string): string {
  const lines = text.split('\n');
  const index = lines.findIndex((line) => line.trim() === start);
  const indent = /^ */.exec(lines[index] ?? '')?.[0].length ?? 0;
  const end = lines.findIndex((line, at) => at > index && (/^ */.exec(line)?.[0].length ?? 0) <= indent);
  return lines
    .slice(index, end === -1 ? undefined : end)
    .map((line) => line.slice(indent))
    .join('\n');
}

describe('what a file means', () => {
  test('is shown for every role, with the machines that get the same together', () => {
    expect(below(renderConfig(resultOf(file), { origins: 'left-out' }), 'hosts:')).toBe(`hosts:
  192.0.2.1, 192.0.2.3:
    user: root
    port: 22
    env:
      LOG: info
      URL: postgres://u:…@db/x
      API_TOKEN: (in the file, not shown)
      DATABASE_PASSWORD: secret DATABASE_PASSWORD
      MAIL: secret SMTP
  192.0.2.2:
    user: root
    port: 22
    tags: [canary]
    env:
      LOG: debug
      URL: postgres://u:…@db/x
      API_TOKEN: (in the file, not shown)
      DATABASE_PASSWORD: secret DATABASE_PASSWORD
      MAIL: secret SMTP`);
  });

  test('is shown with the place of each value, in whichever file', () => {
    const files = { 'deploy.yml': file, 'deploy.staging.yml': staging };
    const lines = renderConfig(resultOf(files, 'staging'), { origins: 'shown' }).split('\n');
    const from = (start: string) => lines.find((line) => line.trim().startsWith(start))?.replace(/.*# /, '');
    expect(from('service:')).toBe('deploy.yml:1');
    expect(from('retain_containers:')).toBe('deploy.staging.yml:1');
    expect(from('hosts: [staging')).toBe('deploy.staging.yml:2');
    expect(from('deploy_timeout:')).toBe('default');
    expect(from('limit: 1')).toBe('deploy.yml:25');
    expect(from('QUEUE: mail')).toBe('deploy.yml:11');
    expect(from('LOG: debug')).toBe('deploy.yml:23');
    expect(from('MAIL: secret SMTP')).toBe('deploy.yml:21');
    expect(from('stop_timeout: 30')).toBe('default');
  });

  test('never holds a password, wherever the file has it', () => {
    const result = resultOf(file);
    for (const origins of ['shown', 'left-out'] as const) {
      expect(renderConfig(result, { origins })).not.toContain('hunter');
      expect(JSON.stringify(configAsJson(result, { origins }))).not.toContain('hunter');
    }
  });

  test('is a tree for programs', () => {
    expect(configAsJson(resultOf(file), { origins: 'left-out' })).toMatchObject({
      service: 'shop',
      settings: {
        roles: {
          web: { hosts: { '192.0.2.2': { tags: ['canary'], env: { LOG: 'debug', MAIL: { secret: 'SMTP' } } } } },
          worker: { cmd: ['bin/jobs', '--password=…', '--queues', 'all'], proxy: false, stop_timeout: 30 },
        },
        accessories: {
          db: {
            image: 'postgres',
            hosts: ['192.0.2.9'],
            files: { '/etc/a': { local: 'a', on_machine: 'shop-db/etc/a', mode: '755' } },
            env: { PG: { secret: 'PG' } },
          },
        },
        registry: { username: 'u', password: { hidden: true } },
      },
    });
    expect(configAsJson(resultOf(file), { origins: 'shown' })).toMatchObject({
      settings: { registry: { server: { value: 'registry.example.com', origin: 'deploy.yml:13' } } },
    });
  });

  test('is shown for the shortest file', () => {
    const text = renderConfig(resultOf(minimal), { origins: 'left-out' });
    expect(below(text, 'hosts:')).toBe('hosts:\n  192.0.2.1:\n    user: root\n    port: 22');
    expect(text).toContain('\n  password: (in the file, not shown)\n');
  });
});
