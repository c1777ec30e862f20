import type { FakeContainer } from './containers.ts';
import type { MachineState } from './machine.ts';

/** What it wants and a container that runs has, of the ports that are no matter of choice. */
export function portTaker(machine: MachineState, container: FakeContainer): string | undefined {
  const running = [...machine.containers.values()].filter((one) => one !== container && one.state === 'running');
  const taken = running.flatMap(publishedPorts);
  const wanted = publishedPorts(container).find((port) => taken.some((other) => meet(port, other)));
  return wanted && `${wanted.IP}:${wanted.PublicPort}`;
}

interface PublishedPort {
  IP: string;
  PrivatePort: number;
  PublicPort: number;
  Type: string;
}

/** What it asks for at each start, by the container's port. */
export function portBindings({
  body,
}: Pick<FakeContainer, 'body'>): Record<string, { HostIp?: string; HostPort?: string }[]> {
  return (body.HostConfig['PortBindings'] ?? {}) as ReturnType<typeof portBindings>;
}

/** As `docker ps` shows those of a container that runs: one that is published without an address once for each kind of address. */
export function publishedPorts({ body }: Pick<FakeContainer, 'body'>): PublishedPort[] {
  return Object.entries(portBindings({ body })).flatMap(([target, places]) => {
    const [port, Type = 'tcp'] = target.split('/');
    return places
      .filter(({ HostPort = '' }) => /^\d+$/.test(HostPort))
      .flatMap(({ HostIp = '', HostPort }) =>
        (HostIp === '' ? ['0.0.0.0', '::'] : [HostIp]).map((IP) => ({
          IP,
          PrivatePort: Number(port),
          PublicPort: Number(HostPort),
          Type,
        })),
      );
  });
}

function meet(one: PublishedPort, other: PublishedPort): boolean {
  const wide = (address: string, narrow: string) => address === (narrow.includes(':') ? '::' : '0.0.0.0');
  return (
    one.PublicPort === other.PublicPort &&
    one.Type === other.Type &&
    (one.IP === other.IP || wide(one.IP, other.IP) || wide(other.IP, one.IP))
  );
}
