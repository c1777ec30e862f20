import type { WrittenAccessory } from './accessory.ts';
import type { Registry, Role } from './config.ts';
import type { Accessory } from './config-accessory.ts';
import { checkDependencies } from './dependencies.ts';
import { namesGivenTwice, resolveEnv } from './env.ts';
import type { Findings } from './findings.ts';
import { resolveHealthcheck } from './health.ts';
import { resolveLabels } from './labels.ts';
import { resolveLogging } from './logging.ts';
import { resolveDirectories, resolveFiles } from './mounts.ts';
import { optionValues } from './option-values.ts';
import { resolveContainerOptions } from './options.ts';
import { placesOf } from './placement.ts';
import { present } from './present.ts';
import { checkProxy, resolveProxyRoute } from './proxy.ts';
import type { SaidRun } from './proxy-run.ts';
import { warnAboutPublished } from './published.ts';
import { resolveRegistry } from './registry.ts';
import { checkStopSignal } from './swap.ts';
import { checkVolumes } from './volumes.ts';
import { resolveWords } from './words.ts';
import type { WrittenConfig } from './written.ts';

export interface AccessoriesRequest {
  readonly written: WrittenConfig;
  readonly service: string;
  readonly destination: string | undefined;
  readonly roles: readonly Role[];
  readonly findings: Findings;
}

/** The accessories in the order written. */
export function resolveAccessories(request: AccessoriesRequest): Accessory[] {
  const { written, findings } = request;
  const accessories = Object.entries(written.accessories ?? {}).map(([name, accessory]) =>
    resolveAccessory(name, accessory, request),
  );
  checkNames(accessories, request);
  checkDependencies(written, findings);
  return accessories;
}

function resolveAccessory(name: string, accessory: WrittenAccessory, request: AccessoriesRequest): Accessory {
  const { written, findings } = request;
  const path = ['accessories', name];
  const at = (key: string) => [...path, key];
  const service = accessory.service ?? `${request.service}-${name}`;
  const registry = accessory.registry && resolveRegistry(accessory.registry, at('registry'), findings);
  const env = resolveEnv(accessory.env, at('env'), findings);
  for (const variable of namesGivenTwice([env])) {
    findings.warning(at('env'), `\`${variable}\` is both clear and secret for ${name}; the clear value counts`);
  }
  const mounts = { path: at('files'), service, findings };
  const publish = publishedBy(accessory.port, at('port'), findings);
  checkVolumes(accessory.volumes, at('volumes'), findings);
  checkStop(accessory, path, findings);
  return present({
    name,
    service,
    image: imageOf({ accessory, registry, path, findings }),
    registry,
    hosts: placesOf({ accessory, path, written, findings }).map((host) => ({ host, env })),
    cmd: accessory.cmd === undefined ? undefined : resolveWords(accessory.cmd, at('cmd'), findings),
    network: accessory.network ?? 'kamal',
    publish,
    labels: resolveLabels(accessory.labels, at('labels'), findings),
    ...resolveContainerOptions(accessory.options, at('options'), findings),
    logging: resolveLogging(written.logging, undefined),
    files: resolveFiles({ ...mounts, written: accessory.files }),
    directories: resolveDirectories({ ...mounts, path: at('directories'), written: accessory.directories }),
    volumes: accessory.volumes ?? [],
    proxy: routeOf(accessory, path, findings),
    dependsOn: accessory.depends_on ?? [],
    healthcheck: resolveHealthcheck({
      written: accessory.healthcheck,
      path: at('healthcheck'),
      containerPort: containerPortOf(publish[0]),
      findings,
    }),
    stopTimeoutSeconds: accessory.stop_timeout,
    stopSignal: accessory.stop_signal,
    beforeReplace: beforeReplaceOf(accessory, at('before_replace'), findings),
    revert: accessory.revert ?? false,
  });
}

interface ImageRequest {
  accessory: WrittenAccessory;
  registry: Registry | undefined;
  path: readonly string[];
  findings: Findings;
}

