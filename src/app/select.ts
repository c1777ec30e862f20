import type { Config, Role, RoleHost } from '../config/config.ts';
import type { Accessory } from '../config/config-accessory.ts';
import { nearest } from '../config/nearest.ts';
import { Failure } from '../errors.ts';

export interface Selection {
  /** Globs as in `--hosts` and `--roles`; empty means all. */
  readonly hosts: readonly string[];
  readonly roles: readonly string[];
  readonly primaryOnly: boolean;
}

/**
 * The config narrowed to the chosen machines and roles; the lock's host stays what it is. Globs of hosts range over accessories'
 * machines too, as in Kamal. @throws Failure `usage` when nothing matches
 */
export function selectRoles(config: Config, { hosts, roles, primaryOnly }: Selection): Config {
  const named = matching(
    roles,
    config.roles.map(({ name }) => name),
    'role',
  );
  const chosenRoles = config.roles.filter(({ name }) => named.includes(name));
  const stays = (host: string) => config.allHosts.includes(host);
  const all = roles.length === 0 ? config.allHosts : hostsOf(chosenRoles).filter(stays);
  const chosenHosts = primaryOnly ? all.slice(0, 1) : matching(hosts, all, 'host');
  const narrow = <T extends Role | Accessory>(parts: readonly T[]): T[] =>
    parts
      .map((part) => ({ ...part, hosts: part.hosts.filter(({ host }) => chosenHosts.includes(host)) }))
      .filter((part) => part.hosts.length > 0);
  const [narrowRoles, accessories] = [narrow(chosenRoles), narrow(config.accessories)];
  if (narrowRoles.length + accessories.length === 0) {
    const names = chosenRoles.map(({ name }) => name).join(', ');
    const withMachines = config.roles.flatMap((role) => (role.hosts.length > 0 ? [role.name] : []));
    throw new Failure(
      'usage',
      `There is nothing to do: ${names} ${chosenRoles.length === 1 ? 'has' : 'have'} no machine`,
      { hint: `Roles with machines: ${withMachines.join(', ')}` },
    );
  }
  const [roleHosts, accessoryHosts] = [hostsOf(narrowRoles), hostsOf(accessories)];
  const among = (chosen: readonly string[]) => config.allHosts.filter((host) => chosen.includes(host));
  return {
    ...config,
    roles: narrowRoles,
    hosts: among(roleHosts),
    accessories,
    accessoryHosts: among(accessoryHosts),
    allHosts: among([...roleHosts, ...accessoryHosts]),
  };
}

/** What was selected, with these accessories only; `all` is all of them. @throws Failure `usage` for one that is not there */
export function chooseAccessories(config: Config, selected: Config, wanted: readonly string[] | undefined): Config {
  if (wanted === undefined || wanted.includes('all')) return selected;
  for (const name of wanted) refuseUnknown(config, selected, name);
  const accessories = selected.accessories.filter(({ name }) => wanted.includes(name));
  const accessoryHosts = selected.allHosts.filter((host) =>
    accessories.some(({ hosts }) => hosts.some((one) => one.host === host)),
  );
  return { ...selected, accessories, accessoryHosts };
}

function refuseUnknown(config: Config, selected: Config, name: string): void {
  if (selected.accessories.some((one) => one.name === name)) return;
  const elsewhere = config.accessories.find((one) => one.name === name);
  if (elsewhere !== undefined) {
    const hosts = elsewhere.hosts.map(({ host }) => host).join(', ');
    throw new Failure('usage', `${name} is not on the machines that were chosen`, { hint: `It is on ${hosts}.` });
  }
  const names = config.accessories.map((one) => one.name);
  const close = nearest(name, names);
  throw new Failure('usage', `There is no accessory ${name}${close === undefined ? '' : `; did you mean ${close}?`}`, {
    hint: names.length === 0 ? `${config.file} has none.` : `The accessories are: ${names.join(', ')}, or all.`,
  });
}

/** @throws Failure `usage` when the chosen machines run no role, so that a deploy would do nothing */
export function refuseNothingToDeploy(config: Config, selected: Config): void {
  if (selected.hosts.length > 0) return;
  const names = selected.accessories.map(({ name }) => name).join(', ');
  if (config.hosts.length === 0) {
    throw new Failure('usage', `${config.file} has no \`servers\`, so there is nothing to deploy`, {
      hint: `It has accessories: ${names}. A deploy leaves those alone.`,
    });
  }
  const machines = selected.accessoryHosts.join(', ');
  throw new Failure('usage', `${machines} runs accessories only (${names}), so there is nothing to deploy`, {
    hint: `The app runs on: ${config.hosts.join(', ')}.`,
  });
}

function hostsOf(parts: readonly { readonly hosts: readonly RoleHost[] }[]): string[] {
  return [...new Set(parts.flatMap((part) => part.hosts.map(({ host }) => host)))];
}

function matching(globs: readonly string[], names: readonly string[], what: string): string[] {
  if (globs.length === 0) return [...names];
  const patterns = globs.map(globPattern);
  for (const [index, pattern] of patterns.entries()) {
    if (names.some((name) => pattern.test(name))) continue;
    throw new Failure('usage', `No ${what} matches ${globs[index]}`, { hint: `This file has: ${names.join(', ')}` });
  }
  return names.filter((name) => patterns.some((pattern) => pattern.test(name)));
}

/** `*`, `?`, `[a-z]` and `{a,b}`, as fnmatch reads them. @throws Failure `usage` for what is no pattern */
export function globPattern(glob: string): RegExp {
  let depth = 0;
  const source = glob.replace(/\[[^\]]*\]|[\\^$.|+()*?{},[\]]/g, (part) => {
    if (part === '*') return '.*';
    if (part === '?') return '.';
    if (part === '{') return ((depth += 1), '(?:');
    if (part === '}') return ((depth -= 1), ')');
    if (part === ',') return depth > 0 ? '|' : ',';
    return part.length > 1 ? part.replace(/^\[!/, '[^') : `\\${part}`;
  });
  try {
    return new RegExp(`^${source}$`);
  } catch {
    throw new Failure('usage', `${glob} is not a pattern`);
  }
}
