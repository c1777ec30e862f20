import type { Env, Role, RoleHost } from './config.ts';
import { mergeEnv, namesGivenTwice, resolveEnv } from './env.ts';
import type { Findings } from './findings.ts';
import { resolveLabels } from './labels.ts';
import { resolveLogging } from './logging.ts';
import { resolveContainerOptions } from './options.ts';
import { present } from './present.ts';
import { resolveAssets } from './assets.ts';
import { checkProxy, mergeProxy, resolveProxyRoute } from './proxy.ts';
import type { WrittenProxy } from './proxy.ts';
import type { SaidRun } from './proxy-run.ts';
import { hostsPath, resolveHosts } from './servers.ts';
import type { WrittenHost, WrittenRole } from './servers.ts';
import type { Path } from './sheet.ts';
import { smokeOf, smokeOfRoot } from './smoke.ts';
import type { SmokeCheck } from './config-phases.ts';
import { resolveSwap } from './swap.ts';
import { resolveWords } from './words.ts';
import type { WrittenConfig } from './written.ts';

interface Context {
  readonly written: WrittenConfig;
  readonly primaryRole: string;
  readonly drainTimeoutSeconds: number;
  readonly rootEnv: Env;
  readonly tags: ReadonlyMap<string, Env>;
  readonly labels: Readonly<Record<string, string>>;
  /** The root's, for roles with traffic that have none of their own. */
  readonly smoke: readonly SmokeCheck[];
  readonly findings: Findings;
}

/** The roles, primary first, then by name. */
export function resolveRoles(
  written: WrittenConfig,
  drainTimeoutSeconds: number,
  findings: Findings,
): { roles: Role[]; primaryRole: string } {
  const servers = written.servers ?? {};
  const primaryRole = written.primary_role ?? 'web';
  checkNames({ written, servers, primaryRole, findings });
  const tags = new Map<string, Env>();
  for (const [tag, env] of Object.entries(written.env?.tags ?? {})) {
    tags.set(tag, resolveEnv(env, ['env', 'tags', tag], findings));
  }
  const context: Context = {
    written,
    primaryRole,
    drainTimeoutSeconds,
    rootEnv: resolveEnv(written.env, ['env'], findings),
    tags,
    labels: resolveLabels(written.labels, ['labels'], findings),
    smoke: smokeOfRoot(written.smoke, findings),
    findings,
  };
  if (written.proxy !== undefined) checkProxy(written.proxy, (key) => ['proxy', key], findings);
  const names = Object.keys(servers).toSorted((left, right) => {
    return Number(right === primaryRole) - Number(left === primaryRole) || (left < right ? -1 : 1);
  });
  const roles = names.map((name) => resolveRole(name, servers[name] ?? {}, context));
  checkSharedHosts(roles, findings);
  return { roles, primaryRole };
}

function resolveRole(name: string, role: WrittenRole, context: Context): Role {
  const { written, findings } = context;
  const path = ['servers', name];
  const isPrimary = name === context.primaryRole;
  const proxied = isPrimary ? role.proxy !== false : role.proxy !== undefined && role.proxy !== false;
  const listed = { written: role.hosts ?? [], path: hostsPath(name, findings), findings };
  const hosts = resolveHosts({ ...listed, whose: `in role ${name}` });
  const proxy = proxied ? proxyOf(name, role, context) : undefined;
  if (proxy?.ssl === true && hosts.length > 1) {
    const message = `${name} has ${hosts.length} machines, but Let’s Encrypt works for one; give a certificate of your own`;
    findings.problem(proxyPath(name, 'ssl', findings), message);
  }
  return present({
    name,
    isPrimary,
    hosts: resolveRoleHosts({ name, role, hosts, context }),
    cmd: role.cmd === undefined ? undefined : resolveWords(role.cmd, [...path, 'cmd'], findings),
    labels: { ...context.labels, ...resolveLabels(role.labels, [...path, 'labels'], findings) },
    ...resolveContainerOptions(role.options, [...path, 'options'], findings),
    logging: resolveLogging(written.logging, role.logging),
    volumes: written.volumes ?? [],
    assets: proxied ? resolveAssets({ name, own: role.asset_path, root: written.asset_path, findings }) : undefined,
    proxy: proxy === undefined ? undefined : resolveProxyRoute(proxy),
    dependsOn: role.depends_on ?? [],
    smoke: smokeOf({ name, written: role.smoke, isProxied: proxied, ofRoot: context.smoke, findings }),
    ...resolveSwap({
      role,
      path,
      hostCount: hosts.length,
      trafficPort: proxy && resolveProxyRoute(proxy).appPort,
      stopTimeoutSeconds:
        role.stop_timeout ?? written.stop_timeout ?? (proxied ? undefined : context.drainTimeoutSeconds),
      findings,
    }),
  });
}

