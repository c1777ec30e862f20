import type { Config } from './config.ts';
import type { Layers } from './layers.ts';
import { addAccessories } from './truth-accessories.ts';
import { lineOf, type Path, withoutPasswords } from './sheet.ts';
import { addPhases } from './truth-phases.ts';
import { addProxyRuns } from './truth-proxy-runs.ts';
import { addRoles } from './truth-roles.ts';
import { type Put, type Setting, type Shown, shownSecretly, shownText } from './truth-shown.ts';

export interface TruthSource {
  readonly config: Config;
  readonly layers: Layers;
}

/** Everything that a config means, in the order of reading, without any secret. */
export function settingsOf({ config, layers }: TruthSource): Setting[] {
  const settings: Setting[] = [];
  const origins = new Map<string, string | undefined>();
  // Many machines share where their values come from.
  const originOf = (path: Path) => {
    const key = path.join('\0');
    if (!origins.has(key)) origins.set(key, layers.has(path) ? lineOf(layers.placeOf(path).key) : undefined);
    return origins.get(key);
  };
  const put: Put = (path, value, ...from) => {
    if (value === undefined) return;
    let origin: string | undefined;
    for (const one of from.length === 0 ? [path] : from) origin ??= originOf(one);
    settings.push({ path, value, origin: origin ?? 'default' });
  };
  addNames(config, put);
  addRoles({ config, written: layers.value, put });
  addAccessories({ config, written: layers.value, put });
  addImage(config, put);
  addProxyRuns(config, put);
  addMachines(config, put);
  addPhases(config, put);
  addDeploy(config, put);
  return settings;
}

function addNames(config: Config, put: Put): void {
  put(['service'], config.service);
  put(['image'], config.image);
  put(['repository'], config.repository, ['image']);
  put(['primary_role'], config.roles.length === 0 ? undefined : config.primaryRole);
  put(['primary_host'], config.primaryHost, ['servers', config.primaryRole], ['servers'], ['accessories']);
}

function addImage({ registry, builder }: Config, put: Put): void {
  put(['registry', 'server'], registry.server ?? 'docker.io', ['registry', 'server']);
  put(['registry', 'username'], registry.username);
  put(['registry', 'password'], shownSecretly(registry.password));
  put(['builder', 'arch'], builder.arch);
  put(['builder', 'driver'], builder.driver);
  put(['builder', 'context'], builder.context);
  put(['builder', 'dockerfile'], builder.dockerfile);
  put(['builder', 'target'], builder.target);
  for (const [name, value] of Object.entries(builder.args)) {
    put(['builder', 'args', name], value === null ? `$${name}` : shownText(name, value));
  }
  for (const [index, name] of builder.secrets.entries()) {
    put(['builder', 'secrets', name], { secret: name }, ['builder', 'secrets', index]);
  }
  const { remote, pack, cache } = builder;
  put(['builder', 'remote'], remote === undefined ? undefined : withoutPasswords(remote));
  put(['builder', 'local'], remote === undefined ? undefined : builder.local);
  put(['builder', 'pack', 'builder'], pack?.builder);
  put(['builder', 'pack', 'buildpacks'], pack?.buildpacks);
  put(['builder', 'ssh'], builder.ssh);
  put(['builder', 'cache', 'type'], cache?.type);
  put(['builder', 'cache', 'options'], cache?.options?.replaceAll(/(token|secret[\w-]*)=[^,]+/g, '$1=…'));
  put(['builder', 'cache', 'image'], cache?.image);
  put(['builder', 'provenance'], builder.provenance);
  put(['builder', 'sbom'], builder.sbom);
}

function addMachines({ ssh, boot }: Config, put: Put): void {
  put(['ssh', 'user'], ssh.user);
  put(['ssh', 'port'], ssh.port);
  put(['ssh', 'keys'], ssh.keys);
  put(['ssh', 'keys_only'], ssh.keysOnly);
  for (const [index, key] of ssh.keyData.entries()) {
    const shown: Shown = typeof key === 'string' ? { hidden: true } : key;
    put(['ssh', 'key_data', typeof key === 'string' ? String(index + 1) : key.secret], shown, [
      'ssh',
      'key_data',
      index,
    ]);
  }
  put(['ssh', 'forward_agent'], ssh.forwardAgent);
  put(['ssh', 'proxy'], ssh.proxy);
  put(['ssh', 'proxy_command'], ssh.proxyCommand === undefined ? undefined : withoutPasswords(ssh.proxyCommand));
  put(['ssh', 'config'], ssh.config);
  put(['sshkit', 'max_concurrent_starts'], ssh.startsAtOnce);
  put(['sshkit', 'dns_retries'], ssh.dnsRetries);
  put(['boot', 'limit'], boot.limit);
  put(['boot', 'wait'], boot.waitSeconds);
}

function addDeploy(config: Config, put: Put): void {
  put(['readiness_delay'], config.readinessDelaySeconds);
  put(['deploy_timeout'], config.deployTimeoutSeconds);
  put(['drain_timeout'], config.drainTimeoutSeconds);
  put(['retain_containers'], config.retainContainers);
  for (const [name, command] of Object.entries(config.aliases)) put(['aliases', name], shownText(name, command));
  const { directory, otelEndpoint } = config.output;
  put(['output', 'file', 'path'], directory);
  put(['output', 'otel', 'endpoint'], otelEndpoint === undefined ? undefined : withoutPasswords(otelEndpoint));
  put(['git', 'require'], config.gitRequires);
  put(['git', 'branches'], config.gitBranches);
  put(['secrets_path'], config.secretsPath);
  put(['values'], config.values);
  put(['error_pages_path'], config.errorPagesPath);
  put(['hooks_path'], config.hooksPath);
  for (const [name, hook] of Object.entries(config.hooks)) {
    put(['hooks', name, 'run_on'], hook.runOn);
    put(['hooks', name, 'roles'], hook.roles.length === 0 ? undefined : hook.roles);
    put(['hooks', name, 'secrets'], hook.secrets);
    put(['hooks', name, 'timeout'], hook.timeoutSeconds);
  }
  for (const [name, level] of Object.entries(config.hooksOutput ?? {})) {
    put(['hooks_output', name], level, ['hooks_output', name], ['hooks_output']);
  }
}
