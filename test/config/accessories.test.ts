import { describe, expect, test } from 'vitest';
import type { Accessory } from '../../src/config/config-accessory.ts';
import { load, minimal, problems, withKeys } from './load-text.ts';

const roles = `servers:
  web: [{a: writer}, {b: [reader, slow]}]
  worker: {hosts: [c, {a: writer}]}
`;

function accessory(text: string): Accessory | undefined {
  return load(withKeys(`${roles}accessories: {db: {image: postgres, ${text}}}`)).accessories[0];
}

function placesOf(text: string): string[] | undefined {
  return accessory(text)?.hosts.map(({ host }) => host);
}

describe('an accessory', () => {
  test('gets Kamal’s defaults', () => {
    expect(accessory('host: d')).toEqual({
      name: 'db',
      service: 'shop-db',
      image: 'postgres',
      hosts: [{ host: 'd', env: { clear: {}, secret: {} } }],
      network: 'kamal',
      publish: [],
      labels: {},
      options: [],
      restartPolicy: 'unless-stopped',
      logging: { options: { 'max-size': '10m' } },
      files: [],
      directories: [],
      volumes: [],
      dependsOn: [],
      healthcheck: { intervalSeconds: 1, timeoutSeconds: 5, startPeriodSeconds: 30, retries: 3 },
      revert: false,
    });
  });

  test('runs where it is said, each machine once, in every form of servers', () => {
    expect(placesOf('host: d')).toEqual(['d']);
    expect(placesOf('hosts: [e, d, e]')).toEqual(['e', 'd']);
    expect(placesOf('role: worker')).toEqual(['c', 'a']);
    expect(placesOf('roles: [web, worker]')).toEqual(['a', 'b', 'c']);
    expect(placesOf('tag: writer')).toEqual(['a']);
    expect(placesOf('tags: [reader, writer]')).toEqual(['b', 'a']);
    const flat =
      'servers: [a, {b: reader}]\naccessories: {db: {image: i, tag: reader}, web: {image: i, service: w, role: web}}';
    expect(load(withKeys(flat)).accessories.map(({ hosts }) => hosts.map(({ host }) => host))).toEqual([
      ['b'],
      ['a', 'b'],
    ]);
  });

  test('is no machine of the app’s deploy', () => {
    const config = load(withKeys(`${roles}accessories: {db: {image: i, hosts: [d, a]}}`));
    expect(config).toMatchObject({ hosts: ['a', 'b', 'c'], accessoryHosts: ['d', 'a'], primaryHost: 'a' });
    expect(config.allHosts).toEqual(['a', 'b', 'c', 'd']);
  });

  test('may stand alone in a file; then the lock lies on the first machine of the first', () => {
    const text = minimal.replace(/servers.*\n/, '');
    const config = load(`${text}accessories: {db: {image: i, host: d}, cache: {image: i, host: e}}\n`);
    expect(config).toMatchObject({ roles: [], hosts: [], accessoryHosts: ['d', 'e'], primaryHost: 'd' });
    expect(problems(`${text}accessories: {}\n`)).toEqual([
      'deploy.yml:1:1: `servers` is missing: list the machines to deploy to',
    ]);
    expect(problems(`${text}servers: []\naccessories: {db: {image: i, host: d}}\n`)[0]).toContain(
      '`servers` is missing',
    );
  });

  test('has its own environment only', () => {
    const text = `${roles}env: {A: 1}\naccessories: {db: {image: i, host: d, env: {clear: {B: 2}, secret: [P, Q:R]}}}`;
    expect(load(withKeys(text)).accessories[0]?.hosts).toEqual([
      { host: 'd', env: { clear: { B: '2' }, secret: { P: 'P', Q: 'R' } } },
    ]);
  });

  test('is pulled from its own registry', () => {
    expect(accessory('host: d, registry: {server: "r.test:5000", username: u, password: [P]}')).toMatchObject({
      image: 'r.test:5000/postgres',
      registry: { server: 'r.test:5000', username: 'u', password: { secret: 'P' } },
    });
    expect(accessory('host: d, registry: {username: u, password: p}')?.image).toBe('postgres');
  });

  test('is pulled from one on the machine itself, which needs no login', () => {
    expect(accessory('host: d, registry: {server: "localhost:5000"}')).toMatchObject({
      image: 'localhost:5000/postgres',
      registry: { server: 'localhost:5000', localPort: 5000 },
    });
  });

  test('has files and directories in both forms', () => {
    const text = `service: pg, host: d,
    files: ["config/my.cnf:/etc/my.cnf", "init.sql.erb:/init/a.sql:ro,z", {local: k, remote: /k, mode: "0600", owner: "9:9", options: Z}],
    directories: ["data:/data:z", "/srv/x:/x", {local: logs, remote: /logs, mode: "0750", owner: pg}]`;
    expect(accessory(text)).toMatchObject({
      files: [
        { local: 'config/my.cnf', isTemplate: false, hostPath: 'pg/etc/my.cnf', remote: '/etc/my.cnf', mode: '755' },
        { local: 'init.sql.erb', isTemplate: true, hostPath: 'pg/init/a.sql', remote: '/init/a.sql', options: 'ro,z' },
        { local: 'k', hostPath: 'pg/k', remote: '/k', mode: '0600', owner: '9:9', options: 'Z' },
      ],
      directories: [
        { hostPath: 'pg/data', remote: '/data', options: 'z' },
        { hostPath: '/srv/x', remote: '/x' },
        { hostPath: 'pg/logs', remote: '/logs', mode: '0750', owner: 'pg' },
      ],
    });
  });

  test('an unquoted mode means what is written, with a warning', () => {
    const config = load(
      withKeys(`accessories:
  db:
    image: i
    host: d
    files: [{local: a, remote: /a, mode: 0640}, {local: b, remote: /b, mode: 640}, {local: c, remote: /c, mode: "u=rw"}]`),
    );
    expect(config.accessories[0]?.files.map(({ mode }) => mode)).toEqual(['0640', '640', 'u=rw']);
    expect(config.warnings).toEqual([
      'deploy.yml:5: this is the mode 0640 here; Kamal takes it for 416, so put it in quotes',
    ]);
  });

  test('publishes its port as Kamal does', () => {
    const publish = (port: string) => accessory(`host: d, port: ${port}`)?.publish;
    expect(publish('3306')).toEqual(['3306:3306']);
    expect(publish('"127.0.0.1:1:2"')).toEqual(['127.0.0.1:1:2']);
    expect(publish('"[::1]:1:2/udp"')).toEqual(['[::1]:1:2/udp']);
    expect(publish('"53/udp"')).toEqual(['53:53/udp']);
    expect(publish('""')).toEqual([]);
  });

  test('is reached through the proxy by keys of its own; false and an empty map are no proxy', () => {
    const text = `proxy: {host: shop.test, app_port: 3000}\n${roles}accessories: {db: {image: i, host: d, proxy: {host: db.test}}}`;
    expect(load(withKeys(text)).accessories[0]?.proxy).toMatchObject({ hosts: ['db.test'], appPort: 80 });
    expect(accessory('host: d, proxy: false')).not.toHaveProperty('proxy');
    expect(accessory('host: d, proxy: {}')).not.toHaveProperty('proxy');
  });

  test('takes Longshore’s own keys, also under x-longshore', () => {
    const config = load(
      withKeys(`${roles}accessories: {db: {image: i, host: d, port: "9:99"}, pool: {image: i, host: d}}
x-longshore:
  accessories:
    db: {stop_timeout: 60, stop_signal: SIGINT, before_replace: "dump > x", revert: true, healthcheck: {http: {}, retries: 9}}
    pool: {before_replace: {cmd: dump, timeout: 7200}, depends_on: [db], healthcheck: {cmd: "pg_isready -U 'a b'", start_period: 0}}
  servers: {worker: {depends_on: [pool]}}`),
    );
    expect(config.accessories).toMatchObject([
      {
        stopTimeoutSeconds: 60,
        stopSignal: 'SIGINT',
        beforeReplace: { command: 'dump > x', timeoutSeconds: 600 },
        revert: true,
        healthcheck: { check: { kind: 'http', path: '/', port: 99 }, retries: 9 },
      },
      {
        beforeReplace: { command: 'dump', timeoutSeconds: 7200 },
        dependsOn: ['db'],
        healthcheck: { check: { kind: 'cmd', words: ['pg_isready', '-U', 'a b'] }, startPeriodSeconds: 0 },
      },
    ]);
    expect(config.roles.map(({ dependsOn }) => dependsOn)).toEqual([[], ['pool']]);
  });

  test('volumes may start at the login directory', () => {
    expect(accessory('host: d, volumes: ["~/x:/x", "$PWD/y:/y", "$HOME/z:/z", data:/data]')?.volumes).toHaveLength(4);
  });
});

describe('what is published without an address is said with its line', () => {
  test('by port and by options', () => {
    const { warnings } = load(
      withKeys(`servers:
  web:
    hosts: [a]
    options:
      publish: "8080:80"
accessories:
  db:
    image: i
    host: d
    port: 5432
    options:
      publish:
        - "127.0.0.1:1:1"
        - "2:2/udp"
        - "0.0.0.0:3:3"
        - "[::1]:4:4"
        - "5"
  other: {image: i, host: d, port: "127.0.0.1:6:6"}`),
    );
    expect(warnings.map((line) => line.split(';')[0])).toEqual([
      'deploy.yml:5: `8080:80` is published on every address of the machine',
      'deploy.yml:10: `5432` is published on every address of the machine',
      'deploy.yml:14: `2:2/udp` is published on every address of the machine',
      'deploy.yml:17: `5` is published on every address of the machine',
    ]);
    expect(warnings[1]).toContain('`127.0.0.1:5432:5432`');
    expect(warnings[2]).toContain('`0.0.0.0:2:2/udp`');
  });
});
