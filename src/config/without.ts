import { isMap, ownKeysRoot } from './layers.ts';
import type { Path } from './sheet.ts';
import type { Remark, YamlFile } from './yaml.ts';

const key = 'without';

/** Drops from the base file what a destination's file says it does without; what it names and is not there is a problem. */
export function dropInherited(base: YamlFile, over: YamlFile): { base: YamlFile; over: YamlFile; problems: Remark[] } {
  const problems: Remark[] = [];
  const dropped: Path[] = [];
  const roots: readonly Path[] = [[], [ownKeysRoot]];
  for (const root of roots) {
    const listed = valueAt(over.value, [...root, key]);
    if (listed === undefined) continue;
    const names: readonly unknown[] = Array.isArray(listed) ? listed : [listed];
    for (const [index, name] of names.entries()) {
      const paths = typeof name === 'string' ? roots.flatMap((from) => pathOf(base.value, from, name) ?? []) : [];
      dropped.push(...paths);
      const place = over.locate([...root, key, index]) ?? over.locate([...root, key]);
      if (paths.length > 0 || place === undefined) continue;
      const said = typeof name === 'string' ? `\`${name}\`` : 'this';
      problems.push({ place: place.value, message: `${said} is not in ${base.sheet.file}, so it cannot be left out` });
    }
  }
  return {
    base: dropped.length === 0 ? base : leaveOut(base, dropped),
    over: leaveOut(
      over,
      roots.map((root) => [...root, key]),
    ),
    problems,
  };
}

function leaveOut(file: YamlFile, paths: readonly Path[]): YamlFile {
  return {
    ...file,
    value: paths.reduce(removed, file.value),
    locate: (path) => (paths.some((one) => startsWith(path, one)) ? undefined : file.locate(path)),
  };
}

function removed(value: unknown, [first, ...rest]: Path): unknown {
  if (!isMap(value) || first === undefined || !Object.hasOwn(value, first)) return value;
  const { [first]: part, ...others } = value;
  return rest.length === 0 ? others : { ...value, [first]: removed(part, rest) };
}

/** Reads `servers.web.options`; keys may have dots in them. */
function pathOf(value: unknown, root: Path, name: string): [Path] | undefined {
  const from = valueAt(value, root);
  const found = walk(from, name);
  return found === undefined ? undefined : [[...root, ...found]];
}

function walk(value: unknown, name: string): string[] | undefined {
  if (!isMap(value)) return undefined;
  if (Object.hasOwn(value, name)) return [name];
  for (const one of Object.keys(value)) {
    const rest = name.startsWith(`${one}.`) ? walk(value[one], name.slice(one.length + 1)) : undefined;
    if (rest !== undefined) return [one, ...rest];
  }
  return undefined;
}

function valueAt(value: unknown, path: Path): unknown {
  let part = value;
  for (const one of path) part = isMap(part) && Object.hasOwn(part, one) ? part[one] : undefined;
  return part;
}

function startsWith(path: Path, start: Path): boolean {
  return start.every((part, index) => String(part) === String(path[index]));
}
