import type { ContainerInspect, ContainerSummary } from '../../src/hosts/docker.ts';
import type { FakeContainer } from './containers.ts';
import { answersHealthy, secondsUp } from './probe.ts';
import type { MachineState } from './machine.ts';
import { publishedPorts } from './ports.ts';

function byClock(time: Date | undefined, { clockAheadSeconds }: MachineState): string | undefined {
  return time && new Date(time.getTime() + clockAheadSeconds * 1000).toISOString();
}

const never = '0001-01-01T00:00:00Z';

/** `docker inspect`, with the noise a real engine adds to what was asked for. */
export function containerInspect(machine: MachineState, container: FakeContainer): ContainerInspect {
  const { body, image } = container;
  const isUp = container.state === 'running' || container.state === 'restarting';
  const network = String(body.HostConfig['NetworkMode'] ?? 'bridge');
  const { Image: _image, HostConfig: hostConfig, Hostname, ...config } = body;
  return overTheWire({
    Id: container.id,
    Name: `/${container.name}`,
    Created: container.createdAt.toISOString(),
    Image: container.imageId,
    RestartCount: container.restartCount,
    ExecIDs: runningExecs(machine, container),
    State: {
      Status: container.state,
      Running: isUp,
      Restarting: container.state === 'restarting',
      OOMKilled: false,
      ExitCode: container.exitStatus,
      Error: container.startError,
      StartedAt: byClock(container.startedAt, machine) ?? never,
      FinishedAt: byClock(container.finishedAt, machine) ?? never,
      ...(image.hasHealthcheck && isUp ? { Health: { Status: healthOf(container) } } : {}),
    },
    Config: {
      User: '',
      WorkingDir: '',
      Volumes: null,
      Entrypoint: null,
      ...config,
      Hostname: Hostname ?? container.id.slice(0, 12),
      Image: body.Image,
      Cmd: body.Cmd ?? image.cmd,
      Env: merged(body.Env ?? [], image.env),
      Labels: { ...image.labels, ...body.Labels },
    },
    HostConfig: { ...unset, ...hostConfig, ...swapOf(hostConfig), ...loggingOf(hostConfig) },
    Mounts: mountsOf(hostConfig['Binds']),
    NetworkSettings: {
      Networks: {
        [network]: {
          IPAddress: isUp ? container.address : '',
          Aliases: container.startedAt === undefined ? null : [container.id.slice(0, 12)],
          NetworkID: container.networkId,
        },
      },
    },
  });
}

/** A copy, as JSON brings it. */
function overTheWire(value: object): ContainerInspect {
  return JSON.parse(JSON.stringify(value)) as ContainerInspect;
}

export function containerSummary(container: FakeContainer): ContainerSummary {
  const seconds = Math.floor(secondsUp(container));
  const health = container.image.hasHealthcheck ? ` (${healthOf(container)})` : '';
  const status = {
    created: 'Created',
    running: `Up ${seconds} seconds${health}`,
    restarting: `Restarting (${container.exitStatus}) ${seconds} seconds ago`,
    exited: `Exited (${container.exitStatus}) ${seconds} seconds ago`,
  };
  return {
    Id: container.id,
    Names: [`/${container.name}`],
    Image: container.image.tags.has(container.body.Image) ? container.body.Image : container.imageId,
    ImageID: container.imageId,
    Labels: { ...container.image.labels, ...container.body.Labels },
    State: container.state,
    Status: status[container.state],
    Created: Math.floor(container.createdAt.getTime() / 1000),
    Ports: container.state === 'running' ? publishedPorts(container) : [],
    Mounts: mountsOf(container.body.HostConfig['Binds']),
  };
}

function healthOf(container: FakeContainer): string {
  if (answersHealthy(container)) return 'healthy';
  return ['never-healthy', 'deaf'].includes(container.image.behaviour.kind) && secondsUp(container) > 3
    ? 'unhealthy'
    : 'starting';
}

function runningExecs(machine: MachineState, container: FakeContainer): string[] | null {
  const ids = [...machine.proxy.execs].filter(([, exec]) => exec.container === container.id).map(([id]) => id);
  return ids.length === 0 ? null : ids;
}

/** The container's own variables first; of the image's, those it does not set. */
function merged(own: readonly string[], image: readonly string[]): string[] {
  const names = new Set(own.map((entry) => entry.split('=', 1)[0]));
  return [...own, ...image.filter((entry) => !names.has(entry.split('=', 1)[0]))];
}

function swapOf(hostConfig: Record<string, unknown>): object {
  return typeof hostConfig['Memory'] === 'number' && hostConfig['MemorySwap'] === undefined
    ? { MemorySwap: hostConfig['Memory'] * 2 }
    : {};
}

function loggingOf(hostConfig: Record<string, unknown>): object {
  const logging = (hostConfig['LogConfig'] ?? {}) as { Type?: string; Config?: object };
  return { LogConfig: { Type: logging.Type || 'json-file', Config: logging.Config ?? {} } };
}

function mountsOf(binds: unknown): ContainerInspect['Mounts'] {
  return (Array.isArray(binds) ? (binds as string[]) : []).map((bind) => {
    const [source = '', destination = '', mode = ''] = bind.split(':');
    const common = { Destination: destination, RW: mode !== 'ro', Mode: mode };
    return source.startsWith('/')
      ? { Type: 'bind', Source: source, ...common }
      : { Type: 'volume', Name: source, Source: `/var/lib/docker/volumes/${source}/_data`, ...common };
  });
}

/** What an engine shows for the parts of HostConfig that nobody asked for. */
const unset = {
  Binds: null,
  PortBindings: {},
  RestartPolicy: { Name: 'no', MaximumRetryCount: 0 },
  AutoRemove: false,
  CapAdd: null,
  CapDrop: null,
  Dns: [],
  DnsOptions: [],
  DnsSearch: [],
  ExtraHosts: null,
  GroupAdd: null,
  IpcMode: 'private',
  OomScoreAdj: 0,
  PidMode: '',
  Privileged: false,
  ReadonlyRootfs: false,
  SecurityOpt: null,
  ShmSize: 67_108_864,
  Runtime: 'runc',
  CpuShares: 0,
  Memory: 0,
  NanoCpus: 0,
  CpusetCpus: '',
  Devices: [],
  MemoryReservation: 0,
  MemorySwap: 0,
  PidsLimit: null,
  Ulimits: null,
};
