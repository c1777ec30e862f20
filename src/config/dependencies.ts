import type { Findings } from './findings.ts';
import { nearest } from './nearest.ts';
import type { Path } from './sheet.ts';
import type { WrittenConfig } from './written.ts';

/** `depends_on` names accessories, and no accessory waits for itself, also not by way of others. */
export function checkDependencies({ accessories = {}, servers = {} }: WrittenConfig, findings: Findings): void {
  const names = Object.keys(accessories);
  const check = (path: Path, wanted: readonly string[] = []): void => {
    for (const [index, name] of wanted.entries()) {
      if (names.includes(name)) continue;
      const guess = nearest(name, names);
      const message = `there is no accessory \`${name}\``;
      findings.problem([...path, index], guess === undefined ? message : `${message}; did you mean \`${guess}\`?`);
    }
  };
  for (const [name, role] of Object.entries(servers)) check(['servers', name, 'depends_on'], role.depends_on);
  for (const name of names) {
    const path = ['accessories', name, 'depends_on'];
    check(path, accessories[name]?.depends_on);
    const circle = circleFrom(name, (one) => accessories[one]?.depends_on ?? []);
    // Each circle is told once, at its first accessory.
    if (circle === undefined || circle.some((one) => names.indexOf(one) < names.indexOf(name))) continue;
    findings.problem(path, `these wait for each other: ${[...circle, name].join(' → ')}`);
  }
}

/** The shortest way from an accessory back to itself. */
function circleFrom(start: string, next: (name: string) => readonly string[]): string[] | undefined {
  const seen = new Set<string>();
  const ways = [[start]];
  for (const way of ways) {
    for (const name of next(way.at(-1) ?? start)) {
      if (name === start) return way;
      if (seen.has(name)) continue;
      seen.add(name);
      ways.push([...way, name]);
    }
  }
  return undefined;
}
