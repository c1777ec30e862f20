import { parse, stringify } from 'yaml';

/** Numbers that follow from a seed, so that every case can be made again. */
export interface Dice {
  /** From 0 up to, and without, this. */
  below(limit: number): number;
  pick<T>(list: readonly T[]): T;
}

/** Mulberry32, by Tommy Ettinger. */
export function dice(seed: number): Dice {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
  const below = (limit: number) => Math.floor((next() / 2 ** 32) * limit);
  return { below, pick: <T>(list: readonly T[]) => list[below(list.length)] as T };
}

const scraps = [
  ...['', '\n', '  ', '\t', ':', ': ', '- ', '&a ', '*a', '<<: *a', '<<: [*a]', '{', '}', '[', ']', '"', "'", '|', '>'],
  ...['#', '~', '? ', '!!str ', '!x ', 'null', 'yes', '0755', '1.5', '-1', '12:30', '[]', '{}', '{a: b}', '[a, [b]]'],
  ...['x-longshore', 'base_destination: a', 'hooks:', 'without: [service, a.b]', 'required: [A]', 'proxy: true'],
  ...['ssl: {}', 'run: {}', 'env: {tags: {a: ~}}', 'servers:', 'hosts: ', '__proto__: ', 'constructor: ', 'toString: '],
  ...['<%= ENV["X"] %>', '<%= ', '<% if ENV["X"] -%>\n', '<%- else %>', '<% end -%>', ' %>', '-%>\n', '#{', '`date`'],
  ...['%x(', '<%# ', '%YAML 1.1\n', '---\n', '\0', '\uFEFF', '\r', '…', 'accessories:', 'depends_on: [a]'],
];

/** A few characters cut out, and a few put in, at a few places. */
export function mutateBytes(text: string, roll: Dice, more: readonly string[]): string {
  let rest = text;
  for (let count = 1 + roll.below(4); count > 0; count--) {
    const start = roll.below(rest.length + 1);
    const put = roll.pick([
      roll.pick(scraps),
      roll.pick(scraps),
      roll.pick(more),
      String.fromCodePoint(roll.below(2000)),
    ]);
    rest = rest.slice(0, start) + put + rest.slice(start + roll.below(30));
  }
  return rest;
}

const junk: readonly unknown[] = [
  ...[null, true, false, 0, -1, 1.5, 8e15, '', ' ', 'x', 'x y', 'A:B', 'A:B:C', '127.0.0.1:80:80', '80:80', '80', '5%'],
  ...['$HOME/x:/y', '~/a:/b', '/a:/b', 'a:/b', '/a', '${X}', '`x`', 'a && b', "it's", '*.x', 'root@h:22', 'https://h/'],
  ...['__proto__', 'constructor', 'toString', '2024-01-01', '\u2028', 'é', '\u{1F600}', 'x'.repeat(10_000), '1_000'],
  ...[[], {}, [null], [[1]], ['a', 'a'], [{ a: 'b' }], [{ a: 1, b: 2 }], { a: { b: 'c' } }, { toString: 'x' }],
  ...[{ clear: { A: null } }, { secret: ['A', 'A:B'] }, { tags: { a: {} } }, { run: { debug: 1 } }, { hosts: [] }],
];

type Slot = { readonly holder: Record<string, unknown> | unknown[]; readonly key: string | number };

function slotsOf(value: unknown): Slot[] {
  if (typeof value !== 'object' || value === null) return [];
  const holder = value as Record<string, unknown> | unknown[];
  const keys = Array.isArray(holder) ? holder.keys() : Object.keys(holder);
  return [...keys].flatMap((key) => [{ holder, key }, ...slotsOf((holder as Record<string | number, unknown>)[key])]);
}

