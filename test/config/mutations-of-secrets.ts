import type { Dice } from './mutations.ts';

/** What real secrets files look like; no line of them runs anything but what is inside of this process. */
export const secretsFiles: readonly string[] = [
  'A=plain\nB="double $A"\nC=\'single $A\'\nexport D=${A}/x # comment\nE: yaml\nF=\n',
  'RAILS_MASTER_KEY=0123\nDATABASE_URL="postgres://u:p$A@h/db"\nPEM="-----BEGIN KEY-----\nabc\ndef\n-----END KEY-----"\nA=1\n',
  'ALL={"A":"x","a/B":"y"}\nA=$(kamal secrets extract A $ALL)\nB=$(kamal secrets extract B ${ALL})\n# C=$(no)\nC=a#b\n',
  'A=a\\nb\\ c\nB="\\$A \\"q\\""\nC=\'it\'\nD=$NOT_SET\nE="$(kamal secrets extract A {})"\n',
];

const scraps = [
  ...['=', ': ', '\n', '#', ' # ', '"', "'", '\\', '$', '${', '}', '$A', '${A}', '$B', '${C}', ' ', '\t', '\r\n', '\r'],
  ...[
    'export ',
    'A',
    'B=',
    '\nA=$B\nB=$A\n',
    '{',
    '"}',
    '\0',
    '\uFEFF',
    '-----BEGIN',
    '\\n',
    '$$',
    '${A:-b}',
    '{"A":1}',
  ],
  ...['$(kamal secrets extract A $ALL)', '$(kamal secrets extract', 'kamal secrets fetch', '$(longshore secrets', ')'],
];

export function mutateSecretsBytes(text: string, roll: Dice): string {
  let rest = text;
  for (let count = 1 + roll.below(4); count > 0; count--) {
    const start = roll.below(rest.length + 1);
    const put = roll.pick([roll.pick(scraps), roll.pick(scraps), String.fromCodePoint(roll.below(2000))]);
    rest = rest.slice(0, start) + put + rest.slice(start + roll.below(12));
  }
  return rest;
}

/** Lines in another order, and values that refer to other names, their own, or none. */
export function mutateSecretsReferences(text: string, roll: Dice): string {
  const all = text.split('\n');
  const names = ['A', 'B', 'C', 'D', 'ALL', 'NOT_SET', 'HOME'];
  for (let count = 1 + roll.below(5); count > 0; count--) {
    const at = roll.below(all.length);
    const name = roll.pick(names);
    const value = roll.pick([`$${name}`, `\${${name}}`, `"a $${name} b"`, `'$${name}'`, `\\$${name}`]);
    const inside = roll.pick([
      `extract ${name} $ALL`,
      `extract $${name} "$ALL"`,
      `extract ${name} '${value}'`,
      'print',
    ]);
    const change = roll.below(4);
    if (change === 0) all[at] = `${roll.pick(names)}=${value}`;
    else if (change === 1) all[at] = `${roll.pick(names)}=$(kamal secrets ${inside})`;
    else if (change === 2) all.splice(at, 0, ...all.splice(roll.below(all.length), 1));
    else all[at] = (all[at] ?? '').replace(/=.*/, (old) => `${old}${value}`);
  }
  return all.join('\n');
}
