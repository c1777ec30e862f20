import type { CreateRequest } from './create-request.ts';
import type { ImageDefaults, RunningSettings } from './differences.ts';
import { optionTable } from './options.ts';
import { isNothing, same, sameSet } from './same.ts';

type Settings = Readonly<Record<string, unknown>>;

/** How network, volumes, ports and options differ from the wanted ones, one phrase each; what an engine adds by itself is none. */
export function settingDifferences(wanted: CreateRequest, running: RunningSettings, image: ImageDefaults): string[] {
  const [is, want] = [running.HostConfig, wanted.HostConfig];
  return [
    ...(is['NetworkMode'] === want['NetworkMode'] ? [] : [`network is ${String(is['NetworkMode'])}`]),
    ...(sameSet(is['Binds'], want['Binds']) && sameVolumes(running, wanted, image) ? [] : ['volumes differ']),
    ...(same(is['PortBindings'], want['PortBindings']) ? [] : ['published ports differ']),
    ...(same(is['RestartPolicy'], want['RestartPolicy']) ? [] : ['restart policy differs']),
    ...(sameLogging(is['LogConfig'], want['LogConfig']) ? [] : ['logging differs']),
    ...Object.entries(optionTable).flatMap(([name, { section, field, unset }]) => {
      if (section === 'Healthcheck') return [];
      const equal =
        section === 'HostConfig'
          ? sameHostSetting({ field, unset, is, want })
          : same(running.Config[field], isNothing(wanted[field]) ? inherited(image, field) : wanted[field]);
      return equal ? [] : [`${name} differs`];
    }),
    ...(sameHealthcheck(running.Config['Healthcheck'], wanted['Healthcheck'], image['Healthcheck'])
      ? []
      : ['health check differs']),
  ];
}

/** What a container has of its image where nothing is said; no engine takes a time-out from there. */
function inherited(image: ImageDefaults, field: string): unknown {
  return field === 'StopTimeout' ? undefined : image[field];
}

/** Those without a source; the image's own are shown beside them. */
function sameVolumes(running: RunningSettings, wanted: CreateRequest, image: ImageDefaults): boolean {
  const paths = (settings: Settings) => Object.keys((settings['Volumes'] ?? {}) as object);
  return sameSet(paths(running.Config), [...paths(image), ...paths(wanted)]);
}

interface HostSetting {
  readonly field: string;
  readonly unset: unknown;
  readonly is: Settings;
  readonly want: Settings;
}

function sameHostSetting({ field, unset, is: running, want: wanted }: HostSetting): boolean {
  const [is, want] = [running[field], wanted[field]];
  const nothingWanted = isNothing(want) || same(want, unset);
  if (nothingWanted && (isNothing(is) || same(is, unset))) return true;
  switch (field) {
    case 'IpcMode':
      return same(is, isNothing(want) ? 'shareable' : want);
    case 'Runtime':
      // The engine's own configuration decides.
      return isNothing(want) || same(is, want);
    case 'MemorySwap':
      // Twice the memory where nothing is said; -1 on a kernel that cannot limit it.
      return is === -1 || is === (isNothing(want) ? Number(wanted['Memory'] ?? 0) * 2 : want);
    case 'CapAdd':
    case 'CapDrop':
      return sameSet(capabilities(is), capabilities(want));
    case 'Ulimits':
      // The engine's own defaults are shown beside those of the container.
      return sameSet(listOf(is).filter(named(namesOf(want))), want);
    case 'ExtraHosts':
      return same(listOf(is).map(extraHost), listOf(want));
    case 'SecurityOpt':
      return same(listOf(is).filter(notByItself(wanted)), want);
    default:
      return same(is, want);
  }
}

/** A driver that nobody asked for is the engine's, and so are options beside the wanted ones. */
function sameLogging(running: unknown, wanted: unknown): boolean {
  const [is, want] = [running, wanted] as ({ Type?: string; Config?: Record<string, string> } | undefined)[];
  if (!isNothing(want?.Type) && is?.Type !== want?.Type) return false;
  return Object.entries(want?.Config ?? {}).every(([name, value]) => is?.Config?.[name] === value);
}

/** What is not said comes from the image. How often is looked at the start is only for the command line, and hashed there. */
function sameHealthcheck(running: unknown, wanted: unknown, image: unknown): boolean {
  const said = Object.entries((wanted ?? {}) as object).filter(([, value]) => !isNothing(value));
  const whole = { ...(image as object | undefined), ...Object.fromEntries(said) };
  return same({ ...(running as object | undefined), StartInterval: 0 }, { ...whole, StartInterval: 0 });
}

/** Engines show capabilities with or without their prefix, whatever was asked for. */
function capabilities(value: unknown): string[] {
  return listOf(value).map((name) => String(name).toUpperCase().replace(/^CAP_/, ''));
}

function namesOf(limits: unknown): string[] {
  return listOf(limits).map((limit) => (limit as { Name: string }).Name);
}

function named(names: readonly string[]): (limit: unknown) => boolean {
  return (limit) => names.includes((limit as { Name: string }).Name);
}

function extraHost(value: unknown): string {
  return String(value).replace(/^([^:=]+)[:=]\[?([^\]]+)\]?$/, '$1:$2');
}

/** A privileged container, or one in the machine's own namespaces, has no SELinux label; the client reads a profile's file. */
function notByItself(wanted: Settings): (option: unknown) => boolean {
  const unlabelled = wanted['Privileged'] === true || wanted['IpcMode'] === 'host' || wanted['PidMode'] === 'host';
  const asked = listOf(wanted['SecurityOpt']);
  return (option) =>
    asked.includes(option) || !((unlabelled && option === 'label=disable') || /^seccomp=\s*\{/.test(String(option)));
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}
