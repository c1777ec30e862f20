import type { Config, ProxyRun } from './config.ts';
import type { Path } from './sheet.ts';
import { addOptions, type Put, type Shown } from './truth-shown.ts';

/** How the proxy's container is run: once where all machines agree, else for each. */
export function addProxyRuns(config: Config, put: Put): void {
  const runs = [...config.proxyRuns];
  const isOne = new Set(runs.map(([, run]) => JSON.stringify(run))).size === 1;
  for (const [host, run] of isOne ? runs.slice(0, 1) : runs) {
    const at = isOne ? ['proxy', 'run'] : ['proxy', 'run', 'hosts', host];
    addRun({ run, at, blocks: blocksFor(config, host), put });
  }
}

interface RunSource {
  readonly run: ProxyRun;
  /** Where it is shown. */
  readonly at: readonly string[];
  /** The blocks that can say it, the first that does counts. */
  readonly blocks: readonly Path[];
  readonly put: Put;
}

function addRun({ run, at, blocks, put }: RunSource): void {
  const add = (keys: readonly string[], value: Shown | undefined) =>
    put([...at, ...keys], value, ...blocks.map((block) => [...block, ...keys]));
  add(['publish'], run.publish);
  add(['http_port'], run.httpPort);
  add(['https_port'], run.httpsPort);
  add(['metrics_port'], run.metricsPort);
  add(['debug'], run.debug);
  add(['log_max_size'], run.logMaxSize);
  add(['bind_ips'], run.bindIps);
  add(['registry'], run.registry);
  add(['repository'], run.repository);
  add(['version'], run.version);
  addOptions(run.options, (name, value) => add(['options', name], value));
}

/** Roles before the root, and that before accessories, as they are asked. */
function blocksFor({ roles, accessories }: Config, host: string): Path[] {
  const namesOf = (parts: Config['roles'] | Config['accessories']) =>
    parts.flatMap(({ name, proxy, hosts }) =>
      proxy !== undefined && hosts.some((one) => one.host === host) ? [name] : [],
    );
  return [
    ...namesOf(roles).map((name) => ['servers', name, 'proxy', 'run']),
    ['proxy', 'run'],
    ...namesOf(accessories).map((name) => ['accessories', name, 'proxy', 'run']),
  ];
}
