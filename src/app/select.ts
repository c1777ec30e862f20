import type { Config, Role } from '../config/config.ts';
import { Failure } from '../errors.ts';

export interface Selection {
  /** Globs as in `--hosts` and `--roles`; empty means all. */
  readonly hosts: readonly string[];
  readonly roles: readonly string[];
  readonly primaryOnly: boolean;
}

/** The config narrowed to the chosen machines and roles; the lock's host stays what it is. @throws Failure `usage` when nothing matches */
export function selectRoles(config: Config, { hosts, roles, primaryOnly }: Selection): Config {
  const named = matching(
    roles,
    config.roles.map(({ name }) => name),
    'role',
  );
  const chosenRoles = config.roles.filter(({ name }) => named.includes(name));
  const all = [...new Set(chosenRoles.flatMap((role) => role.hosts.map(({ host }) => host)))];
  const chosenHosts = primaryOnly ? all.slice(0, 1) : matching(hosts, all, 'host');
  const narrowed = chosenRoles
    .map((role): Role => ({ ...role, hosts: role.hosts.filter(({ host }) => chosenHosts.includes(host)) }))
    .filter((role) => role.hosts.length > 0);
  if (narrowed.length === 0) {
    const names = chosenRoles.map(({ name }) => name).join(', ');
    throw new Failure(
      'usage',
      `There is nothing to do: ${names} ${chosenRoles.length === 1 ? 'has' : 'have'} no machine`,
      {
        hint: `Roles with machines: ${config.roles.flatMap((role) => (role.hosts.length > 0 ? [role.name] : [])).join(', ')}`,
      },
    );
  }
  return { ...config, roles: narrowed, hosts: config.hosts.filter((host) => chosenHosts.includes(host)) };
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

/** `*`, `?`, `[a-z]` and `{a,b}`, as fnmatch reads them. */
function globPattern(glob: string): RegExp {
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
