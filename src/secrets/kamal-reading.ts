import type { Entry } from './dialect.ts';

/**
 * What Kamal reads out of an entry: it looks for variables after commands have run, so that `$word` in what a command gave is replaced
 * (reference, sections 5.2 and 8.3, W34). `texts` are those of the entry's parts, and `valueOf` knows variables as Kamal sees them.
 */
export function readAsKamal(
  { parts }: Entry,
  texts: readonly string[],
  valueOf: (name: string) => string | undefined,
): string {
  const beforeVariables = parts.map((part, index) => {
    if (part.kind === 'variable') return `\${${part.name}}`;
    const text = texts[index] ?? '';
    return part.kind === 'command' ? text : text.replaceAll('$', '\\$');
  });
  return beforeVariables
    .join('')
    .replaceAll(
      /(\\)?\$(?!\()\{?([A-Za-z0-9_]+)?\}?/g,
      (match, escape: string | undefined, name: string | undefined) =>
        escape !== undefined ? match.slice(1) : name === undefined ? match : (valueOf(name) ?? ''),
    );
}
