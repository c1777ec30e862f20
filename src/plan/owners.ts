import { ownerLabel, proxyContainerName, releaseLabel, serviceOnMachine } from '../containers/names.ts';
import type { Config } from '../config/config.ts';
import type { ObservedContainer } from '../observe/observed.ts';

/** Whose a container is: a service and destination's, an accessory's of a file, or nobody's that we know. */

/** How messages call a destination and where it is written: `config/deploy.yml`, `staging (config/deploy.staging.yml)`. */
export function nameOf({ file, destinationFile = file, destinationName }: Config): string {
  return destinationName === undefined ? destinationFile : `${destinationName} (${destinationFile})`;
}

type Labelled = Pick<ObservedContainer, 'name' | 'labels'>;

/** Whether a container is one of this file and destination; the proxy is everybody's. */
export function isOf({ name, labels }: Labelled, config: Config): boolean {
  if (name === proxyContainerName) return true;
  const { service, role, destination = '', [ownerLabel]: owner, [releaseLabel]: released } = labels;
  if (released !== undefined) return released === serviceOnMachine(config);
  if (service === undefined) return false;
  if (role !== undefined) return service === config.service && destination === (config.destination ?? '');
  if (owner !== undefined && owner !== serviceOnMachine(config)) return false;
  const hasIt = ({ accessories }: Config) => accessories.some((accessory) => accessory.service === service);
  // Another destination's accessory may go by the service of this one's app.
  return hasIt(config) || (service === config.service && !config.others.some(hasIt));
}

/** `shop-db of production (config/deploy.yml)`, `stranger (service other)`, `the container stranger` */
export function describeContainer(container: Labelled, config: Config): string {
  const { name, labels } = container;
  if (name === proxyContainerName) return 'the proxy';
  const known = [config, ...config.others].find((one) => isOf(container, one));
  if (known !== undefined) return `${name} of ${nameOf(known)}`;
  const { service, destination } = labels;
  if (service === undefined) return `the container ${name}`;
  return `${name} (service ${service}${destination === undefined || destination === '' ? '' : ` in ${destination}`})`;
}
