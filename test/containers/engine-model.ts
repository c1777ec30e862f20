import type { CreateRequest } from '../../src/containers/create-request.ts';
import type { ImageDefaults, RunningSettings } from '../../src/containers/differences.ts';

/** What an engine adds to, and how it shows, what it was asked for. */
export interface EngineModel {
  readonly name: string;
  show(hostConfig: Record<string, unknown>): Record<string, unknown>;
}

const nothing = { Binds: null, PortBindings: {}, Privileged: false, PidMode: '', Devices: [], Dns: [], OomScoreAdj: 0 };
const listOf = (value: unknown) => (Array.isArray(value) ? (value as string[]) : []);

/** Docker 20.10: shows capabilities as they were asked for, nulls for lists that nobody gave. */
const old: EngineModel = {
  name: '20.10',
  show: (asked) => ({
    ...nothing,
    CapAdd: null,
    Ulimits: null,
    SecurityOpt: null,
    PidsLimit: null,
    IpcMode: 'private',
    Runtime: 'runc',
    ShmSize: 67_108_864,
    MemorySwap: Number(asked['Memory'] ?? 0) * 2,
    ...asked,
    ...unlabelled(asked),
    LogConfig: logging(asked, {}),
  }),
};

/** A newer one, whose daemon.json has defaults for logs and limits, on a kernel that cannot limit swap. */
const configured: EngineModel = {
  name: '29, with defaults of its own',
  show: (asked) => ({
    ...nothing,
    PidsLimit: null,
    IpcMode: 'shareable',
    Runtime: 'io.containerd.runc.v2',
    ShmSize: 67_108_864,
    ...asked,
    MemorySwap: asked['Memory'] === undefined && asked['MemorySwap'] === undefined ? 0 : -1,
    CapAdd: capabilities(asked['CapAdd']),
    CapDrop: capabilities(asked['CapDrop']),
    Ulimits: [{ Name: 'rss', Hard: 65_536, Soft: 32_768 }, ...listOf(asked['Ulimits'])].toReversed(),
    ...unlabelled(asked),
    LogConfig: logging(asked, { 'max-file': '3', compress: 'true' }),
  }),
};

export const engines: readonly EngineModel[] = [old, configured];

/** `docker inspect` of a container made by this request. */
export function inspected(body: CreateRequest, image: ImageDefaults, engine: EngineModel): RunningSettings {
  const { HostConfig, Image, Hostname, ...asked } = body;
  const env = listOf(asked['Env']);
  const names = new Set(env.map((entry) => entry.split('=', 1)[0]));
  const health = { ...(image['Healthcheck'] as object), ...(asked['Healthcheck'] as object) };
  return structuredClone({
    Config: {
      User: image['User'] ?? '',
      StopSignal: image['StopSignal'],
      WorkingDir: image['WorkingDir'] ?? '',
      Tty: false,
      OpenStdin: false,
      Entrypoint: null,
      ...asked,
      ...(Object.keys(health).length === 0 ? {} : { Healthcheck: health }),
      Hostname: Hostname ?? '4f1c0a2b3d4e',
      Image,
      Cmd: (asked['Cmd'] ?? (asked['Entrypoint'] === undefined ? image.Cmd : null) ?? null) as string[] | null,
      Env: [...env, ...(image.Env ?? []).filter((entry) => !names.has(entry.split('=', 1)[0]))],
      Labels: { ...image.Labels, ...(asked['Labels'] as Record<string, string>) },
    },
    HostConfig: engine.show(HostConfig),
  });
}

function capabilities(names: unknown): string[] {
  return listOf(names)
    .map((name) => (name === 'ALL' ? name : `CAP_${name.toUpperCase().replace(/^CAP_/, '')}`))
    .sort();
}

function unlabelled({ Privileged, IpcMode, PidMode, SecurityOpt }: Record<string, unknown>): object {
  const options = listOf(SecurityOpt);
  const free = Privileged === true || IpcMode === 'host' || PidMode === 'host';
  return free && !options.some((option) => option.startsWith('label='))
    ? { SecurityOpt: [...options, 'label=disable'] }
    : {};
}

function logging(asked: Record<string, unknown>, defaults: object): object {
  const { Type, Config } = asked['LogConfig'] as { Type: string; Config: object };
  const isDefault = Type === '' || Type === 'json-file';
  return { Type: Type || 'json-file', Config: isDefault ? { ...defaults, ...Config } : Config };
}