function imageOf({ accessory: { image }, registry, path, findings }: ImageRequest): string {
  if (image === undefined || image === '') {
    findings.problemWithKey(path, '`image` is missing: the image with its tag, such as postgres:17');
    return '';
  }
  const whole = [registry?.server, image].filter((part) => part !== undefined).join('/');
  const repository = whole.replace(/@.*$/, '').replace(/:[^/]*$/, '');
  const names = repository.split('/').slice(/^[^/]*[.:][^/]*\//.test(repository) ? 1 : 0);
  if (/\s|:\/\//.test(whole) || names.some((part) => part === '')) {
    findings.problem([...path, 'image'], 'an image is written as name:tag, with its registry’s host name before it');
  } else if (names.some((part) => /[A-Z]/.test(part))) {
    findings.problem([...path, 'image'], 'Docker takes lower-case image names only');
  }
  return whole;
}

/** `3306` is `3306:3306`, as in Kamal. */
function publishedBy(port: string | undefined, path: readonly string[], findings: Findings): string[] {
  if (port === undefined) return [];
  if (port === '') {
    findings.warning(path, '`port` is empty, so nothing is published; with Kamal its container does not start');
    return [];
  }
  const [number = '', ...protocol] = port.split('/');
  const publish = port.includes(':') ? port : `${number}:${[number, ...protocol].join('/')}`;
  if (optionValues['publish']?.read(publish) === undefined) {
    findings.problem(path, 'this should be a port, or ports such as 127.0.0.1:5432:5432');
  } else warnAboutPublished(port, path, findings);
  return [publish];
}

function containerPortOf(publish = ''): number | undefined {
  const port = Number(/(\d+)(?:\/tcp)?$/.exec(publish)?.[1]);
  return port > 0 ? port : undefined;
}

function routeOf({ proxy }: WrittenAccessory, path: readonly string[], findings: Findings): Accessory['proxy'] {
  // An empty map is no proxy, as in Kamal.
  if (proxy === undefined || proxy === false || Object.keys(proxy).length === 0) return undefined;
  checkProxy(proxy, (key) => [...path, 'proxy', key], findings);
  return resolveProxyRoute(proxy);
}

/** How each proxied accessory wants the proxy of its machines run. */
export function runsOfAccessories(accessories: readonly Accessory[], written: WrittenConfig): SaidRun[] {
  return accessories.flatMap(({ name, proxy, hosts }) => {
    const own = written.accessories?.[name]?.proxy;
    if (proxy === undefined || typeof own !== 'object') return [];
    const path = ['accessories', name, 'proxy', 'run'];
    return [{ who: `the accessory ${name}`, hosts: hosts.map(({ host }) => host), run: own.run, path }];
  });
}

const usualSeconds = 600;

function beforeReplaceOf(
  { before_replace: written }: WrittenAccessory,
  path: readonly string[],
  findings: Findings,
): Accessory['beforeReplace'] {
  if (written === undefined) return undefined;
  const { cmd, timeout = usualSeconds } = typeof written === 'string' ? { cmd: written } : written;
  if (cmd === undefined || cmd.trim() === '') findings.problem(path, 'say what is run: `cmd: bin/dump`');
  return { command: cmd ?? '', timeoutSeconds: timeout };
}

function checkStop(written: WrittenAccessory, path: readonly string[], findings: Findings): void {
  checkStopSignal({ written, path, findings });
  if (written.options?.['stop-timeout'] === undefined || !findings.has([...path, 'stop_timeout'])) return;
  findings.problem([...path, 'stop_timeout'], '`options.stop-timeout` says it too; keep one of them');
}

/** Containers, routes and directories on a machine go by these names. */
function checkNames(accessories: readonly Accessory[], { service, destination, roles, findings }: AccessoriesRequest) {
  const owners = new Map(
    roles.map(({ name }) => [[service, name, destination].filter(Boolean).join('-'), `the role ${name}`]),
  );
  for (const { name, service: own } of accessories) {
    const path = findings.has(['accessories', name, 'service'])
      ? ['accessories', name, 'service']
      : ['accessories', name];
    const owner = owners.get(own);
    if (owner !== undefined) {
      findings.problem(path, `\`${own}\` is also the name of ${owner} on the machines; give it another \`service\``);
    }
    owners.set(own, `the accessory ${name}`);
    if (!/^[A-Za-z0-9][A-Za-z0-9_.-]*$/.test(own)) {
      findings.problem(path, `\`${own}\` cannot name a container: use letters, digits, \`-\`, \`_\` and \`.\``);
    }
    if (name === 'all') findings.warning(path, '`all` means every accessory where a command takes a name');
  }
}
