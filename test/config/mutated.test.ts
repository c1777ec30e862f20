import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Failure } from '../../src/errors.ts';
import { load, minimal } from './load-text.ts';

const directory = fileURLToPath(new URL('kamal-cases', import.meta.url));
const samples = readdirSync(directory)
  .filter((name) => name.endsWith('.yml'))
  .map((name) => readFileSync(`${directory}/${name}`, 'utf8'));

const scraps = [
  '',
  '\n',
  '  ',
  '\t',
  ':',
  ': ',
  '- ',
  '&a ',
  '*a',
  '<<: *a',
  '<<: [*a]',
  '{',
  '}',
  '[',
  ']',
  '"',
  "'",
  '|',
  '>',
  '#',
  '~',
  '? ',
  '!!str ',
  '!x ',
  'null',
  'yes',
  '0755',
  '1.5',
  '-1',
  '12:30',
  '[]',
  '{}',
  '{a: b}',
  '[a, [b]]',
  'x-longshore',
  'base_destination: a',
  'hooks:',
  'without: [service, a.b]',
  'required: [A]',
  'proxy: true',
  'ssl: {}',
  'run: {}',
  'env: {tags: {a: ~}}',
  'servers:',
  'hosts: ',
  '__proto__: ',
  'constructor: ',
  'toString: ',
  '<%= ENV["X"] %>',
  '<%= ',
  '<% if ENV["X"] -%>\n',
  '<%- else %>',
  '<% end -%>',
  ' %>',
  '-%>\n',
  '#{',
  '`date`',
  '%x(',
  '<%# ',
  '%YAML 1.1\n',
  '---\n',
  '\0',
  '\uFEFF',
  '\r',
  '…',
];

/** A few characters cut out of a sample, and a few put in, at a few places. */
const cut = fc.record({
  at: fc.nat(2000),
  length: fc.nat(30),
  put: fc.oneof(
    fc.constantFrom(...scraps),
    fc.string({ maxLength: 6 }),
    fc.constantFrom(...samples.flatMap((text) => text.split('\n'))),
  ),
});
const mutated = fc
  .tuple(fc.constantFrom(minimal, ...samples), fc.array(cut, { minLength: 1, maxLength: 4 }))
  .map(([text, cuts]) =>
    cuts.reduce((rest, { at, length, put }) => {
      const start = at % (rest.length + 1);
      return rest.slice(0, start) + put + rest.slice(start + length);
    }, text),
  );

function outcome(files: Record<string, string>, destination?: string): 'loaded' | Failure {
  try {
    load(files, destination);
    return 'loaded';
  } catch (thrown) {
    if (thrown instanceof Failure) return thrown;
    throw thrown;
  }
}

describe('whatever is in a file', () => {
  test('it is loaded, or refused with a failure that names a line', () => {
    const seen = { loaded: 0, refused: 0 };
    fc.assert(
      fc.property(mutated, (text) => {
        const result = outcome({ 'deploy.yml': text });
        if (result === 'loaded') seen.loaded++;
        else seen.refused++;
        if (result === 'loaded' || result.code === 'usage') return;
        expect(result.code).toBe('config-invalid');
        expect(`${result.message}\n${result.details.join('\n')}`).toMatch(/deploy\.yml( is empty|:\d+)/);
      }),
      { numRuns: 2000 },
    );
    expect(seen.loaded).toBeGreaterThan(20);
    expect(seen.refused).toBeGreaterThan(500);
  }, 60_000);

  test('the same holds for a destination’s file over it', () => {
    fc.assert(
      fc.property(mutated, (text) => {
        const result = outcome({ 'deploy.yml': minimal, 'deploy.staging.yml': text }, 'staging');
        expect(result === 'loaded' || ['config-invalid', 'usage'].includes(result.code)).toBe(true);
      }),
      { numRuns: 500 },
    );
  }, 60_000);

  test('the same text gives the same answer', () => {
    fc.assert(
      fc.property(mutated, (text) => {
        const answer = () => {
          const result = outcome({ 'deploy.yml': text });
          return result === 'loaded' ? result : [result.message, ...result.details];
        };
        expect(answer()).toEqual(answer());
      }),
      { numRuns: 100 },
    );
  });
});
