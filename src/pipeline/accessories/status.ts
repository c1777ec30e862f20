import type { Config } from '../../config/config.ts';
import { proxyContainerName, releaseLabel, serviceOnMachine } from '../../containers/names.ts';
import { isLeftover } from '../../observe/accessories.ts';
import type { ObservedContainer, ObservedHost } from '../../observe/observed.ts';
import { isUp } from '../../plan/current.ts';
import type { AccessoryStatus, DownStatus, HostStatus } from '../../report/results.ts';
import type { Session } from '../session.ts';

/** The file's accessories on one machine. @param down what was asked about those that do not run, or are held */
export function accessoryStatuses(
  { selected: config, typed }: Pick<Session, 'selected' | 'typed'>,
  host: ObservedHost,
  down: readonly DownStatus[],
): AccessoryStatus[] {
  const here = config.accessories.filter(({ hosts }) => hosts.some((one) => one.host === host.host));
  return here.map(({ name, service, image }) => {
    const container = host.containers.find((one) => one.name === service);
    const told = down.find((one) => one.kind === 'accessory' && one.name === name);
    const isCutOff = told?.held !== true && host.containers.some((one) => isLeftover(one.name, service));
    const unfinished = isCutOff ? { unfinished: typed(`accessory upgrade ${name}`) } : {};
    if (container === undefined)
      return { name, image, state: 'missing', status: 'there is no container', ...unfinished, ports: [] };
    const error = told?.error;
    return {
      name,
      image: container.image,
      state: container.state,
      status: container.status,
      ...(error === undefined ? {} : { error }),
      ...unfinished,
      ports: [...new Set(container.ports.map(({ address, port, protocol }) => `${address}:${port}/${protocol}`))],
    };
  });
}

/** What runs on a machine that neither the service nor one of its accessories is. */
export function othersOn({ containers }: ObservedHost, config: Config): HostStatus['others'] {
  const services = [config.service, ...config.accessories.map(({ service }) => service)];
  const isOurs = ({ name, labels }: ObservedContainer) =>
    name === proxyContainerName ||
    labels[releaseLabel] === serviceOnMachine(config) ||
    services.includes(labels['service'] ?? '') ||
    services.some((service) => name === service || isLeftover(name, service));
  return containers
    .filter((container) => isUp(container) && !isOurs(container))
    .map(({ name, image, status }) => ({ container: name, image, status }))
    .toSorted((one, other) => one.container.localeCompare(other.container, 'en'));
}
