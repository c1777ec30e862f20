/** docs/secrets.md stays true: each adapter is in it, and what it shows is understood. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { parseSecrets } from '../../src/secrets/dialect.ts';
import { parseInlineCommand } from '../../src/secrets/inline.ts';
import { adapterNames, createProviders } from '../../src/secrets/providers.ts';
import { literal } from '../../src/secrets/words.ts';

const page = readFileSync(new URL('../../docs/secrets.md', import.meta.url), 'utf8');
const samples = [...page.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, text = '']) => text);
const lines = samples.join('').split('\n');

it('every line of its samples defines something', () => {
  for (const text of samples) {
    const { entries, ignored } = parseSecrets(text, { file: 'page', env: {} });
    expect(ignored).toEqual([]);
    expect(entries.some(({ cutAtHash }) => cutAtHash)).toBe(false);
  }
});

it('every adapter is in the table and has an example, and there are no others', () => {
  const { named } = createProviders({ cwd: '/', env: {} });
  const { entries } = parseSecrets(lines.join('\n'), { file: 'page', env: {} });
  const shown = entries.flatMap(({ parts }) => {
    const [part] = parts;
    const words = part?.kind === 'command' ? parseInlineCommand(part.pieces) : undefined;
    if (words?.kind !== 'fetch') return [];
    const place = words.words.findIndex((word) => ['-a', '--adapter'].includes(literal(word) ?? ''));
    return [literal(words.words[place + 1]) ?? ''];
  });
  const inTable = [...page.matchAll(/^\| `([^-`][^`]*)` +\| [^|]+\| [^|]+\| [^|]+\| [^|]+\| [^|]+\|$/gm)].map(
    ([, name = '']) => name,
  );
  for (const list of [shown, inTable]) {
    const providers = new Set(list.map((name) => named(name)));
    expect(providers).toEqual(new Set(adapterNames.map((name) => named(name))));
  }
});
