import { describe, expect, test } from 'vitest';
import { parseYaml } from '../../src/config/yaml.ts';
import { Float, textOf } from '../../src/config/scalars.ts';
import type { Scalar } from '../../src/config/scalars.ts';
import { cpuMilliseconds } from '../house/cpu-time.ts';
import { load, minimal, problems, failure } from './load-text.ts';

function read(text: string): unknown {
  const { value, problems } = parseYaml('deploy.yml', text);
  if (problems.length > 0) throw new Error(problems.map(({ message }) => message).join('; '));
  return value;
}

describe('words are read as Kamal’s YAML 1.1 reads them', () => {
  test.each([
    ['yes', true],
    ['No', false],
    ['on', true],
    ['OFF', false],
    ['true', true],
    ['y', 'y'],
    ['n', 'n'],
    ['~', null],
    ['null', null],
    ['1_000', 1000],
    ['1,000', 1000],
    ['0755', 493],
    ['08', '08'],
    ['0x1F', 31],
    ['0b101', 5],
    ['-3', -3],
    ['+3', 3],
    ['12:30', 45000],
    ['1e3', '1e3'],
    [':verbose', 'verbose'],
    ['12345678901234567890', '12345678901234567890'],
    ['1.1.1.1', '1.1.1.1'],
    ['2001:db8::1', '2001:db8::1'],
    ['"yes"', 'yes'],
    ["'0755'", '0755'],
    ['!!str 5', '5'],
  ])('%s', (word, value) => {
    expect(read(`a: ${word}`)).toEqual({ a: value });
  });

  test.each([
    ['7.0', '7.0'],
    ['3.10', '3.1'],
    ['1.5', '1.5'],
    ['.5', '0.5'],
    ['1.0e+20', '1.0e+20'],
    ['0.00001', '1.0e-05'],
    ['1_0.5', '10.5'],
    ['.inf', 'Infinity'],
    ['-.INF', '-Infinity'],
    ['.nan', 'NaN'],
  ])('a fraction stays text: %s', (word, text) => {
    const { a } = read(`a: ${word}`) as { a: Scalar };
    expect(a).toBeInstanceOf(Float);
    expect(textOf(a)).toBe(text);
  });

  test('what a person may have meant otherwise is a warning', () => {
    const { warnings } = load(`${minimal}env:\n  TIME: 12:30\n  DAY: "2026-01-02"\n  ADDRESS: :3000\n`);
    expect(warnings).toEqual([
      'deploy.yml:7: YAML reads this as the number 45000; put it in quotes if text is meant',
      'deploy.yml:9: YAML as Kamal reads it drops the leading colon; put it in quotes to keep it',
    ]);
  });
});

test('a date is not text, as in Kamal', () => {
  expect(problems(`${minimal}env:\n  DAY: 2026-01-02\n`).join('\n')).toContain(
    'deploy.yml:7:8: this should be text, not a date; put it in quotes',
  );
});

describe('what Kamal reads without a word', () => {
  test('of a key that stands twice the last counts, wherever', () => {
    const { roles, warnings } = load(`${minimal}env:\n  A: 1\nenv:\n  B: 2\n  B: 3\n`);
    expect(roles[0]?.hosts[0]?.env.clear).toEqual({ B: '3' });
    expect(warnings).toEqual([
      'deploy.yml:8: `env` stands twice in this map; the last one counts, as in Kamal',
      'deploy.yml:10: `B` stands twice in this map; the last one counts, as in Kamal',
    ]);
  });

  test('a second document is left alone, whatever stands in it', () => {
    const { warnings } = load(`${minimal}---\nservice: other\n- b: [\n`);
    expect(warnings).toEqual(['deploy.yml:6: a second document starts here (`---`); it is not read, as in Kamal']);
  });
});

