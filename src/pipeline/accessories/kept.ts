import type { Kept } from '../../plan/accessories/verdict.ts';

/** Of one, and of all together where it is so of all. */
const keptTexts: Readonly<Record<Kept['as'], { one: string; all: string }>> = {
  made: { one: 'is new and healthy, and stays', all: 'what got healthy stays, and everything else is as before' },
  unhealthy: {
    one: 'was started, nobody saw it healthy, and it runs on',
    all: 'what it started runs on, and everything else is as before',
  },
  started: {
    one: 'was started, and runs on',
    all: 'what it started runs on, and everything else is as before',
  },
  removed: { one: 'was removed, and stays so', all: 'what was removed stays so, and everything else is as before' },
  replaced: {
    one: 'had been replaced before, and stays so',
    all: 'what failed runs as before, and what was replaced stays so',
  },
};

/** How it is after a failure. @param alien what ended by itself meanwhile */
export function asBefore(kept: readonly Kept[], alien: readonly string[]): string {
  const [told, ...others] = new Set(kept.map((one) => keptTexts[one.as].all));
  if (told === undefined) return alien.length > 0 ? 'what it changed is as before' : 'everything runs as before';
  if (others.length === 0 && alien.length === 0) return told;
  return 'some of what it changed stays, as told below, and the rest of that is as before';
}

export function keptText({ host, name, as }: Kept): string {
  return `${host}: ${name} ${keptTexts[as].one}`;
}
