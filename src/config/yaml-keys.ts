import { isAlias, isMap, isScalar, isSeq, Scalar } from 'yaml';
import type { Alias, Node } from 'yaml';
import { DateWord, readPlain, textOf } from './scalars.ts';
import type { Path, Place } from './sheet.ts';

const keys = new WeakMap<Node, string | undefined>();

/** A key as text; `yes:` is the key "true", as in Kamal. Undefined for lists and maps. Each is read once, however often it is looked for. */
export function keyOf(node: Node | null): string | undefined {
  if (node === null) return undefined;
  if (!keys.has(node)) keys.set(node, readKey(node));
  return keys.get(node);
}

function readKey(node: Node): string | undefined {
  if (!isScalar(node) || typeof node.value !== 'string') return undefined;
  if (!isPlain(node)) return node.value;
  const { value } = readPlain(node.value);
  if (value instanceof DateWord) return value.word;
  return value === null ? '' : textOf(value);
}

export function isPlain(node: Node | null): boolean {
  return isScalar(node) && node.type === Scalar.PLAIN;
}

interface LocateRequest {
  root: Node | null;
  path: Path;
  aliases: ReadonlyMap<Alias, Node>;
  placeAt(offset: number): Place;
}

/** The key and the value at a path; merge keys and aliases are followed. */
export function locate({ root, path, aliases, placeAt }: LocateRequest): { key: Place; value: Place } | undefined {
  let key = root;
  let value = root;
  for (const part of path) {
    const found = childOf(value, part, aliases);
    if (found === undefined) return undefined;
    [key, value] = [found.key, found.value ?? found.key];
  }
  if (key === null || value === null) return undefined;
  return { key: placeAt(key.range?.[0] ?? 0), value: placeAt(value.range?.[0] ?? key.range?.[0] ?? 0) };
}

function childOf(
  node: Node | null,
  part: string | number,
  aliases: ReadonlyMap<Alias, Node>,
): { key: Node; value: Node | null } | undefined {
  const target = isAlias(node) ? (aliases.get(node) ?? null) : node;
  if (isSeq(target)) {
    const item = typeof part === 'number' ? (target.items[part] as Node | undefined) : undefined;
    return item === undefined ? undefined : { key: item, value: item };
  }
  if (!isMap(target)) return undefined;
  for (const pair of target.items.toReversed()) {
    const key = pair.key as Node;
    const value = pair.value as Node | null;
    if (keyOf(key) === String(part)) return { key, value };
    if (keyOf(key) !== '<<') continue;
    const merged = isAlias(value) ? (aliases.get(value) ?? null) : value;
    const parts = isSeq(merged) ? (merged.items as Node[]) : [merged];
    for (const from of parts) {
      const found = childOf(from, part, aliases);
      if (found !== undefined) return found;
    }
  }
  return undefined;
}
