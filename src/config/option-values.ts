import * as z from 'zod';
import type { DockerOption } from './config.ts';
import { publishedIn } from './ports.ts';

/** How Docker reads the value of a `docker run` option. */
export interface OptionValue {
  /** What should stand there: `a size such as 256m or 1g`. */
  readonly shape: string;
  /** What the engine takes; undefined for a value that Docker could not read. */
  read(value: string | true): unknown;
}

const textValue: OptionValue = {
  shape: 'text',
  read: (value) => (value === true || value === '' ? undefined : value),
};

const flag: OptionValue = {
  shape: 'true or false',
  read(value) {
    if (value === true || /^(1|t|true)$/i.test(value)) return true;
    return /^(0|f|false)$/i.test(value) ? false : undefined;
  },
};

/** Bytes; units are of 1024, as in `docker run`. */
const size: OptionValue = {
  shape: 'a size such as 256m or 1g',
  read(value) {
    const match = /^(\d*\.?\d+) ?(?:([kmgtp])i?)?b?$/i.exec(String(value));
    if (match === null) return undefined;
    return Math.floor(Number(match[1]) * 1024 ** ' kmgtp'.indexOf((match[2] ?? ' ').toLowerCase()));
  },
};

const swapSize: OptionValue = {
  shape: 'a size such as 1g, or -1 for no limit',
  read: (value) => (value === '-1' ? -1 : size.read(value)),
};

const processors: OptionValue = {
  shape: 'a number of processors such as 1.5',
  read: (value) => (/^(\d+\.?\d*|\.\d+)$/.test(String(value)) ? Math.round(Number(value) * 1e9) : undefined),
};

/** Nanoseconds of Go's `30s`, `1m30s`, `500ms`. */
const duration: OptionValue = {
  shape: 'a duration such as 30s or 1m30s',
  read(value) {
    if (value === '0') return 0;
    const parts = [...String(value).matchAll(/(\d+\.?\d*|\.\d+)(ns|us|µs|ms|h|m|s)/g)];
    if (parts.length === 0 || parts.map(([part]) => part).join('') !== value) return undefined;
    return Math.round(
      parts.reduce((sum, [, amount, unit = 's']) => sum + Number(amount) * (nanoseconds[unit] ?? 0), 0),
    );
  },
};

const nanoseconds: Readonly<Record<string, number>> = { h: 3600e9, m: 60e9, s: 1e9, ms: 1e6, us: 1e3, µs: 1e3, ns: 1 };

/** `nofile=4096:8192` or `nofile=4096`. */
const ulimit: OptionValue = {
  shape: 'a limit such as nofile=4096:8192',
  read(value) {
    const [, name = '', soft, hard = soft] = /^([a-z]+)=(-?\d+)(?::(-?\d+))?$/.exec(String(value)) ?? [];
    if (!limits.includes(name)) return undefined;
    if (Number(hard) !== -1 && (Number(soft) === -1 || Number(soft) > Number(hard))) return undefined;
    return { Name: name, Soft: Number(soft), Hard: Number(hard) };
  },
};

const limits: readonly string[] =
  'core cpu data fsize locks memlock msgqueue nice nofile nproc rss rtprio rttime sigpending stack'.split(' ');

/** `/dev/x[:/dev/y][:rwm]`, where a second part of r, w and m is permissions; or a name such as `nvidia.com/gpu=all`, as text. */
const device: OptionValue = {
  shape: 'a device such as /dev/x, /dev/x:/dev/y or /dev/x:/dev/y:rwm',
  read(value) {
    if (/^[\w.-]+\/[\w.-]+=\S+$/.test(String(value))) return value;
    const [onHost = '', ...more] = String(value).split(':');
    const permissions = isPermissions(more.at(-1)) ? more.pop() : 'rwm';
    const [inContainer = onHost, ...rest] = more;
    if (value === true || rest.length > 0 || !inContainer.startsWith('/')) return undefined;
    return { PathOnHost: onHost, PathInContainer: inContainer, CgroupPermissions: permissions };
  },
};

