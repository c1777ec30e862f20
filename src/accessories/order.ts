import type { WantedAccessory } from './wanted.ts';

/**
 * Groups of which each may start when those before it are healthy: an accessory comes after what it depends on. What is not asked for
 * is passed through: with `app → pooler → database`, the app waits for the database even when the pooler is not among them.
 */
export function startingOrder(
  wanted: readonly WantedAccessory[],
  dependsOn: (name: string) => readonly string[],
): WantedAccessory[][] {
  const levels = new Map<string, number>();
  const levelOf = (name: string): number => {
    const known = levels.get(name);
    if (known !== undefined) return known;
    levels.set(name, 0);
    const level = Math.max(0, ...dependsOn(name).map((other) => levelOf(other) + 1));
    levels.set(name, level);
    return level;
  };
  const groups = new Map<number, WantedAccessory[]>();
  for (const one of wanted) {
    const level = levelOf(one.accessory.name);
    groups.set(level, [...(groups.get(level) ?? []), one]);
  }
  return [...groups].toSorted(([left], [right]) => left - right).map(([, group]) => group);
}
