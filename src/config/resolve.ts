import { resolveAccessories, runsOfAccessories } from './accessories.ts';
import { resolveAliases } from './aliases.ts';
import { resolveBoot } from './boot.ts';
import { resolveBuilder } from './builder.ts';
import { checkTexts } from './check-texts.ts';
import type { Config, RoleHost } from './config.ts';
import { isDestinationName } from './destinations.ts';
import { besides } from './findings.ts';
import type { Findings } from './findings.ts';
import { resolveHooks } from './hooks.ts';
import { resolveOutput } from './output.ts';
import { present } from './present.ts';
import { resolveProxyRuns } from './proxy-run.ts';
import { isLocalRegistry, resolveRegistry } from './registry.ts';
import { resolveRelease } from './release.ts';
import { resolveRoles, runsOfRoles } from './roles.ts';
import { resolveSsh } from './ssh.ts';
import { reportUnused } from './unused.ts';
import { readWritten } from './written.ts';
import { checkVolumes } from './volumes.ts';
import type { WrittenConfig } from './written.ts';

export interface ConfigSource {
  readonly file: string;
  readonly destinationFile?: string;
  readonly destination?: string;
  readonly destinationName?: string;
}

/** The meaning of a merged file. Problems go to the findings; the result is of use only when there are none. */
export function resolveConfig(
  source: ConfigSource,
  value: Readonly<Record<string, unknown>>,
  allFindings: Findings,
): Config {
  const { written, broken } = readWritten(value, allFindings);
  const findings = besides(allFindings, broken);
  const drainTimeoutSeconds = written.drain_timeout ?? 30;
  const { roles, primaryRole } = resolveRoles(written, drainTimeoutSeconds, findings);
  const registry = resolveRegistry(written.registry, ['registry'], findings);
  const image = resolveImage(written, findings);
  checkVolumes(written.volumes, ['volumes'], findings);
  checkTexts(written, findings);
  checkDestinations(written, findings);
  checkMinimumVersion(written, findings);
  reportUnused(written, findings);
  const service = resolveService(written, findings);
  const accessories = resolveAccessories({ written, service, destination: source.destination, roles, findings });
  const hosts = hostsOf(roles);
  const accessoryHosts = hostsOf(accessories);
  const allHosts = [...new Set([...hosts, ...accessoryHosts])];
  const primaryHosts = roles.find((role) => role.isPrimary)?.hosts ?? [];
  const roleNames = roles.map((role) => role.name);

  return present({
    ...source,
    others: [],
    service,
    image,
    repository: [registry.server, image].filter((part) => part !== undefined).join('/'),
    registry,
    roles,
    primaryRole,
    primaryHost: primaryHosts[0]?.host ?? accessoryHosts[0] ?? '',
    hosts,
    accessories,
    accessoryHosts,
    allHosts,
    builder: resolveBuilder(written.builder, { registry: written.registry, findings }),
    proxyRuns: resolveProxyRuns(
      [...runsOfRoles(roles, written, findings), ...runsOfAccessories(accessories, written)],
      findings,
    ),
    ssh: resolveSsh({ ...present({ ssh: written.ssh, sshkit: written.sshkit }), machines: allHosts }, findings),
    boot: resolveBoot(written.boot, primaryHosts.length, findings),
    release: resolveRelease({
      written: written.release,
      roles,
      primaryRole,
      destinationName: source.destinationName,
      findings,
    }),
    output: resolveOutput(written.output, findings),
    aliases: resolveAliases(written.aliases ?? {}, findings),
    gitRequires: written.git?.require,
    gitBranches: written.git?.branches,
    readinessDelaySeconds: written.readiness_delay ?? 7,
    deployTimeoutSeconds: written.deploy_timeout ?? 30,
    drainTimeoutSeconds,
    retainContainers: written.retain_containers ?? 5,
    hooksPath: written.hooks_path ?? '.kamal/hooks',
    hooks: resolveHooks(written.hooks, roleNames, findings),
    hooksOutput: written.hooks_output,
    secretsPath: written.secrets_path ?? '.kamal/secrets',
    values: written.values,
    errorPagesPath: written.error_pages_path,
    warnings: findings.warnings,
  });
}

function hostsOf(parts: readonly { readonly hosts: readonly RoleHost[] }[]): string[] {
  return [...new Set(parts.flatMap((part) => part.hosts.map(({ host }) => host)))];
}

function resolveService({ service }: WrittenConfig, findings: Findings): string {
  if (service === undefined) {
    findings.problem(['service'], '`service` is missing: it names the app, and its containers start with it');
  } else if (!/^[a-z0-9][a-z0-9_-]*$/i.test(service)) {
    findings.problem(
      ['service'],
      'a service’s name is made of letters, digits, `-` and `_`, and starts with a letter or digit',
    );
  }
  return service ?? '';
}

function resolveImage({ image, registry, service }: WrittenConfig, findings: Findings): string {
  if (image === undefined && isLocalRegistry(registry)) return service ?? '';
  if (image === undefined || image === '') {
    findings.problem(['image'], '`image` is missing: the image’s name without registry and tag, such as acme/shop');
  } else if (/[@\s]|:[^/]*$/.test(image)) {
    findings.problem(['image'], 'write the image without a tag; each deploy adds its version');
  } else if (/[A-Z]/.test(image)) {
    findings.problem(['image'], 'Docker takes lower-case image names only');
  }
  return image ?? '';
}

function checkDestinations({ base_destination: name, without }: WrittenConfig, findings: Findings): void {
  if (without !== undefined) {
    findings.problemWithKey(['without'], '`without` stands in a destination’s file: what it does not inherit');
  }
  if (name === undefined || isDestinationName(name)) return;
  findings.problem(
    ['base_destination'],
    'a destination’s name is made of letters, digits, `-`, `_` and `.`, 64 at most',
  );
}

/** The version of Kamal whose files are read here. */
const kamalVersion = '2.12.0';

function checkMinimumVersion({ minimum_version: minimum }: WrittenConfig, findings: Findings): void {
  if (minimum === undefined) return;
  const wanted = /^v?(\d+(?:\.\d+)*)(?:[.-]?[a-z][\w.-]*)?$/i.exec(minimum)?.[1]?.split('.').map(Number);
  const have = kamalVersion.split('.').map(Number);
  if (wanted === undefined) {
    findings.problem(['minimum_version'], 'this should be a version such as 2.12.0');
    return;
  }
  const length = Math.max(wanted.length, have.length);
  const differs = Array.from({ length }, (_, part) => (wanted[part] ?? 0) - (have[part] ?? 0)).find((by) => by !== 0);
  if ((differs ?? 0) <= 0) return;
  const message = `this file is for Kamal ${minimum}; files of Kamal ${kamalVersion} are read here`;
  findings.problem(['minimum_version'], message);
}
