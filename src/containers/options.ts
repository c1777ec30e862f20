import type { DockerOption } from '../config/config.ts';
import { optionValues } from '../config/option-values.ts';
import { Failure } from '../errors.ts';
import type { ContainerSpec } from './spec.ts';

/** Where a `docker run` option lands in the body of `POST /containers/create` (Engine API 1.41). */
export interface OptionPlace {
  readonly section: 'Config' | 'HostConfig' | 'Healthcheck';
  readonly field: string;
  /** What stands there for a value that was read; the value itself when absent. */
  readonly as?: (value: unknown) => unknown;
  readonly list?: true;
  /** What inspect shows when the option was not given, besides null, 0, false and empty ones. */
  readonly unset?: unknown;
}

const host = (field: string, more: Pick<OptionPlace, 'list' | 'unset'> = {}): OptionPlace => ({
  section: 'HostConfig',
  field,
  ...more,
});
const config = (field: string): OptionPlace => ({ section: 'Config', field });
const health = (field: string, as?: OptionPlace['as']): OptionPlace => ({
  section: 'Healthcheck',
  field,
  ...(as === undefined ? {} : { as }),
});

/** The options that the API takes from us; a container with any other is made by `docker create` on the machine. */
export const optionTable: Readonly<Record<string, OptionPlace>> = {
  memory: host('Memory'),
  'memory-swap': host('MemorySwap'),
  'memory-reservation': host('MemoryReservation'),
  cpus: host('NanoCpus'),
  'cpu-shares': host('CpuShares'),
  'cpuset-cpus': host('CpusetCpus'),
  'cap-add': host('CapAdd', { list: true }),
  'cap-drop': host('CapDrop', { list: true }),
  'security-opt': host('SecurityOpt', { list: true }),
  'group-add': host('GroupAdd', { list: true }),
  'add-host': host('ExtraHosts', { list: true }),
  dns: host('Dns', { list: true }),
  'dns-search': host('DnsSearch', { list: true }),
  ulimit: host('Ulimits', { list: true }),
  device: host('Devices', { list: true }),
  init: host('Init'),
  privileged: host('Privileged'),
  'read-only': host('ReadonlyRootfs'),
  'shm-size': host('ShmSize', { unset: 67_108_864 }),
  'pids-limit': host('PidsLimit', { unset: -1 }),
  'oom-score-adj': host('OomScoreAdj'),
  ipc: host('IpcMode', { unset: 'private' }),
  pid: host('PidMode'),
  runtime: host('Runtime', { unset: 'runc' }),
  user: config('User'),
  workdir: config('WorkingDir'),
  'stop-signal': config('StopSignal'),
  'stop-timeout': config('StopTimeout'),
  tty: config('Tty'),
  interactive: config('OpenStdin'),
  'health-cmd': health('Test', (value) => ['CMD-SHELL', value]),
  'health-interval': health('Interval'),
  'health-timeout': health('Timeout'),
  'health-start-period': health('StartPeriod'),
  'health-retries': health('Retries'),
  'no-healthcheck': health('Test', (value) => (value === true ? ['NONE'] : undefined)),
};

/** Options with a place in the container's spec rather than in the table. */
const asSpec = ['publish', 'volume', 'label', 'env', 'hostname', 'restart', 'log-driver', 'log-opt'];

/** Where an engine shows a setting of its own, a container whose file had one once looks like one that never had. */
const asEngineSays = ['ulimit', 'runtime', 'ipc', 'memory-swap', 'hostname', 'log-driver', 'log-opt'];

/** The options that only `docker create` understands. */
export function commandLineOptions(options: readonly DockerOption[]): DockerOption[] {
  return options.filter(isForCommandLine);
}

/** Whether inspect does not tell that a container has this option; a hash of such options does. */
export function isUnseen(option: DockerOption): boolean {
  return isForCommandLine(option) || asEngineSays.includes(option.name);
}

function isForCommandLine(option: DockerOption): boolean {
  return !(option.name in optionTable || asSpec.includes(option.name)) || isForClient(option);
}

/** What the `docker` command itself turns into something: files, variables and devices that it looks for on the machine. */
function isForClient({ name, value }: DockerOption): boolean {
  if (name === 'env') return !String(value).includes('=');
  if (name === 'device') return !String(value).startsWith('/');
  return name === 'security-opt' && /^(seccomp[=:](?!unconfined$|builtin$)|systempaths=)/.test(String(value));
}

/** Options that the table knows, with the value that the engine takes. @throws Failure `config-invalid` */
export function placedOptions(options: readonly DockerOption[]): { place: OptionPlace; value: unknown }[] {
  return options.flatMap((option) => {
    const place = optionTable[option.name];
    if (place === undefined || isForClient(option)) return [];
    const value = readValue(option);
    return [{ place, value: place.as === undefined ? value : place.as(value) }];
  });
}

/** The spec with those of its options in their places that have one there; like `docker run`, the last one counts. */
export function withOptionsInPlace(spec: ContainerSpec): ContainerSpec {
  const given = spec.options.filter((option) => !isForClient(option));
  const all = (name: string) =>
    given.filter((option) => option.name === name).map((option) => String(readValue(option)));
  const last = (name: string) => all(name).at(-1);
  const driver = last('log-driver') ?? spec.logging.driver;
  const hostname = last('hostname') ?? spec.hostname;
  return {
    ...spec,
    ...(hostname === undefined ? {} : { hostname }),
    restartPolicy: last('restart') ?? spec.restartPolicy,
    logging: {
      ...(driver === undefined ? {} : { driver }),
      options: { ...spec.logging.options, ...pairs(all('log-opt')) },
    },
    labels: { ...spec.labels, ...pairs(all('label')) },
    volumes: [...spec.volumes, ...all('volume')],
    publish: [...spec.publish, ...all('publish')],
    options: spec.options.filter((option) => !asSpec.includes(option.name) || isForClient(option)),
  };
}

/** Variables given by `--env NAME=value`; they win over the spec's own. */
export function envOfOptions(options: readonly DockerOption[]): Record<string, string> {
  return pairs(
    options.filter((option) => option.name === 'env' && !isForClient(option)).map(({ value }) => String(value)),
  );
}

function pairs(texts: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    texts.map((text): [string, string] => {
      const [name = '', ...value] = text.split('=');
      return [name, value.join('=')];
    }),
  );
}

/** The config refused such values already; the proxy's options may also come from files on the machine. */
function readValue({ name, value }: DockerOption): unknown {
  const known = optionValues[name];
  const read = known === undefined ? value : known.read(value);
  if (read !== undefined) return read;
  throw new Failure('config-invalid', `the option ${name} should be ${known?.shape}`);
}