describe('merge keys and anchors', () => {
  test('a map, and a list of maps whose first counts most', () => {
    expect(read('a: &a {x: 1, y: 1}\nb: &b {y: 2, z: 2}\nc: {<<: *a, y: 3}\nd: {<<: [*a, *b]}')).toMatchObject({
      c: { x: 1, y: 3 },
      d: { x: 1, y: 1, z: 2 },
    });
  });

  test('a merge replaces the keys before it, as in Kamal, with a warning', () => {
    const { value, warnings } = parseYaml('deploy.yml', 'a: &a {x: 1}\nb: {x: 2, <<: *a}');
    expect(value).toMatchObject({ b: { x: 1 } });
    expect(warnings.map(({ message }) => message)).toEqual([
      '`<<` replaces `x` above, as in Kamal; write `<<` first to keep yours',
    ]);
  });

  test('a quoted << is a key', () => {
    expect(read('"<<": 1')).toEqual({ '<<': 1 });
  });

  test.each([
    ['a list', '- a', 'deploy.yml:1:1: the file should be a map, with keys such as `service:` at its left edge'],
    ['a word', 'hello', 'deploy.yml:1:1: the file should be a map, with keys such as `service:` at its left edge'],
    ['a tab', 'a:\n\tb: 1', 'deploy.yml:2:1: a tab stands in the indentation; YAML is indented with spaces'],
    ['an open quote', 'a: "b', 'missing closing "quote'],
    [
      'a Ruby object',
      'a: !ruby/object:Foo {}',
      'deploy.yml:1:21: the tag `!ruby/object:Foo` is not read here; write the value out',
    ],
    ['no anchor', 'a: *b', 'there is no anchor `&b` above'],
    ['a circle', 'a: &a [*a]', 'deploy.yml:1:8: `*a` stands inside of what it refers to'],
    ['a merged circle', 'a: &a\n  <<: *a', '`*a` stands inside of what it refers to'],
    ['depth', `a: ${'['.repeat(100)}${']'.repeat(100)}`, 'this is nested more than 64 levels deep'],
    ['more depth', `a: ${'['.repeat(50_000)}`, 'nested too deeply'],
    ['a list as a key', '? [a]\n: b', 'a key must be one word, not a list or a map'],
    ['__proto__', '__proto__: {a: 1}', 'this key cannot be used'],
    ['zeros', 'a: \0', 'deploy.yml:1:1: this is not UTF-8 text'],
    ['own keys as a list', 'x-longshore: [a]', '`x-longshore` should be a map in the shape of this file'],
  ])('refused with a clear answer: %s', (_name, text, message) => {
    expect(problems(text).join('\n')).toContain(message);
  });

  test('an alias bomb is refused at once', () => {
    const level = (name: string, below: string) =>
      `${name}: &${name} [${Array.from({ length: 10 }, () => `*${below}`)}]\n`;
    const text = `a: &a [x]\n${level('b', 'a')}${level('c', 'b')}${level('d', 'c')}${level('e', 'd')}${level('f', 'e')}${level('g', 'f')}`;
    const start = cpuMilliseconds();
    expect(problems(text).join('\n')).toContain('its aliases expand to too much');
    expect(cpuMilliseconds() - start).toBeLessThan(1000);
  });

  test('an empty file says what it needs', () => {
    expect(failure('').message).toBe('deploy.yml is empty');
    expect(failure('# nothing\n').message).toBe('deploy.yml is empty');
    expect(failure('~').message).toBe('deploy.yml is empty');
  });

  test('a byte order mark and Windows line ends do not matter, also for positions', () => {
    const text = `\uFEFF${minimal}`.replaceAll('\n', '\r\n');
    expect(load(text).service).toBe('shop');
    expect(problems(`${text}zebra: 1\r\n`)).toEqual(['deploy.yml:6:1: unknown key `zebra`']);
  });
});

describe('quoted texts and lists in brackets that go on at the left edge', () => {
  const psych: [string, string, unknown][] = [
    ['double quotes', 'a: "one\ntwo"', { a: 'one two' }],
    ['single quotes', "a: 'it''s\ntwo\n\nthree'", { a: "it's two\nthree" }],
    ['an escaped line break', 'a: "one\\\ntwo\\"three"', { a: 'onetwo"three' }],
    ['a list', 'a: [1,\n2,\n3]\nb: 4', { a: [1, 2, 3], b: 4 }],
    ['a map', 'a: {b: 1,\nc: "x\ny"\n}\nd: 2', { a: { b: 1, c: 'x y' }, d: 2 }],
    ['in a list of maps', 'a:\n  - b: [x,\ny]\n    c: "z\n  w"', { a: [{ b: ['x', 'y'], c: 'z w' }] }],
    ['a list after a dash', 'a:\n- [1,\n2]\n- 3', { a: [[1, 2], 3] }],
    ['with comments between', 'a: [1, # one "\n2] # two [', { a: [1, 2] }],
    [
      'beside text with quotes and brackets',
      "a: it's [not\nb: [1,\n2]\nc: |\n  [ \"\nd: 'x\ny'",
      { a: "it's [not", b: [1, 2], c: '[ "\n', d: 'x y' },
    ],
    ['beside a block of text', "c: |\n  it's [ \"\nd: 'x\ny'", { c: 'it\'s [ "\n', d: 'x y' }],
  ];
  test.each(psych)('%s', (_what, text, value) => {
    const parsed = parseYaml('f', `${text}\n`);
    expect([parsed.problems, parsed.value]).toEqual([[], value]);
  });

  test('keep their places', () => {
    const text = 'a: [1,\n2]\nb: "x\ny"\nc: {d:\nno, e: 5}\n';
    const { locate } = parseYaml('f', text);
    const at = (...path: (string | number)[]) => locate(path)?.value;
    expect(at('a', 1)).toMatchObject({ line: 2, column: 1 });
    expect(at('b')).toMatchObject({ line: 3, column: 4 });
    expect(at('c', 'e')).toMatchObject({ line: 6, column: 8 });
    expect(problems(`${minimal}labels: {a: [x],\nb: [y]}\n`)).toEqual([
      'deploy.yml:6:13: this should be text, not a list',
      'deploy.yml:7:4: this should be text, not a list',
    ]);
  });

  test('are refused when nothing closes them', () => {
    expect(parseYaml('f', 'a: "one\ntwo\nb: 1\n').problems).not.toEqual([]);
    expect(parseYaml('f', 'a: [one\ntwo: 1\nb: 1\n').problems).not.toEqual([]);
  });
});
