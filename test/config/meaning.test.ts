import { describe, expect, test } from 'vitest';
import { sshTo } from '../../src/config/ssh.ts';
import { cpuMilliseconds } from '../house/cpu-time.ts';
import { load, minimal, withKeys } from './load-text.ts';

describe('what a file means', () => {
  test('the least file gets Kamal’s defaults', () => {
    expect(load(minimal)).toEqual({
      file: 'deploy.yml',
      others: [],
      service: 'shop',
      image: 'acme/shop',
      repository: 'acme/shop',
      registry: { username: 'u', password: 'p' },
      roles: [
        {
          name: 'web',
          isPrimary: true,
          hosts: [{ host: '192.0.2.1', env: { clear: {}, secret: {} } }],
          labels: {},
          options: [],
          restartPolicy: 'unless-stopped',
          smoke: [],
          logging: { options: { 'max-size': '10m' } },
          volumes: [],
          dependsOn: [],
          mayOverlap: true,
          isSingleton: false,
          proxy: {
            hosts: [],
            pathPrefixes: [],
            appPort: 80,
            ssl: false,
            healthcheck: {},
            buffering: { requests: true, responses: true },
            logRequestHeaders: ['Cache-Control', 'Last-Modified', 'User-Agent'],
            logResponseHeaders: [],
          },
        },
      ],
      primaryRole: 'web',
      primaryHost: '192.0.2.1',
      hosts: ['192.0.2.1'],
      accessories: [],
      proxyRuns: new Map(),
      accessoryHosts: [],
      allHosts: ['192.0.2.1'],
      builder: {
        ...{ arch: ['amd64'], driver: 'docker-container', driverIsGiven: false, local: true },
        ...{ dockerfile: 'Dockerfile', args: {}, secrets: [] },
      },
      ssh: {
        ...{ user: 'root', port: 22, keys: [], keysOnly: false, config: true, keyData: [], forwardAgent: false },
        ...{ hosts: {}, startsAtOnce: 30, dnsRetries: 3 },
      },
      aliases: {},
      output: {},
      boot: { waitSeconds: 0 },
      readinessDelaySeconds: 7,
      deployTimeoutSeconds: 30,
      drainTimeoutSeconds: 30,
      retainContainers: 5,
      hooksPath: '.kamal/hooks',
      hooks: {},
      secretsPath: '.kamal/secrets',
      warnings: [],
    });
  });

  test('a boot percentage is of the primary role’s machines, rounded down, one at least', () => {
    const limit = (percent: string) =>
      load(withKeys(`servers: {web: [a, b, c, d, e], job: [f, g, h]}\nboot: {limit: ${percent}}`)).boot.limit;
    expect([limit('50%'), limit('10%'), limit('100%'), limit('3')]).toEqual([2, 1, 5, 3]);
  });

  test('registry: values or secrets', () => {
    const config = load(withKeys('registry: {server: "r.test:5000", username: [U], password: [P]}'));
    expect(config.registry).toEqual({ server: 'r.test:5000', username: { secret: 'U' }, password: { secret: 'P' } });
    expect(config.repository).toBe('r.test:5000/acme/shop');
  });

  test('ssh: a jump host without user is root’s; ports may be quoted, as in Kamal', () => {
    expect(
      load(withKeys('ssh: {user: app, port: "2222", proxy: jump, config: ~/.ssh/work, keys: [~/.ssh/id]}')).ssh,
    ).toEqual({
      user: 'app',
      port: 2222,
      proxy: 'root@jump',
      config: ['~/.ssh/work'],
      keys: ['~/.ssh/id'],
      keysOnly: false,
      ...{ keyData: [], forwardAgent: false, hosts: {}, startsAtOnce: 30, dnsRetries: 3 },
    });
  });

  test('ssh: keys by the names of secrets, and machines with a user or port of their own', () => {
    const { ssh, warnings } = load(
      withKeys(`servers: [192.0.2.1, 192.0.2.2]
ssh: {user: app, key_data: [DEPLOY_KEY]}
sshkit: {max_concurrent_starts: 5, dns_retries: 0, pool_idle_timeout: 1}
x-longshore: {ssh: {hosts: {192.0.2.2: {user: ubuntu, port: "2222"}}}}`),
    );
    expect(ssh).toMatchObject({ keyData: [{ secret: 'DEPLOY_KEY' }], startsAtOnce: 5, dnsRetries: 0 });
    expect([sshTo(ssh, '192.0.2.1'), sshTo(ssh, '192.0.2.2')]).toEqual([
      { user: 'app', port: 22 },
      { user: 'ubuntu', port: 2222 },
    ]);
    expect(warnings).toEqual([]);
  });

  test('ssh: the text of a key is taken, with a warning that does not show it', () => {
    const { ssh, warnings } = load(
      withKeys('ssh:\n  key_data:\n    - |\n      -----BEGIN OPENSSH PRIVATE KEY-----\n      b3Bl\n'),
    );
    expect(ssh.keyData).toEqual(['-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl\n']);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(/^deploy\.yml:3: a private key should not stand in this file/);
  });

  test('logging: the role’s over the root’s', () => {
    const text =
      'logging: {driver: local, options: {max-size: 1m, max-file: 3}}\nservers: {web: {hosts: [a], logging: {options: {max-size: 2m}}}}';
    expect(load(withKeys(text)).roles[0]?.logging).toEqual({
      driver: 'local',
      options: { 'max-size': '2m', 'max-file': '3' },
    });
  });

  test('how the proxy is run, with defaults where something is said', () => {
    expect(
      load(withKeys('proxy: {run: {registry: "r:1", bind_ips: ["::1", "[::2]"], options: {cpus: 2}}}')).proxyRuns.get(
        '192.0.2.1',
      ),
    ).toEqual({
      publish: true,
      httpPort: 80,
      httpsPort: 443,
      debug: false,
      logMaxSize: '10m',
      bindIps: ['::1', '::2'],
      registry: 'r:1',
      repository: 'basecamp/kamal-proxy',
      version: 'v0.9.2',
      options: [{ name: 'cpus', value: '2' }],
    });
  });

  test('hooks’ output for all or by name', () => {
    expect(load(withKeys('hooks_output: :verbose')).hooksOutput).toMatchObject({
      'pre-deploy': 'verbose',
      'post-deploy': 'verbose',
    });
    expect(load(withKeys('hooks_output: {pre-build: quiet}')).hooksOutput).toEqual({ 'pre-build': 'quiet' });
  });

  test('hooks see the secrets that are named, here too; without a name what Kamal’s see', () => {
    const { hooks, warnings } = load(withKeys('hooks: {pre-deploy: {secrets: [A]}, post-deploy: {run_on: hosts}}'));
    expect(hooks['pre-deploy']?.secrets).toEqual(['A']);
    expect(hooks['post-deploy']).not.toHaveProperty('secrets');
    expect(warnings).toEqual([]);
    expect(load(withKeys('hooks: {pre-deploy: {roles: [web]}}')).warnings).toHaveLength(1);
  });

  test('git: what has to be true of the work tree', () => {
    expect(load(minimal)).not.toHaveProperty('gitRequires');
    expect(load(withKeys('x-longshore: {git: {require: in-sync}}')).gitRequires).toBe('in-sync');
    expect(load(withKeys('git: {branches: [main, release/*]}')).gitBranches).toEqual(['main', 'release/*']);
  });

  test('what has no effect is a warning', () => {
    const config = load(
      withKeys(`asset_path: /assets
error_pages_path: public
accessories: {db: {image: postgres, host: a}}
proxy: {host: a.b, ssl: {certificate_pem: C, private_key_pem: K}}
builder: {arch: amd64, cache: {options: mode=max}}
ssh: {key_data: [K], forward_agent: true, log_level: debug}
boot: {parallel_roles: true}
sshkit: {max_concurrent_starts: 5}
run_directory: /x
output: {file: {path: log}}
aliases: {logs: app logs}`),
    );
    expect(config.warnings.map((line) => line.split(' ').slice(0, 2).join(' ')).toSorted()).toEqual([
      'deploy.yml:5: `builder.cache`',
      'deploy.yml:6: `ssh.forward_agent`',
      'deploy.yml:9: `run_directory`',
    ]);
  });

  test('a file for fifty machines is read in a few milliseconds', () => {
    const hosts = Array.from({ length: 50 }, (_, index) => `    - 192.0.2.${index}: [a, b]\n`).join('');
    const text = withKeys(
      `servers:\n  web:\n${hosts}\n  job:\n${hosts}\nenv:\n  clear: {A: 1}\n  tags: {a: {B: 1}, b: {C: 1}}`,
    );
    load(text);
    const times = Array.from({ length: 10 }, () => {
      const start = cpuMilliseconds();
      load(text);
      return cpuMilliseconds() - start;
    });
    expect(Math.min(...times)).toBeLessThan(25);
  });
});
