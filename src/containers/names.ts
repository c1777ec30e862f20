import type { Config, Role } from '../config/config.ts';

/** Names, labels and paths on a machine, exactly Kamal's (reference, sections 3.1, 3.2 and 9). */

/** What tells one destination's things from another's: `shop`, `shop-staging`. */
export function serviceOnMachine(config: Pick<Config, 'service' | 'destination'>): string {
  return [config.service, config.destination].filter(Boolean).join('-');
}

/** Prefix of a role's containers, and the name of its service in kamal-proxy: `shop-web`, `shop-web-staging`. */
export function rolePrefix(config: Pick<Config, 'service' | 'destination'>, role: string): string {
  return [config.service, role, config.destination].filter(Boolean).join('-');
}

export function containerName(config: Config, role: Role, version: string): string {
  return `${rolePrefix(config, role.name)}-${version}`;
}

/** Labels that say whose container it is; Kamal writes an empty `destination` for none. */
export function identityLabels(config: Config, role: string): Record<string, string> {
  return { service: config.service, role, destination: config.destination ?? '' };
}

/** How the values reached a container; those that Kamal made have no such label. */
export const valuesLabel = 'longshore.values';

/** Whose an accessory is, as `serviceOnMachine` says it: Kamal calls those of two destinations alike. Those that it made have no such label. */
export const ownerLabel = 'longshore.owner';

/** Labels that say how a container was made, not how it is to run. */
export const ownLabels: readonly string[] = [valuesLabel, ownerLabel];

/** Marks the container of a release command; its value says of which service and destination. */
export const releaseLabel = 'longshore.release';

/** What release commands said, a file for each run. */
export function releaseLogsDirectory(config: Config): string {
  return `.kamal/apps/${serviceOnMachine(config)}/release-logs`;
}

export function imageOf(config: Config, version: string): string {
  return `${config.repository}:${version}`;
}

/** The tag that says, on a machine, which version is the deployed one. */
export function latestTag(config: Config): string {
  return config.destination === undefined ? 'latest' : `latest-${config.destination}`;
}

export function envFilePath(config: Config, role: string): string {
  return `.kamal/apps/${serviceOnMachine(config)}/env/roles/${role}.env`;
}

/** Files here say which containers a machine watches over while a run replaces them. */
export function watchedDirectory(config: Pick<Config, 'service' | 'destination'>): string {
  return `.kamal/apps/${serviceOnMachine(config)}/watched`;
}

export function assetsDirectory(config: Pick<Config, 'service' | 'destination'>): string {
  return `.kamal/apps/${serviceOnMachine(config)}/assets`;
}

/** One version's assets among those of its service, in `extracted` and in `volumes`. */
export function assetsName(role: string, version: string): string {
  return `${role}-${version}`;
}

export function accessoryEnvFilePath(config: Config, accessory: string): string {
  return `.kamal/apps/${serviceOnMachine(config)}/env/accessories/${accessory}.env`;
}

export function lockDirectory(config: Config): string {
  return `.kamal/lock-${serviceOnMachine(config)}`;
}

/** Where the runs that had the lock are listed. What begins with `.kamal/longshore` Kamal never looks at. */
export function rosterDirectory(config: Pick<Config, 'service' | 'destination'>): string {
  return `.kamal/longshore/${serviceOnMachine(config)}/roster`;
}

/** Where those stand that wait for the lock. */
export function lineDirectory(config: Pick<Config, 'service' | 'destination'>): string {
  return `.kamal/longshore/${serviceOnMachine(config)}/line`;
}

/** The lock of what all services of a machine share, and its roster; no service is called like this. */
export const machineLockDirectory = '.kamal/longshore/.machine/lock';
export const machineRosterDirectory = '.kamal/longshore/.machine/roster';

/** Which machines runs went on without, on every machine that they reached. */
export function leftOutFile(config: Pick<Config, 'service' | 'destination'>): string {
  return `.kamal/longshore/${serviceOnMachine(config)}/left-out.json`;
}

export function auditFile(config: Config): string {
  return `.kamal/${serviceOnMachine(config)}-audit.log`;
}

export function releasesFile(config: Config): string {
  return `.kamal/${serviceOnMachine(config)}-releases.jsonl`;
}

/** Written before pre-deploy and removed when the run has ended, so one that is found is a dead run's. */
export function unfinishedFile(config: Config): string {
  return `.kamal/${serviceOnMachine(config)}-unfinished.json`;
}

/** What an accessory's container is called until the one before it has stopped. */
export function nextName(service: string, digits: string): string {
  return `${service}_next_${digits}`;
}

/** Kamal's name for a container that made room for another of its name; the digits follow from the container. */
export function replacedName(name: string, digits: string): string {
  return `${name}_replaced_${digits}`;
}

export const proxyContainerName = 'kamal-proxy';
export const networkName = 'kamal';
