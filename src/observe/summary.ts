import type { ContainerInspect, ContainerSummary } from '../hosts/docker.ts';
import type { ObservedContainer, ObservedPort } from './observed.ts';

export function containerOf(summary: ContainerSummary): ObservedContainer {
  return {
    id: summary.Id,
    name: (summary.Names[0] ?? '').replace(/^\//, ''),
    image: summary.Image,
    imageId: summary.ImageID,
    state: summary.State,
    status: summary.Status,
    createdSeconds: summary.Created,
    labels: summary.Labels ?? {},
    mounts: (summary.Mounts ?? []).map(({ Type, Name, Source, Destination, RW }) => ({
      type: Type,
      ...(Name === undefined ? {} : { name: Name }),
      source: Source,
      destination: Destination,
      isWritable: RW !== false,
    })),
    ports: portsOf(summary),
  };
}

/** Why Docker could not start it; of one that runs, what it says is long over. */
export function errorOf({ State }: ContainerInspect): { error?: string } {
  return State.Running || State.Error === '' ? {} : { error: State.Error };
}

/** Docker lists a port for each address family; those that are not published have no number on the machine. */
function portsOf({ Ports = [] }: ContainerSummary): ObservedPort[] {
  return Ports.flatMap(({ IP = '', PrivatePort, PublicPort, Type }) =>
    PublicPort === undefined ? [] : [{ address: IP, port: PublicPort, protocol: Type, target: PrivatePort }],
  );
}

/** What `docker ps` does not show of one that is stopped. */
export function atStart({ HostConfig }: ContainerInspect): NonNullable<ObservedContainer['atStart']> {
  const bindings = (HostConfig['PortBindings'] ?? {}) as Record<
    string,
    { HostIp?: string; HostPort?: string }[] | null
  >;
  const policy = (HostConfig['RestartPolicy'] ?? {}) as { Name?: string; MaximumRetryCount?: number };
  return {
    restartPolicy: [policy.Name || 'no', policy.MaximumRetryCount || []].flat().join(':'),
    ports: Object.entries(bindings).flatMap(([target, places]) => {
      const [port = '', protocol = 'tcp'] = target.split('/');
      // Of a range, and where none is said, Docker takes what is free.
      return (places ?? [])
        .filter(({ HostPort = '' }) => /^[1-9]\d*$/.test(HostPort))
        .map(({ HostIp = '', HostPort }) => ({
          address: HostIp,
          port: Number(HostPort),
          protocol,
          target: Number(port),
        }));
    }),
  };
}
