import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import type { Config, Env, ProxyRoute, Role } from '../../src/config/config.ts';
import type { Accessory, MountedDirectory } from '../../src/config/config-accessory.ts';
import { builderSetup } from '../../src/build/builder-setup.ts';
import { loadConfig } from '../../src/config/load.ts';

const arch = process.arch === 'arm64' ? 'arm64' : 'amd64';
const directory = fileURLToPath(new URL('kamal-cases', import.meta.url));
const destinationFile = 'deploy_for_required_dest.world.yml';
const names = readdirSync(directory).filter((name) => name.endsWith('.yml') && name !== destinationFile);

describe('a sample of Kamal’s means here what it means to Kamal', () => {
  test.each(names)('%s', (name) => {
    const kamal = JSON.parse(readFileSync(`${directory}/${name.replace('.yml', '.json')}`, 'utf8')).config;
    // The printouts were made on a machine with Docker for amd64.
    if (process.arch === 'arm64' && name.includes('remote_builder')) kamal.builder.arches = ['amd64'];
    const destination = name === 'deploy_for_required_dest.yml' ? { destination: 'world' } : {};
    const config = loadConfig({ file: name, cwd: directory, env: {}, ...destination });
    expect(asKamalPrints(config)).toEqual(inScope(kamal));
  });

  test('there are samples', () => {
    expect(names.length).toBeGreaterThan(10);
  });
});

// Kamal's printout is untyped JSON.
// oxlint-disable-next-line typescript/no-explicit-any
function inScope(kamal: any): unknown {
  const roles = Object.entries<Record<string, unknown>>(kamal.roles).map(([name, role]) => {
    const { container_name: _name, asset_path: _path, ...rest } = role;
    return [name, rest];
  });
  return {
    service: kamal.service,
    image: kamal.image,
    primary_role: kamal.primary_role,
    primary_host: kamal.primary_host,
    all_hosts: kamal.all_hosts.toSorted(),
    app_hosts: kamal.app_hosts.toSorted(),
    repository: kamal.repository,
    retain_containers: kamal.retain_containers,
    readiness_delay: kamal.readiness_delay,
    deploy_timeout: kamal.deploy_timeout,
    drain_timeout: kamal.drain_timeout,
    hooks_path: kamal.hooks_path,
    secrets_path: kamal.secrets_path,
    ssh: { user: kamal.ssh.user, port: kamal.ssh.port },
    boot: { limit: kamal.boot.limit, wait: kamal.boot.wait ?? 0 },
    roles: Object.fromEntries(roles),
    accessories: kamal.accessories,
    builder: kamal.builder,
    registry: { server: kamal.registry.server, username: kamal.registry.username, local: kamal.registry.local },
  };
}

function asKamalPrints(config: Config): unknown {
  return {
    service: config.service,
    image: config.image,
    primary_role: config.primaryRole,
    primary_host: config.primaryHost,
    all_hosts: config.allHosts.toSorted(),
    app_hosts: config.hosts.toSorted(),
    repository: config.repository,
    retain_containers: config.retainContainers,
    readiness_delay: config.readinessDelaySeconds,
    deploy_timeout: config.deployTimeoutSeconds,
    drain_timeout: config.drainTimeoutSeconds,
    hooks_path: config.hooksPath,
    secrets_path: config.secretsPath,
    ssh: { user: config.ssh.user, port: String(config.ssh.port) },
    boot: { limit: config.boot.limit ?? null, wait: config.boot.waitSeconds },
    roles: Object.fromEntries(config.roles.map((role) => [role.name, roleAsKamalPrints(role, config)])),
    accessories: Object.fromEntries(config.accessories.map((one) => [one.name, accessoryAsKamalPrints(one, config)])),
    builder: {
      arches: config.builder.arch,
      driver: config.builder.driver,
      args: config.builder.args,
      secret_names: config.builder.secrets,
      dockerfile: config.builder.dockerfile,
      target: config.builder.target ?? null,
      remote: config.builder.remote ?? null,
      local: ['local', 'hybrid', 'engine'].includes(builderSetup(config, arch).kind),
      ssh: config.builder.ssh ?? null,
      context: config.builder.context ?? '.',
      cache_from: null,
      cache_to: null,
    },
    registry: {
      server: config.registry.server ?? null,
      username: config.registry.username ?? null,
      local: config.registry.server?.startsWith('localhost:') ?? false,
    },
  };
}

