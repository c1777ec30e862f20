import type { Config, ProxyRun } from '../config/config.ts';
import { networkName, proxyContainerName } from '../containers/names.ts';
import type { ContainerSpec } from '../containers/spec.ts';
import { readBootConfig } from './boot-config.ts';
import { appsConfigDirectory, appsConfigInProxy } from './files.ts';

/** Kamal 2.12's own: the oldest kamal-proxy it works with, and the one it runs when nothing is said. */
export const minimumProxyVersion = 'v0.9.2';
const defaultRepository = 'basecamp/kamal-proxy';

/** A machine's proxy container as Kamal runs it (reference, section 3.7). */
export function proxySpec(config: Config, host: string, files: Readonly<Record<string, string>>): ContainerSpec {
  const run = config.proxyRuns.get(host);
  return run === undefined ? specFromFiles(files) : specFromRun(run);
}

function specFromRun(run: ProxyRun): ContainerSpec {
  const repository = [run.registry, run.repository].filter(Boolean).join('/');
  const words = [
    ...(run.debug ? ['--debug'] : []),
    ...(run.metricsPort === undefined ? [] : ['--metrics-port', String(run.metricsPort)]),
  ];
  const addresses =
    run.bindIps.length === 0 ? [''] : run.bindIps.map((ip) => (ip.includes(':') ? `[${ip}]:` : `${ip}:`));
  return {
    ...common,
    image: `${repository}:${run.version}`,
    cmd: ['kamal-proxy', 'run', ...words],
    publish: run.publish
      ? addresses.flatMap((address) => [`${address}${run.httpPort}:80`, `${address}${run.httpsPort}:443`])
      : [],
    logging: { options: run.logMaxSize === '' ? {} : { 'max-size': run.logMaxSize } },
    options: [
      ...(run.metricsPort === undefined ? [] : [{ name: 'expose', value: String(run.metricsPort) }]),
      ...run.options,
    ],
  };
}

/** `kamal proxy boot_config set` wrote `docker run` options, image, version and command into four files. */
function specFromFiles(files: Readonly<Record<string, string>>): ContainerSpec {
  const { options, image = defaultRepository, version = minimumProxyVersion, command } = readBootConfig(files);
  const valuesOf = (wanted: string) => options.flatMap(({ name, value }) => (name === wanted ? [String(value)] : []));
  const driver = valuesOf('log-driver').at(-1);
  const elsewhere = ['publish', 'log-opt', 'log-driver'];
  return {
    ...common,
    image: `${image}:${version}`,
    cmd: command.length === 0 ? ['kamal-proxy', 'run'] : command,
    publish: valuesOf('publish'),
    logging: {
      ...(driver === undefined ? {} : { driver }),
      options: Object.fromEntries(valuesOf('log-opt').map(pair)),
    },
    options: options.filter(({ name }) => !elsewhere.includes(name)),
  };
}

const common = {
  name: proxyContainerName,
  env: [],
  labels: {},
  network: networkName,
  restartPolicy: 'unless-stopped',
  volumes: [
    'kamal-proxy-config:/home/kamal-proxy/.config/kamal-proxy',
    `$PWD/${appsConfigDirectory}:${appsConfigInProxy}`,
  ],
} as const;

function pair(text: string): [string, string] {
  const at = text.indexOf('=');
  return at === -1 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}

/** True when the tag of a proxy image is a version older than Kamal's minimum; other tags are left to the user. */
export function isTooOld(image: string): boolean {
  const numbers = (version: string) => /^v?(\d+)\.(\d+)\.(\d+)/.exec(version)?.slice(1).map(Number);
  const [tag = ''] = image.split('@');
  const [is, minimum] = [numbers(tag.slice(tag.lastIndexOf(':') + 1)), numbers(minimumProxyVersion)];
  if (is === undefined || minimum === undefined) return false;
  const place = is.findIndex((number, index) => number !== minimum[index]);
  return place !== -1 && (is[place] ?? 0) < (minimum[place] ?? 0);
}