function isPermissions(text: string | undefined): boolean {
  return text !== undefined && /^[rwm]{1,3}$/.test(text) && new Set(text).size === text.length;
}

/** `name:address`, also written `name=address`; an address in brackets comes without them. */
const extraHost: OptionValue = {
  shape: 'a name and its address, such as db:192.0.2.7',
  read(value) {
    const [, name, address = ''] = /^([^:=]+)[:=]\[?([^\]]+)\]?$/.exec(String(value)) ?? [];
    return address === 'host-gateway' || isIp(address) ? `${name}:${address}` : undefined;
  },
};

const ip: OptionValue = { shape: 'an IP address', read: (value) => (isIp(String(value)) ? value : undefined) };

const signal: OptionValue = {
  shape: 'a signal such as SIGINT',
  read: (value) => (/^(\d+|(SIG)?[a-z][a-z0-9+-]*)$/i.test(String(value)) ? value : undefined),
};

const directory: OptionValue = {
  shape: 'a path that starts with /',
  read: (value) => (String(value).startsWith('/') ? value : undefined),
};

/** `[address:][host port:]container port[/protocol]`, ports also as ranges. */
const publish: OptionValue = {
  shape: 'ports such as 8080:80 or 127.0.0.1:8080:80/udp',
  read: (value) => (publishedIn(String(value)).length > 0 ? value : undefined),
};

const logOption: OptionValue = {
  shape: 'an option such as max-size=10m',
  read: (value) => (/^[^=]+=/.test(String(value)) ? value : undefined),
};

export const restartPolicy: OptionValue = {
  shape: 'no, always, unless-stopped, on-failure or on-failure:N',
  read: (value) => (/^(no|always|unless-stopped|on-failure(:\d+)?)$/.test(String(value)) ? value : undefined),
};

function integer(from: number, to = Number.MAX_SAFE_INTEGER): OptionValue {
  return {
    shape: to < Number.MAX_SAFE_INTEGER ? `a whole number from ${from} to ${to}` : `a whole number from ${from}`,
    read(value) {
      const number = Number(value);
      return /^-?\d+$/.test(String(value)) && number >= from && number <= to ? number : undefined;
    },
  };
}

export function isIp(value: string): boolean {
  return z.ipv4().safeParse(value).success || z.ipv6().safeParse(value).success;
}

/** The options whose values are understood here; what others say is known to Docker alone. */
export const optionValues: Readonly<Record<string, OptionValue>> = {
  memory: size,
  'memory-swap': swapSize,
  'memory-reservation': size,
  cpus: processors,
  'cpu-shares': integer(0),
  'cpuset-cpus': textValue,
  'cap-add': textValue,
  'cap-drop': textValue,
  'security-opt': textValue,
  'group-add': textValue,
  'add-host': extraHost,
  dns: ip,
  'dns-search': textValue,
  ulimit,
  device,
  init: flag,
  privileged: flag,
  'read-only': flag,
  'shm-size': size,
  'pids-limit': integer(-1),
  'oom-score-adj': integer(-1000, 1000),
  ipc: textValue,
  pid: textValue,
  runtime: textValue,
  user: textValue,
  workdir: directory,
  'stop-signal': signal,
  'stop-timeout': integer(-1),
  tty: flag,
  interactive: flag,
  'health-cmd': textValue,
  'health-interval': duration,
  'health-timeout': duration,
  'health-start-period': duration,
  'health-retries': integer(0),
  'no-healthcheck': flag,
  publish,
  volume: textValue,
  label: textValue,
  env: textValue,
  hostname: textValue,
  'log-driver': textValue,
  restart: restartPolicy,
  'log-opt': logOption,
};

/** Why Docker could not read the option; undefined when it can, or when only Docker knows. */
export function problemWithOption({ name, value }: DockerOption): string | undefined {
  const known = Object.hasOwn(optionValues, name) ? optionValues[name] : undefined;
  return known !== undefined && known.read(value) === undefined ? `this should be ${known.shape}` : undefined;
}