function roleAsKamalPrints(role: Role, config: Config): unknown {
  return {
    hosts: role.hosts.map(({ host }) => host),
    cmd: role.cmd?.join(' ') ?? null,
    labels: { service: config.service, role: role.name, destination: config.destination ?? null, ...role.labels },
    options: optionsAsKamalPrints(role),
    restart: role.restartPolicy,
    logging: [
      ...(role.logging.driver === undefined ? [] : ['--log-driver', quoted(role.logging.driver)]),
      ...Object.entries(role.logging.options).flatMap(([key, value]) => ['--log-opt', `${key}=${quoted(value)}`]),
    ],
    running_proxy: role.proxy !== undefined,
    proxy: role.proxy === undefined ? null : routeAsKamalPrints(role.proxy, config),
    stop_args: role.stopTimeoutSeconds === undefined ? [] : ['-t', String(role.stopTimeoutSeconds)],
    env: Object.fromEntries(role.hosts.map(({ host, env }) => [host, envAsKamalPrints(env)])),
  };
}

function optionsAsKamalPrints({ options }: Role | Accessory): string[] {
  return options.flatMap(({ name, value }) => (value === true ? [`--${name}`] : [`--${name}`, quoted(value)]));
}

function accessoryAsKamalPrints(accessory: Accessory, config: Config): unknown {
  const onMachine = (path: string) => (path.startsWith('/') ? path : `$PWD/${path}`);
  const mounts = [...accessory.files, ...accessory.directories].map(({ hostPath, remote, options }) =>
    [onMachine(hostPath), remote, options].filter((part) => part !== undefined).join(':'),
  );
  return {
    service_name: accessory.service,
    image: accessory.image,
    hosts: accessory.hosts.map(({ host }) => host),
    port: accessory.publish[0] ?? null,
    network: ['--network', accessory.network],
    publish: accessory.publish.length === 0 ? null : ['--publish', ...accessory.publish],
    labels: { service: accessory.service, ...accessory.labels },
    options: optionsAsKamalPrints(accessory),
    restart: accessory.restartPolicy,
    volumes: [...accessory.volumes, ...mounts].flatMap((volume) => ['--volume', volume]),
    files: Object.fromEntries(
      accessory.files.map((file) => [`/tmp/anchors/kamal/${file.local}`, mountAsKamalPrints(file)]),
    ),
    directories: Object.fromEntries(
      accessory.directories.map((one) => [onMachine(one.hostPath), mountAsKamalPrints(one)]),
    ),
    cmd: accessory.cmd?.join(' ') ?? null,
    running_proxy: accessory.proxy !== undefined,
    proxy: accessory.proxy === undefined ? null : routeAsKamalPrints(accessory.proxy, config),
  };
}

function mountAsKamalPrints({ hostPath, remote, ...mount }: MountedDirectory): unknown {
  const { options = null, mode = null, owner = null } = mount as Partial<Record<string, string>>;
  return { host_path: hostPath, container_path: remote, options, mode, owner };
}

function routeAsKamalPrints(route: ProxyRoute, config: Config): unknown {
  return {
    app_port: route.appPort,
    ssl: route.ssl,
    hosts: route.hosts,
    options: {
      host: route.hosts,
      'deploy-timeout': `${config.deployTimeoutSeconds}s`,
      'drain-timeout': `${config.drainTimeoutSeconds}s`,
      'buffer-requests': route.buffering.requests,
      'buffer-responses': route.buffering.responses,
      'path-prefix': route.pathPrefixes,
      'log-request-header': route.logRequestHeaders,
    },
  };
}

function envAsKamalPrints(env: Env): unknown {
  return {
    clear: Object.entries(env.clear).flatMap(([name, value]) => ['--env', `${name}=${quoted(value)}`]),
    secret_keys: Object.entries(env.secret).map(([name, key]) => (name === key ? name : `${name}:${key}`)),
  };
}

function quoted(value: string): string {
  return `"${value}"`;
}
