import type * as z from 'zod';
import type { ProxyRun } from './config.ts';
import { flag, listOf, port, section, text } from './fields.ts';
import type { Findings } from './findings.ts';
import { isIp } from './option-values.ts';
import { optionsSchema, resolveOptions } from './options.ts';
import { present } from './present.ts';
import type { Path } from './sheet.ts';

export const proxyRunSchema = section({
  publish: flag.exactOptional(),
  http_port: port.exactOptional(),
  https_port: port.exactOptional(),
  metrics_port: port.exactOptional(),
  debug: flag.exactOptional(),
  log_max_size: text.exactOptional(),
  bind_ips: listOf(text).exactOptional(),
  registry: text.exactOptional(),
  repository: text.exactOptional(),
  version: text.exactOptional(),
  options: optionsSchema.exactOptional(),
});

export type WrittenProxyRun = z.output<typeof proxyRunSchema>;

/** What is said about the proxy of some machines, and where. */
export interface SaidRun {
  /** `the role web` */
  readonly who: string;
  readonly hosts: readonly string[];
  readonly run: WrittenProxyRun | undefined;
  readonly path: Path;
}

/** How each machine's proxy container is run. Who disagrees about one machine is a problem. */
export function resolveProxyRuns(said: readonly SaidRun[], findings: Findings): Map<string, ProxyRun> {
  const runs = new Map<string, ProxyRun>();
  const first = new Map<string, SaidRun>();
  for (const one of said) {
    if (one.run === undefined) continue;
    checkRun(one.run, one.path, findings);
    const run = resolveRun(one.run, one.path, findings);
    for (const host of one.hosts) {
      const other = first.get(host);
      if (other === undefined) {
        first.set(host, one);
        runs.set(host, run);
      } else if (!sameRun(other.run, one.run)) {
        findings.problem(one.path, `${host} has one proxy, but ${other.who} and ${one.who} run it differently`);
        break;
      }
    }
  }
  return runs;
}

function resolveRun(written: WrittenProxyRun, path: Path, findings: Findings): ProxyRun {
  return present({
    publish: written.publish ?? true,
    httpPort: written.http_port ?? 80,
    httpsPort: written.https_port ?? 443,
    metricsPort: written.metrics_port,
    debug: written.debug ?? false,
    logMaxSize: written.log_max_size ?? '10m',
    bindIps: (written.bind_ips ?? []).map(withoutBrackets),
    registry: written.registry,
    repository: written.repository ?? 'basecamp/kamal-proxy',
    version: written.version ?? 'v0.9.2',
    options: resolveOptions(written.options, [...path, 'options'], findings),
  });
}

function checkRun(written: WrittenProxyRun, path: Path, findings: Findings): void {
  for (const [index, ip] of (written.bind_ips ?? []).entries()) {
    if (!isIp(withoutBrackets(ip))) findings.problem([...path, 'bind_ips', index], 'this is no IP address');
  }
  if (written.publish !== false) return;
  for (const key of ['http_port', 'https_port', 'bind_ips'] as const) {
    if (written[key] !== undefined) findings.problemWithKey([...path, key], `\`${key}\` needs \`publish: true\``);
  }
}

function sameRun(left: WrittenProxyRun = {}, right: WrittenProxyRun = {}): boolean {
  return JSON.stringify(sorted(left)) === JSON.stringify(sorted(right));
}

function sorted(run: WrittenProxyRun): [string, unknown][] {
  return Object.entries(run).toSorted(([left], [right]) => left.localeCompare(right));
}

function withoutBrackets(ip: string): string {
  return ip.replace(/^\[(.*)\]$/, '$1');
}

export const proxyRunSample = `\
# How the proxy's own container is run; without it, Kamal's defaults or the files in ~/.kamal/proxy.
proxy:
  run:
    http_port: 80
    https_port: 443
    # Publish on these addresses only.
    bind_ips: [192.0.2.10]
    metrics_port: 9090
    debug: false
    # "" keeps the log without limit.
    log_max_size: 10m
    registry: registry.example.com
    repository: basecamp/kamal-proxy
    version: v0.9.2
    # Options of \`docker run\`.
    options:
      memory: 256m
`;