interface RoleHostsRequest {
  name: string;
  role: WrittenRole;
  hosts: readonly WrittenHost[];
  context: Context;
}

function resolveRoleHosts({ name, role, hosts, context }: RoleHostsRequest): RoleHost[] {
  const { findings, tags, rootEnv } = context;
  const roleEnv = resolveEnv(role.env, ['servers', name, 'env'], findings);
  return hosts.map(({ host, tags: hostTags }) => {
    for (const tag of hostTags.filter((one) => !tags.has(one))) {
      findings.warning(
        hostsPath(name, findings),
        `the tag \`${tag}\` of ${host} is not in \`env.tags\`, so it does nothing`,
      );
    }
    const blocks = [rootEnv, roleEnv, ...hostTags.flatMap((tag) => tags.get(tag) ?? [])];
    for (const variable of namesGivenTwice(blocks)) {
      findings.warning(['env'], `\`${variable}\` is both clear and secret for ${name}; the clear value counts`);
    }
    const env = mergeEnv(blocks);
    for (const [index, variable] of (context.written.env?.required ?? []).entries()) {
      if (env.clear[variable] || Object.hasOwn(env.secret, variable)) continue;
      findings.problem(
        ['env', 'required', index],
        `\`${variable}\` is required, and ${name} does not get it on ${host}`,
      );
    }
    return { host, env };
  });
}

function proxyOf(name: string, role: WrittenRole, { written, findings }: Context): WrittenProxy {
  if (typeof role.proxy !== 'object') return written.proxy ?? {};
  const merged = mergeProxy(written.proxy, role.proxy);
  checkProxy(merged, (key) => proxyPath(name, key, findings), findings);
  return merged;
}

function proxyPath(role: string, key: string, findings: Findings): Path {
  const path = ['servers', role, 'proxy', key];
  return findings.has(path) ? path : ['proxy', key];
}

/** How each proxied role wants the proxy of its machines run. */
export function runsOfRoles(roles: readonly Role[], written: WrittenConfig, findings: Findings): SaidRun[] {
  return roles.flatMap(({ name, proxy, hosts }) => {
    const own = written.servers?.[name]?.proxy;
    const run = mergeProxy(written.proxy, typeof own === 'object' ? own : {}).run;
    if (proxy === undefined) return [];
    const path = proxyPath(name, 'run', findings);
    return [{ who: `the role ${name}`, hosts: hosts.map(({ host }) => host), run, path }];
  });
}

interface NameCheck {
  written: WrittenConfig;
  servers: Readonly<Record<string, WrittenRole>>;
  primaryRole: string;
  findings: Findings;
}

function checkNames({ written, servers, primaryRole, findings }: NameCheck): void {
  const names = Object.keys(servers);
  // As in Kamal, a file may have accessories alone; but then it has no `servers` at all.
  if (!findings.has(['servers']) && Object.keys(written.accessories ?? {}).length > 0) return;
  if (names.length === 0 || (servers['web']?.hosts?.length === 0 && !findings.has(['servers', 'web']))) {
    findings.problem(['servers'], '`servers` is missing: list the machines to deploy to');
    return;
  }
  for (const name of names.filter((one) => !/^[A-Za-z0-9][A-Za-z0-9_.-]*$/.test(one))) {
    findings.problemWithKey(['servers', name], 'a role’s name is made of letters, digits, `-`, `_` and `.`');
  }
  if (!Object.hasOwn(servers, primaryRole)) {
    const key = written.primary_role === undefined ? 'servers' : 'primary_role';
    const message = `there is no role \`${primaryRole}\`; say which is first with \`primary_role\`: ${names.join(', ')}`;
    findings.problem([key], message);
  }
  for (const [name, { hosts = [] }] of Object.entries(servers)) {
    if (hosts.length > 0 || (written.allow_empty_roles === true && name !== primaryRole)) continue;
    const needed =
      name === primaryRole ? ', and the primary role needs one' : '; say `allow_empty_roles: true` if that is meant';
    findings.problemWithKey(['servers', name], `role ${name} has no hosts${needed}`);
  }
}

function checkSharedHosts(roles: readonly Role[], findings: Findings): void {
  const owner = new Map<string, string>();
  for (const { name, proxy } of roles) {
    for (const host of proxy?.ssl ? proxy.hosts : []) {
      const other = owner.get(host);
      if (other !== undefined) {
        findings.problem(
          proxyPath(name, 'ssl', findings),
          `${other} and ${name} both want the certificate for ${host}`,
        );
      }
      owner.set(host, name);
    }
  }
}
