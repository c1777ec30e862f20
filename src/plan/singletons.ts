import type { Config } from '../config/config.ts';
import type { Observed } from '../observe/observed.ts';
import { appContainers, isUp } from './current.ts';
import { watchedThere } from './replaced.ts';

/** A singleton that may still run where nobody looked. */
export interface UnseenSingleton {
  readonly role: string;
  /** Machines of the file that were not looked at. */
  readonly hosts: readonly string[];
}

/**
 * Selected singletons that run on no machine that was looked at, while another machine of the file was not: two of them never run. One
 * that was seen is replaced, whatever else is away.
 */
export function unseenSingletons(selected: Config, observed: Observed, machines: readonly string[]): UnseenSingleton[] {
  const hosts = machines.filter((name) => !observed.hosts.some(({ host }) => host === name));
  if (hosts.length === 0) return [];
  const isSeen = (role: string) =>
    observed.hosts.some(
      (host) => appContainers(host, selected, role).some(isUp) || watchedThere(host, selected, role).length > 0,
    );
  return selected.roles
    .filter(({ name, isSingleton }) => isSingleton && !isSeen(name))
    .map(({ name }) => ({ role: name, hosts }));
}
