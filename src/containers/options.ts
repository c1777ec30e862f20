import type { DockerOption } from '../config/config.ts';
import { Failure } from '../errors.ts';

/** Where a `docker run` option lands in the body of `POST /containers/create` (Engine API 1.41). */
export interface OptionPlace {
  readonly section: 'Config' | 'HostConfig' | 'Healthcheck';
  readonly field: string;
  /** What the engine takes for one value; lists are gathered. */
  parse(value: string | true): unknown;
  readonly list?: true;
  /** What inspect shows when the option was not given, besides null, 0, false and empty ones. */
  readonly unset?: unknown;
}

const text = (value: string | true): string => String(value);
const flag = (value: string | true): boolean => value === true || value === 'true';
const host = (
  field: string,
  parse: OptionPlace['parse'],
  more: { list?: true; unset?: unknown } = {},
): OptionPlace => ({
  section: 'HostConfig',
  field,
  parse,
  ...more,
});
const config = (field: string, parse: OptionPlace['parse']): OptionPlace => ({ section: 'Config', field, parse });
const health = (field: string, parse: OptionPlace['parse']): OptionPlace => ({ section: 'Healthcheck', field, parse });

/** The options that the API takes from us; a container with any other is made by `docker create` on the machine. */
export const optionTable: Readonly<Record<string, OptionPlace>> = {
  memory: host('Memory', bytes),
  'memory-swap': host('MemorySwap', (value) => (value === '-1' ? -1 : bytes(value))),
  'memory-reservation': host('MemoryReservation', bytes),
  cpus: host('NanoCpus', (value) => Math.round(number(value) * 1e9)),
  'cpu-shares': host('CpuShares', number),
  'cpuset-cpus': host('CpusetCpus', text),
  'cap-add': host('CapAdd', text, { list: true }),
  'cap-drop': host('CapDrop', text, { list: true }),
  'security-opt': host('SecurityOpt', text, { list: true }),
  'group-add': host('GroupAdd', text, { list: true }),
  'add-host': host('ExtraHosts', text, { list: true }),
  dns: host('Dns', text, { list: true }),
  'dns-search': host('DnsSearch', text, { list: true }),
  ulimit: host('Ulimits', ulimit, { list: true }),
  device: host('Devices', device, { list: true }),
  init: host('Init', flag),
  privileged: host('Privileged', flag),
  'read-only': host('ReadonlyRootfs', flag),
  'shm-size': host('ShmSize', bytes, { unset: 67_108_864 }),
  'pids-limit': host('PidsLimit', number, { unset: -1 }),
  'oom-score-adj': host('OomScoreAdj', number),
  ipc: host('IpcMode', text, { unset: 'private' }),
  pid: host('PidMode', text),
  runtime: host('Runtime', text, { unset: 'runc' }),
  user: config('User', text),
  workdir: config('WorkingDir', text),
  'stop-signal': config('StopSignal', text),
  'stop-timeout': config('StopTimeout', number),
  tty: config('Tty', flag),
  interactive: config('OpenStdin', flag),
  'health-cmd': health('Test', (value) => ['CMD-SHELL', text(value)]),
  'health-interval': health('Interval', nanoseconds),
  'health-timeout': health('Timeout', nanoseconds),
  'health-start-period': health('StartPeriod', nanoseconds),
  'health-retries': health('Retries', number),
};

/** Options with a place in the container's spec rather than in the table. */
const asSpec = ['publish', 'volume', 'label', 'env', 'hostname', 'network'];

/** True when the API alone can make a container with these options. */
export function apiKnows(options: readonly DockerOption[]): boolean {
  return options.every(
    ({ name }) => name in optionTable || name === 'publish' || name === 'volume' || name === 'label',
  );
}

/** The options whose effect inspect cannot show, in a stable order. */
export function unshownOptions(options: readonly DockerOption[]): DockerOption[] {
  return options.filter(({ name }) => !(name in optionTable) && !asSpec.includes(name));
}

/** @returns bytes of Docker's `256m`, `1g`, `4096` (units of 1024). @throws Failure `usage` */
function bytes(value: string | true): number {
  const match = /^(\d+(?:\.\d+)?)\s*([bkmgt]?)b?$/i.exec(text(value));
  if (match === null) throw invalid(value, 'a size such as 256m or 1g');
  return Math.round(Number(match[1]) * 1024 ** 'bkmgt'.indexOf((match[2] || 'b').toLowerCase()));
}

function number(value: string | true): number {
  const parsed = Number(value);
  if (value === true || Number.isNaN(parsed)) throw invalid(value, 'a number');
  return parsed;
}

/** `nofile=4096:8192` or `nofile=4096`. */
function ulimit(value: string | true): unknown {
  const match = /^([a-z]+)=(-?\d+)(?::(-?\d+))?$/.exec(text(value));
  if (match === null) throw invalid(value, 'an ulimit such as nofile=4096:8192');
  return { Name: match[1], Soft: Number(match[2]), Hard: Number(match[3] ?? match[2]) };
}

/** `/dev/x[:/dev/y[:rwm]]`. */
function device(value: string | true): unknown {
  const [onHost = '', inContainer, permissions] = text(value).split(':');
  return { PathOnHost: onHost, PathInContainer: inContainer ?? onHost, CgroupPermissions: permissions ?? 'rwm' };
}

/** @returns nanoseconds of Go's `30s`, `1m30s`, `500ms` */
function nanoseconds(value: string | true): number {
  const units = { h: 3600e9, m: 60e9, s: 1e9, ms: 1e6 } as const;
  const parts = [...text(value).matchAll(/(\d+(?:\.\d+)?)(ms|h|m|s)/g)];
  if (parts.length === 0 || parts.map(([part]) => part).join('') !== value)
    throw invalid(value, 'a duration such as 30s');
  return parts.reduce((sum, [, amount, unit]) => sum + Number(amount) * units[unit as keyof typeof units], 0);
}

function invalid(value: string | true, wanted: string): Failure {
  return new Failure('config-invalid', `options: ${JSON.stringify(value)} is not ${wanted}`);
}
