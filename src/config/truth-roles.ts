import type { Config, Env, ProxyRoute, Role, RoleHost, SshConfig } from './config.ts';
import { isMap } from './layers.ts';
import { isScalar, textOf } from './scalars.ts';
import { type Path, withoutPasswords } from './sheet.ts';
import { sshTo } from './ssh.ts';
import { smokeText } from './truth-phases.ts';
import { addSwap } from './truth-swap.ts';
import { addOptions, type Put, shownText } from './truth-shown.ts';

interface RolesSource {
  readonly config: Config;
  /** The merged file. */
  readonly written: Readonly<Record<string, unknown>>;
  readonly put: Put;
}

/** What the containers of every role get, on each of its machines. */
export function addRoles({ config, written, put }: RolesSource): void {
  const blocks = envBlocksOf(written);
  for (const role of config.roles) {
    addRole(role, put);
    for (const entry of role.hosts) addHost({ role, entry, ssh: config.ssh, written, blocks, put });
  }
}

function addRole(role: Role, put: Put): void {
  const own = ['servers', role.name];
  const at = (...keys: string[]) => ['roles', role.name, ...keys];
  put(at('cmd'), role.cmd?.map(withoutPasswords), [...own, 'cmd']);
  for (const [name, value] of Object.entries(role.labels)) {
    put(at('labels', name), shownText(name, value), [...own, 'labels', name], ['labels', name]);
  }
  addOptions(role.options, (name, value) => put(at('options', name), value, [...own, 'options', name]));
  put(at('options', 'restart'), role.restartPolicy, [...own, 'options', 'restart']);
  const logging: Path[] = [[...own, 'logging'], ['logging']];
  const under = (...keys: string[]) => logging.map((path) => [...path, ...keys]);
  put(at('logging', 'driver'), role.logging.driver, ...under('driver'));
  for (const [name, value] of Object.entries(role.logging.options)) {
    put(at('logging', 'options', name), shownText(name, value), ...under('options', name));
  }
  put(at('volumes'), role.volumes.length === 0 ? undefined : role.volumes, ['volumes']);
  put(at('depends_on'), role.dependsOn.length === 0 ? undefined : role.dependsOn, [...own, 'depends_on']);
  put(at('smoke'), role.smoke.length === 0 ? undefined : role.smoke.map(smokeText), [...own, 'smoke'], ['smoke']);
  const assets = role.assets && [role.assets.path, role.assets.mountOptions].filter(Boolean).join(':');
  put(at('asset_path'), assets, [...own, 'asset_path'], ['asset_path']);
  const fallback = role.proxy === undefined ? [['drain_timeout']] : [];
  put(at('stop_timeout'), role.stopTimeoutSeconds, [...own, 'stop_timeout'], ['stop_timeout'], ...fallback);
  addSwap(role, (keys, value) => put(at(...keys), value, [...own, ...keys]));
  if (role.proxy === undefined) put(at('proxy'), false, [...own, 'proxy']);
  else addRoute({ route: role.proxy, at: at('proxy'), blocks: [[...own, 'proxy'], ['proxy']], put });
}

interface RouteSource {
  readonly route: ProxyRoute;
  /** Where it is shown. */
  readonly at: readonly string[];
  /** The blocks that can say it, the first that does counts. */
  readonly blocks: readonly Path[];
  readonly put: Put;
}

