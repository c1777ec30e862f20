import type { Config } from '../config/config.ts';
import { wantedAccessories, type WantedAccessory } from './wanted.ts';

/**
 * Accessories on which roles depend, on all of their machines; of the whole file, as those of a role that is chosen may be on machines
 * that are not.
 */
export function accessoriesNeeded(file: Config, { roles }: Pick<Config, 'roles'>): WantedAccessory[] {
  const names = new Set(roles.flatMap(({ dependsOn }) => dependsOn));
  return wantedAccessories(
    file,
    file.accessories.filter(({ name }) => names.has(name)),
  );
}

/** Names of the accessories and roles that depend on an accessory, by way of others too. */
export function dependentsOf(name: string, { accessories, roles }: Config): string[] {
  const needing = new Set<string>();
  const follow = (needed: string): void => {
    for (const one of [...accessories, ...roles]) {
      if (!one.dependsOn.includes(needed) || needing.has(one.name)) continue;
      needing.add(one.name);
      follow(one.name);
    }
  };
  follow(name);
  return [...needing];
}
