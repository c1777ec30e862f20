import type { Config } from '../../config/config.ts';
import { ownerLabel } from '../../containers/names.ts';
import { describeContainer, nameOf } from '../owners.ts';
import type { Met } from './current.ts';

/** Why an accessory's directory, and all data in it, is not removed: others may need it. */
export function whyNotRemoved(met: Met, config: Config): string[] {
  return [...whyDoubtful(met), ...whyShared(met, config)];
}

/** Other destinations have an accessory of this name here, and nothing shows which of them the directory is. */
function whyDoubtful({ wanted, observed }: Met): string[] {
  const { rivals, spec, accessory, envFile, host } = wanted;
  const [rival] = rivals;
  const { container, leftovers, claims } = observed;
  if (rival === undefined || container !== undefined) return [];
  const isLabelled = leftovers.some(({ labels }) => labels[ownerLabel] === spec.labels[ownerLabel]);
  // Who once had an accessory of that name has the file of its secrets.
  const isAlone = claims?.envFiles.join() === envFile;
  if (isLabelled || isAlone) return [];
  return [
    `${host}: there is no ${accessory.service}, and the directory of that name may be of ${nameOf(rival.config)}, whose ${accessory.name} is called so too: remove it by hand if it is not`,
  ];
}

function whyShared({ wanted, host, observed }: Met, config: Config): string[] {
  const { service, name } = wanted.accessory;
  const directory = `${host.homeDirectory}/${service}`;
  const mine = [observed.container, ...observed.leftovers].map((one) => one?.id);
  return host.containers
    .filter(({ id }) => !mine.includes(id))
    .flatMap((container) => {
      const shared = container.mounts.find(({ source }) => `${source}/`.startsWith(`${directory}/`));
      if (shared === undefined) return [];
      const whose = describeContainer(container, config);
      return [`${host.host}: ${whose} mounts ${shared.source}, which goes with ${name}: remove or move that one first`];
    });
}
