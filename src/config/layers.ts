import type { Path, Place } from './sheet.ts';
import type { YamlFile } from './yaml.ts';

/** Base and destination file as one value, and which of them each part came from. */
export interface Layers {
  readonly value: Readonly<Record<string, unknown>>;
  /** Where a path was written; for one that was not, where its nearest parent was. */
  placeOf(path: Path): { readonly key: Place; readonly value: Place };
  /** Whether the path stands in one of the files. */
  has(path: Path): boolean;
}

/** Longshore's own keys may stand under this root key, in the shape of the file itself, where Kamal does not look. */
export const ownKeysRoot = 'x-longshore';

/** Merges as Kamal: maps recurse, everything else is replaced, also by an explicit null. Own keys go over both files. */
export function mergeLayers(files: readonly [YamlFile, ...YamlFile[]]): Layers {
  const merged = files.map((file) => file.value ?? {}).reduce(deepMerge, {});
  const own = isMap(merged) ? (merged[ownKeysRoot] ?? {}) : {};
  const value = deepMerge(merged, own);
  const written = isMap(value) ? Object.entries(value).filter(([key]) => !key.startsWith('x-')) : [];

  const find = (path: Path) => {
    for (const prefix of [[ownKeysRoot], []]) {
      for (const file of files.toReversed()) {
        const whole = [...prefix, ...path];
        const place = file.locate(whole);
        if (place !== undefined) return place;
        if (replaces(file.value, whole)) return undefined;
      }
    }
    return undefined;
  };
  const placeOf: Layers['placeOf'] = (path) => {
    for (let length = path.length; length > 0; length--) {
      const place = find(path.slice(0, length));
      if (place !== undefined) return place;
    }
    const start = { sheet: files[0].sheet, line: 1, column: 1, whole: true as const };
    return { key: start, value: start };
  };
  return { value: Object.fromEntries(written), placeOf, has: (path) => find(path) !== undefined };
}

/** Whether a value on the way to a path replaces all that files below say about it. */
function replaces(value: unknown, [part, ...rest]: Path): boolean {
  if (!isMap(value)) return value !== undefined && value !== null;
  if (part === undefined || !Object.hasOwn(value, part)) return false;
  return value[part] === null || replaces(value[part], rest);
}

export function deepMerge(below: unknown, above: unknown): unknown {
  if (above === undefined) return below;
  if (!isMap(below) || !isMap(above)) return above;
  const merged = { ...below };
  for (const [key, value] of Object.entries(above)) {
    merged[key] = Object.hasOwn(merged, key) ? deepMerge(merged[key], value) : value;
  }
  return merged;
}

export function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}
