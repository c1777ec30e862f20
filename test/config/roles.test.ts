import { describe, expect, test } from 'vitest';
import { wantedContainers } from '../../src/app/wanted.ts';
import { load, problems, withKeys } from './load-text.ts';

describe('what a file means for its roles', () => {
  test('values reach containers as text, literally', () => {
    const env = 'env: {F: no, ZERO: 0, EMPTY: "", V: 7.0, BIG: 1_000, HOME: "$HOME/`x`", LINES: "a\\nb"}';
    expect(load(withKeys(env)).roles[0]?.hosts[0]?.env.clear).toEqual({
      F: 'false',
      ZERO: '0',
      EMPTY: '',
      V: '7.0',
      BIG: '1000',
      HOME: '$HOME/`x`',
      LINES: 'a\nb',
    });
  });

  test('env: root, then role, then the host’s tags in order; clear beats secret', () => {
    const config = load(
      withKeys(`servers:
  web:
    hosts: [{a: [one, two]}, b]
    env: {clear: {ROLE: web}, secret: [S:ROLE_S, BOTH]}
env:
  clear: {X: root, BOTH: clear}
  secret: [S, T]
  tags:
    one: {X: one, Y: one}
    two: {clear: {X: two}, secret: [U]}`),
    );
    expect(config.roles[0]?.hosts).toEqual([
      {
        host: 'a',
        env: { clear: { X: 'two', BOTH: 'clear', ROLE: 'web', Y: 'one' }, secret: { S: 'ROLE_S', T: 'T', U: 'U' } },
      },
      { host: 'b', env: { clear: { X: 'root', BOTH: 'clear', ROLE: 'web' }, secret: { S: 'ROLE_S', T: 'T' } } },
    ]);
    expect(config.warnings).toEqual(['deploy.yml:5: `BOTH` is both clear and secret for web; the clear value counts']);
  });

  test('tags without any root env do nothing, with a warning', () => {
    const config = load(withKeys('servers: [{a: toString}]'));
    expect(config.roles[0]?.hosts).toEqual([{ host: 'a', env: { clear: {}, secret: {} } }]);
    expect(config.warnings).toEqual(['deploy.yml:1: the tag `toString` of a is not in `env.tags`, so it does nothing']);
  });

  test('roles: primary first, then by name; of two entries for a host the last counts', () => {
    const config = load(withKeys('primary_role: m\nservers: {z: [c], m: [b, a], a: [b, {c: x}, c]}'));
    expect(config.roles.map(({ name, isPrimary }) => [name, isPrimary])).toEqual([
      ['m', true],
      ['a', false],
      ['z', false],
    ]);
    expect([config.primaryHost, config.hosts]).toEqual(['b', ['b', 'a', 'c']]);
  });

  test('how long a container gets to stop: role, root, or the drain time where no traffic comes', () => {
    const servers = 'servers: {web: [a], job: [a], api: {hosts: [a], proxy: true, stop_timeout: 9}}\ndrain_timeout: 12';
    const times = (text: string) =>
      Object.fromEntries(load(withKeys(text)).roles.map((role) => [role.name, role.stopTimeoutSeconds]));
    expect(times(servers)).toEqual({ web: undefined, job: 12, api: 9 });
    expect(times(`${servers}\nstop_timeout: 5`)).toEqual({ web: 5, job: 5, api: 9 });
  });

  test('traffic: the primary unless it says no, others if they say so, their keys over the root’s', () => {
    const config = load(
      withKeys(`proxy: {host: "a.b, c.d", app_port: 3000, healthcheck: {path: /up, interval: 2}, path_prefix: "/x,/y"}
servers:
  web: [a]
  job: [b]
  api: {hosts: [c], proxy: {hosts: [api.b], healthcheck: {path: /ok}, buffering: {requests: false, memory: 2_000}}}`),
    );
    const routes = Object.fromEntries(config.roles.map((role) => [role.name, role.proxy]));
    expect(routes['job']).toBeUndefined();
    expect(routes['web']).toMatchObject({ hosts: ['a.b', 'c.d'], appPort: 3000, pathPrefixes: ['/x', '/y'] });
    expect(routes['api']).toMatchObject({
      hosts: ['api.b'],
      appPort: 3000,
      healthcheck: { path: '/ok', intervalSeconds: 2 },
      buffering: { requests: false, responses: true, memoryBytes: 2000 },
    });
    expect(load(withKeys('servers: {web: {hosts: [a], proxy: false}}')).roles[0]).not.toHaveProperty('proxy');
  });

  test('assets: a role’s own before the root’s, and only where traffic comes', () => {
    const servers = 'servers: {web: [a], api: {hosts: [a], proxy: {host: x.y}, asset_path: "/own/:ro"}, job: [a]}';
    const config = load(withKeys(`asset_path: /public/assets\n${servers}`));
    expect(Object.fromEntries(config.roles.map((role) => [role.name, role.assets]))).toEqual({
      web: { path: '/public/assets' },
      api: { path: '/own', mountOptions: 'ro' },
      job: undefined,
    });
    const volumes = wantedContainers({ ...config, destination: 'staging' }, 'v1').map(({ spec }) => spec.volumes);
    expect(volumes).toEqual([
      ['$PWD/.kamal/apps/shop-staging/assets/volumes/web-v1:/public/assets'],
      ['$PWD/.kamal/apps/shop-staging/assets/volumes/api-v1:/own:ro'],
      [],
    ]);
  });

  test('docker options: flags, lists, numbers; restart is a thing of its own', () => {
    const options =
      '{memory: 256m, cpus: 1.5, init: true, cap-add: [A, B], ulimit: "nofile=1:2", read-only: false, x-y: , restart: on-failure:3}';
    const role = load(withKeys(`servers: {web: {hosts: [a], options: ${options}}}`)).roles[0];
    expect(role?.restartPolicy).toBe('on-failure:3');
    expect(role?.options).toEqual([
      { name: 'memory', value: '256m' },
      { name: 'cpus', value: '1.5' },
      { name: 'init', value: true },
      { name: 'cap-add', value: 'A' },
      { name: 'cap-add', value: 'B' },
      { name: 'ulimit', value: 'nofile=1:2' },
      { name: 'read-only', value: 'false' },
    ]);
  });

  test('a list of hosts in the destination’s file replaces roles, also for messages', () => {
    const files = {
      'deploy.yml': withKeys('servers: {web: {hosts: [a, b]}}'),
      'deploy.staging.yml': 'servers:\n  - c\n  - c@d\n',
    };
    expect(problems(files, 'staging')).toEqual([
      'deploy.staging.yml:3:5: write the host alone, `d`, and the rest as `ssh: {hosts: {d: {user: c}}}`, or for all machines as `ssh: {user: c}`',
    ]);
  });

  test('what Kamal’s shell would replace in a clear value stays as it stands', () => {
    const config = load(withKeys('env: {A: "${HOME}/x"}'));
    expect(config.roles[0]?.hosts[0]?.env.clear).toEqual({ A: '${HOME}/x' });
    expect(config.warnings).toEqual([]);
  });
});
