import type { Config, DockerOption, ProxyRun } from '../config/config.ts';
import { networkName, proxyContainerName } from '../containers/names.ts';
import { appsConfigDirectory, appsConfigInProxy } from './files.ts';
import type { ContainerSpec } from '../containers/spec.ts';

/** Kamal 2.12's own: the oldest kamal-proxy it works with, and the one it runs when nothing is said. */
export const minimumProxyVersion = 'v0.9.2';
const defaultRepository = 'basecamp/kamal-proxy';

/** The deprecated boot-config files that Kamal reads on the machine when the file has no `proxy.run`. */
export const proxyFileNames = ['options', 'image', 'image_version', 'run_command'] as const;
export const proxyDirectory = '.kamal/proxy';

/** The proxy's container as Kamal runs it (reference, section 3.7). */
export function proxySpec(config: Config, files: Readonly<Record<string, string>>): ContainerSpec {
  return config.proxyRun === undefined ? specFromFiles(files) : specFromRun(config.proxyRun);
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
  const words = (files['options'] ?? '--publish 80:80 --publish 443:443 --log-opt max-size=10m')
    .split(/\s+/)
    .filter(Boolean);
  const options = optionsOf(words);
  const command = (files['run_command'] ?? '').trim();
  return {
    ...common,
    image: `${files['image']?.trim() || defaultRepository}:${files['image_version']?.trim() || minimumProxyVersion}`,
    cmd: command === '' ? ['kamal-proxy', 'run'] : command.split(/\s+/),
    publish: options.filter(({ name }) => name === 'publish').map(({ value }) => String(value)),
    logging: {
      options: Object.fromEntries(options.filter(({ name }) => name === 'log-opt').map(({ value }) => pair(value))),
    },
    options: options.filter(({ name }) => name !== 'publish' && name !== 'log-opt'),
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

/** `--name value`, `--name=value` and bare flags, quotes as Kamal wrote them taken off. */
function optionsOf(words: readonly string[]): DockerOption[] {
  const options: DockerOption[] = [];
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index] ?? '';
    const [name = '', ...value] = word.replace(/^--?/, '').split('=');
    const next = words[index + 1];
    if (value.length > 0) options.push({ name, value: unquoted(value.join('=')) });
    else if (next !== undefined && !next.startsWith('-')) {
      options.push({ name, value: unquoted(next) });
      index += 1;
    } else options.push({ name, value: true });
  }
  return options;
}

function unquoted(text: string): string {
  return text.replace(/^(["'])(.*)\1$/, '$2');
}

function pair(value: string | true): [string, string] {
  const [name = '', ...rest] = String(value).split('=');
  return [name, rest.join('=').replace(/^(["'])(.*)\1$/, '$2')];
}

/** True when the tag of a proxy image is a version older than Kamal's minimum; other tags are left to the user. */
export function isTooOld(image: string): boolean {
  const numbers = (version: string) => /^v?(\d+)\.(\d+)\.(\d+)/.exec(version)?.slice(1).map(Number);
  const [is, minimum] = [numbers(image.slice(image.lastIndexOf(':') + 1)), numbers(minimumProxyVersion)];
  if (is === undefined || minimum === undefined) return false;
  const place = is.findIndex((number, index) => number !== minimum[index]);
  return place !== -1 && (is[place] ?? 0) < (minimum[place] ?? 0);
}