export function addRoute({ route, at, blocks, put }: RouteSource): void {
  const add = (keys: readonly string[], value: Parameters<Put>[1], ...others: readonly string[]) => {
    const written = [keys, ...others.map((other) => [other])];
    put([...at, ...keys], value, ...blocks.flatMap((block) => written.map((key) => [...block, ...key])));
  };
  add(['hosts'], route.hosts.length === 0 ? undefined : route.hosts, 'host');
  add(['path_prefixes'], route.pathPrefixes.length === 0 ? undefined : route.pathPrefixes, 'path_prefix');
  add(['strip_path_prefix'], route.stripPathPrefix);
  add(['app_port'], route.appPort);
  if (route.certificate === undefined) add(['ssl'], route.ssl);
  else {
    add(['ssl', 'certificate_pem'], { secret: route.certificate.certificate });
    add(['ssl', 'private_key_pem'], { secret: route.certificate.privateKey });
  }
  add(['ssl_redirect'], route.sslRedirect);
  add(['forward_headers'], route.forwardHeaders);
  add(['response_timeout'], route.responseTimeoutSeconds);
  add(['healthcheck', 'path'], route.healthcheck.path);
  add(['healthcheck', 'interval'], route.healthcheck.intervalSeconds);
  add(['healthcheck', 'timeout'], route.healthcheck.timeoutSeconds);
  add(['buffering', 'requests'], route.buffering.requests);
  add(['buffering', 'responses'], route.buffering.responses);
  add(['buffering', 'memory'], route.buffering.memoryBytes);
  add(['buffering', 'max_request_body'], route.buffering.maxRequestBodyBytes);
  add(['buffering', 'max_response_body'], route.buffering.maxResponseBodyBytes);
  add(['logging', 'request_headers'], route.logRequestHeaders);
  add(['logging', 'response_headers'], route.logResponseHeaders.length === 0 ? undefined : route.logResponseHeaders);
}

interface HostSource {
  readonly role: Role;
  readonly entry: RoleHost;
  readonly ssh: SshConfig;
  readonly written: Readonly<Record<string, unknown>>;
  readonly blocks: EnvBlocks;
  readonly put: Put;
}

function addHost({ role, entry: { host, env }, ssh, written, blocks, put }: HostSource): void {
  const at = ['roles', role.name, 'hosts', host];
  const { path, tags } = entryOf(written['servers'], role.name, host);
  const { user, port } = sshTo(ssh, host);
  put([...at, 'user'], user, ['ssh', 'hosts', host, 'user'], ['ssh', 'user']);
  put([...at, 'port'], port, ['ssh', 'hosts', host, 'port'], ['ssh', 'port']);
  // The last block that names a variable counts, and a clear value beats a secret.
  const order = [['env'], ['servers', role.name, 'env'], ...tags.map((tag) => ['env', 'tags', tag])].toReversed();
  put([...at, 'tags'], tags.length === 0 ? undefined : tags, path);
  addEnv({ env, at: [...at, 'env'], order, blocks, put });
}

interface EnvSource {
  readonly env: Env;
  /** Where it is shown. */
  readonly at: readonly string[];
  /** The blocks that can name a variable, the first that does counts. */
  readonly order: readonly Path[];
  readonly blocks: EnvBlocks;
  readonly put: Put;
}

export function addEnv({ env, at, order, blocks, put }: EnvSource): void {
  for (const [name, value] of Object.entries(env.clear)) {
    const from = order.flatMap((block) => [
      [...block, 'clear', name],
      [...block, name],
    ]);
    put([...at, name], shownText(name, value), ...from);
  }
  for (const [name, key] of Object.entries(env.secret)) {
    const from = order.flatMap((block) => blocks.secret(block, name));
    put([...at, name], { secret: key }, ...from);
  }
}

export interface EnvBlocks {
  /** Where a block of the environment names a secret variable. */
  secret(block: Path, name: string): Path[];
}

export function envBlocksOf(written: Readonly<Record<string, unknown>>): EnvBlocks {
  return {
    secret(block, name) {
      let part: unknown = written;
      for (const key of [...block, 'secret']) part = isMap(part) ? part[key] : undefined;
      if (!Array.isArray(part)) return [];
      const index = part.findLastIndex((entry) => isScalar(entry) && textOf(entry).split(':')[0] === name);
      return index === -1 ? [] : [[...block, 'secret', index]];
    },
  };
}

/** Where a role's host is written, and its tags. */
function entryOf(servers: unknown, role: string, host: string): { path: Path; tags: string[] } {
  const own = isMap(servers) ? servers[role] : undefined;
  const lists: [Path, unknown][] = [
    [['servers'], servers],
    [['servers', role], own],
    [['servers', role, 'hosts'], isMap(own) ? own['hosts'] : undefined],
  ];
  for (const [path, list] of lists) {
    if (!Array.isArray(list)) continue;
    const index = list.findLastIndex((entry) => (isMap(entry) ? Object.keys(entry)[0] : entry) === host);
    const entry: unknown = list[index];
    const tags = isMap(entry) ? [entry[host]].flat().filter(isScalar).map(textOf) : [];
    return { path: [...path, index], tags };
  }
  return { path: ['servers'], tags: [] };
}
