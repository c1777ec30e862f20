import type { WrittenAccessory } from './accessory.ts';
import type { Findings } from './findings.ts';
import { checkHost, resolveHosts } from './servers.ts';
import type { Path } from './sheet.ts';
import type { WrittenConfig } from './written.ts';

const ways = ['host', 'hosts', 'role', 'roles', 'tag', 'tags'] as const;

interface Placement {
  readonly accessory: WrittenAccessory;
  /** Where the accessory is written. */
  readonly path: Path;
  readonly written: WrittenConfig;
  readonly findings: Findings;
}

/** The machines an accessory runs on, each once, in the order in which they are said. */
export function placesOf({ accessory, path, written, findings }: Placement): string[] {
  const said = ways.filter((way) => accessory[way] !== undefined || findings.has([...path, way]));
  const [way, other] = said;
  if (way === undefined) {
    findings.problemWithKey(path, 'say where it runs with one of `host`, `hosts`, `role`, `roles`, `tag` and `tags`');
    return [];
  }
  if (other !== undefined) {
    findings.problemWithKey([...path, other], `\`${way}\` says already where it runs; keep one of them`);
    return [];
  }
  const hosts = hostsSaidBy({ accessory, path, written, findings });
  if (hosts.length === 0 && [accessory[way]].flat().length === 0) {
    findings.warning([...path, way], 'it runs nowhere');
  }
  return [...new Set(hosts)];
}

function hostsSaidBy({ accessory, path, written, findings }: Placement): string[] {
  const { host, hosts, role, roles = role === undefined ? [] : [role] } = accessory;
  const { tag, tags = tag === undefined ? [] : [tag] } = accessory;
  if (host !== undefined) {
    const problem = checkHost(host);
    if (problem !== undefined) findings.problem([...path, 'host'], problem);
    return [host];
  }
  if (hosts !== undefined) {
    return resolveHosts({ written: hosts, whose: `in ${path.at(-1)}`, path: [...path, 'hosts'], findings }).map(
      (entry) => entry.host,
    );
  }
  const servers = written.servers ?? {};
  const ofRoles = roles.flatMap((name, index) => {
    const found = Object.hasOwn(servers, name) ? servers[name] : undefined;
    if (found === undefined) {
      findings.problem(placeOf(path, ['role', 'roles'], index, findings), `there is no role \`${name}\``);
    }
    return found?.hosts ?? [];
  });
  const everywhere = Object.values(servers).flatMap(({ hosts: all = [] }) => all);
  const ofTags = tags.flatMap((name, index) => {
    const carriers = everywhere.filter((entry) => entry.tags.includes(name));
    if (carriers.length === 0) {
      const message = `no machine in \`servers\` carries the tag \`${name}\``;
      findings.problem(placeOf(path, ['tag', 'tags'], index, findings), message);
    }
    return carriers;
  });
  return [...ofRoles, ...ofTags].map((entry) => entry.host);
}

function placeOf(path: Path, [one, list]: readonly [string, string], index: number, findings: Findings): Path {
  return findings.has([...path, one]) ? [...path, one] : [...path, list, index];
}
