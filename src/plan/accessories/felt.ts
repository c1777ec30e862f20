import { dependentsOf } from '../../accessories/needed.ts';
import type { Config, Role } from '../../config/config.ts';
import type { Observed } from '../../observe/observed.ts';
import { appContainers, isUp } from '../current.ts';
import { isRunning, type Met } from './current.ts';

/** Who feels that an accessory is away for a while, a line for each that runs. */
export function feltNotes(config: Config, all: readonly Met[]): string[] {
  return namesOfRunning(all).flatMap((name) => {
    const dependents = dependentsOf(name, config);
    return dependents.length === 0 ? [] : [`${dependOn(dependents, name)}, which is away meanwhile`];
  });
}

/** `web, worker depend on db` */
export function dependOn(names: readonly string[], accessory: string): string {
  return `${names.join(', ')} depend${names.length === 1 ? 's' : ''} on ${accessory}`;
}

/** Roles that depend on an accessory that runs, and run themselves; one whose machines nobody looked at is taken to run. */
export function rolesFeeling(config: Config, all: readonly Met[], observed: Observed): Map<string, string[]> {
  return new Map(
    namesOfRunning(all).flatMap((name) => {
      const dependents = dependentsOf(name, config);
      const roles = config.roles.filter((role) => dependents.includes(role.name) && runs(role, config, observed));
      return roles.length === 0 ? [] : [[name, roles.map((role) => role.name)]];
    }),
  );
}

function namesOfRunning(all: readonly Met[]): string[] {
  return [...new Set(all.filter(isRunning).map(({ wanted }) => wanted.accessory.name))];
}

function runs(role: Role, config: Config, { hosts }: Observed): boolean {
  return role.hosts.some(({ host }) => {
    const observed = hosts.find((one) => one.host === host);
    return observed === undefined || appContainers(observed, config, role.name).some(isUp);
  });
}