/** The same file with another tree: parts taken away, replaced, renamed, copied elsewhere. */
export function mutateTree(text: string, roll: Dice, keys: readonly string[]): string {
  const tree = structuredClone(parse(text)) as unknown;
  for (let count = 1 + roll.below(3); count > 0; count--) {
    const slots = slotsOf(tree);
    if (slots.length === 0) break;
    const { holder, key } = roll.pick(slots);
    const parts = holder as Record<string | number, unknown>;
    const other = roll.pick(slots);
    const copied: unknown = structuredClone((other.holder as Record<string | number, unknown>)[other.key]);
    const change = roll.below(6);
    if (change === 0 && Array.isArray(holder)) holder.splice(Number(key), 1);
    else if (change === 0) delete parts[key];
    else if (change === 1) parts[key] = structuredClone(roll.pick(junk));
    else if (change === 2) parts[key] = copied;
    else if (change === 3) parts[key] = roll.below(2) === 0 ? [parts[key]] : { [roll.pick(keys)]: parts[key] };
    else if (!Array.isArray(holder)) {
      holder[roll.pick(keys)] = change === 4 ? parts[key] : structuredClone(roll.pick(junk));
      if (change === 4) delete parts[key];
    }
  }
  const style = roll.pick([{}, { collectionStyle: 'flow' }, { defaultStringType: 'QUOTE_DOUBLE' }] as const);
  return stringify(tree, { aliasDuplicateObjects: false, lineWidth: 0, ...style });
}

const tags = [
  ...[
    '<%= ENV["X"] %>',
    '<%= ENV.fetch("X") %>',
    '<%= ENV.fetch("X", "a: b") %>',
    '<%= ENV.fetch "X", 5 %>',
    '<%= 1 %>',
  ],
  ...['<%= `date` %>', '<%= %x(date) %>', '<%= "#{ENV["X"]}" %>', '<%= File.read("deploy.yml") %>', '<%= nil %>'],
  ...['<%= Rails.application.credentials.x %>', '<%= JSON.parse(`x`)["a"] %>', '<%= Dir["*"].map { |a| a }.join %>'],
  ...[
    '<%= ENV["X"].split(",").map(&:strip) %>',
    '<%= <<~A %>',
    '<% x = 1 %>',
    '<%# a %>',
    '<%% a %>',
    '<%= "\\n- a" %>',
  ],
  ...['<%= ENV["KAMAL_DESTINATION"] == "a" ? "x" : nil %>', '<%= "*a" %>', '<%= "&a" %>', '<%= "{" %>', '<%= "\\"" %>'],
];
const lines = [
  ...['<% if ENV["X"] -%>', '<% unless ENV["X"] %>', '<% else -%>', '<% elsif true -%>', '<% end -%>', '<% end %>'],
  ...['<% %w[a b].each do |h| -%>', '<% require "json" -%>', '<%- if false -%>', '<% ENV.each do |a, b| %>'],
];

/** The same file with tags for values, and lines of blocks between its lines. */
export function mutateTemplate(text: string, roll: Dice): string {
  const all = text.split('\n');
  for (let count = 1 + roll.below(3); count > 0; count--) {
    const at = roll.below(all.length);
    const line = all[at] ?? '';
    if (roll.below(2) === 0) all[at] = line.replace(/(?<=[:-]\s+)\S.*$|$/, roll.pick(tags));
    else all.splice(at, 0, roll.pick(lines));
    if (roll.below(3) === 0) all.splice(roll.below(all.length), 0, '<% end -%>');
  }
  const whole = all.join('\n');
  return roll.below(4) === 0 ? mutateBytes(whole, roll, tags) : whole;
}

/** The same file with anchors, aliases, merge keys, and names that refer to something else. */
export function mutateReferences(text: string, roll: Dice, keys: readonly string[]): string {
  const all = text.split('\n');
  for (let count = 1 + roll.below(5); count > 0; count--) {
    const at = roll.below(all.length);
    const line = all[at] ?? '';
    const indent = /^[ -]*/.exec(line)?.[0].length ?? 0;
    const name = roll.pick(['a', 'b', 'c']);
    const change = roll.below(6);
    if (change === 0) all[at] = line.replace(/:(\s|$)/, `: &${name}$1`);
    else if (change === 1) all[at] = line.replace(/(?<=[:-]\s+)\S.*$|(?<=:)$/, ` *${name}`);
    else if (change === 2)
      all.splice(at, 0, `${' '.repeat(indent)}<<: ${roll.pick([`*${name}`, '[*a, *b]', '*a', '{}', '5'])}`);
    else if (change === 3)
      all.unshift(`x-${name}: &${name} ${roll.pick(['{}', '[]', '{hosts: [h]}', '[*a, *a]', '{b: *a}', '5'])}`);
    else if (change === 4) {
      all[at] = line.replace(/(?<=[:-]\s+)\S.*$/, roll.pick([...keys, 'web', 'db', '[db]', '[web, job]', '{a: b}']));
    } else all.splice(at, 1, ...all.slice(roll.below(all.length)).slice(0, 1 + roll.below(4)));
  }
  return all.join('\n');
}
