/** Whether two parts of `docker inspect` say the same. */
export function same(one: unknown, other: unknown): boolean {
  if (isNothing(one) && isNothing(other)) return true;
  return JSON.stringify(normalised(one)) === JSON.stringify(normalised(other));
}

/** The same, where the order means nothing and a repetition neither. */
export function sameSet(one: unknown, other: unknown): boolean {
  return same(asSet(one), asSet(other));
}

function asSet(list: unknown): string[] {
  return [...new Set(Array.isArray(list) ? list.map((item) => JSON.stringify(normalised(item))) : [])].sort();
}

/** Null, zero, false and empty things say the same: not set. */
export function isNothing(value: unknown): boolean {
  if (value === undefined || value === null || value === '' || value === 0 || value === false) return true;
  return typeof value === 'object' && Object.keys(value).length === 0;
}

/** Keys sorted, nothings dropped. */
function normalised(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(normalised);
  if (value === null || typeof value !== 'object') return value;
  const entries = Object.entries(value).filter(([, entry]) => !isNothing(entry));
  return Object.fromEntries(
    entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, entry]) => [key, normalised(entry)]),
  );
}
