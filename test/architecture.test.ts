import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { lineLimit, violationsIn } from './house/rules.ts';
import { importsOf } from './house/source.ts';

const project = fileURLToPath(new URL('..', import.meta.url));
const filesIn = (directory: string) =>
  readdirSync(join(project, directory), { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.(ts|js|mjs)$/.test(file))
    .map((file) => `${directory}/${file}`);

describe('the house', () => {
  test('every source file keeps the rules of docs/architecture.md, section 3', () => {
    const violations = filesIn('src').flatMap((file) => violationsIn(file, readFileSync(join(project, file), 'utf8')));
    expect(violations).toEqual([]);
  });

  test('no test and no script is longer than a source file may be', () => {
    const long = [...filesIn('test'), ...filesIn('bin'), 'build.mjs'].filter(
      (file) => readFileSync(join(project, file), 'utf8').trimEnd().split('\n').length > lineLimit,
    );
    expect(long).toEqual([]);
  });
});

describe('the rules', () => {
  test.each([
    [
      'to the right',
      'src/config/a.ts',
      "import { b } from '../plan/b.ts';",
      '../plan/b.ts, but plan is to the right of config',
    ],
    [
      'to the right, as a type',
      'src/config/a.ts',
      "import type { B } from '../plan/b.ts';",
      '../plan/b.ts (types), but plan is',
    ],
    [
      'to the right, later',
      'src/hosts/a.ts',
      "await import('../execute/b.ts');",
      '../execute/b.ts, but execute is to the right',
    ],
    [
      'to the right, by export',
      'src/app/a.ts',
      "export * from '../plan/b.ts';",
      '../plan/b.ts, but plan is to the right of app',
    ],
    [
      'over many lines',
      'src/app/a.ts',
      "import {\n  b,\n  c,\n} from '../plan/b.ts';",
      '../plan/b.ts, but plan is to the right of app',
    ],
    [
      'in a type',
      'src/app/a.ts',
      "type B = typeof import('../plan/b.ts');",
      '../plan/b.ts (types), but plan is to the right',
    ],
    ['for its effects', 'src/app/a.ts', "import '../plan/b.ts';", '../plan/b.ts, but plan is to the right of app'],
    [
      'impure values into plan',
      'src/plan/a.ts',
      "import { b } from '../hosts/b.ts';",
      '../hosts/b.ts, but plan is pure and hosts is not',
    ],
    [
      'the loader',
      'src/config/a.ts',
      "import { b } from './load.ts';",
      './load.ts, but config is pure and src/config/load.ts is not',
    ],
    ['files', 'src/plan/a.ts', "import { readFileSync } from 'node:fs';", 'node:fs, but plan is pure'],
    [
      'randomness',
      'src/plan/a.ts',
      "import { randomUUID } from 'node:crypto';",
      'node:crypto, but plan is pure (randomUUID)',
    ],
    ['a library next door', 'src/execute/a.ts', "import { Listr } from 'listr2';", 'listr2, but only report may'],
    [
      'a part of a library',
      'src/report/a.ts',
      "import { run } from '@oclif/core/run';",
      '@oclif/core/run, but only commands may',
    ],
    [
      'an unknown library',
      'src/report/a.ts',
      "import chalk from 'chalk';",
      'chalk, but no room has a door to that library',
    ],
    ['a computed import', 'src/secrets/a.ts', 'await import(name);', '(computed: name), but an import is a literal'],
    ['an import without its ending', 'src/plan/a.ts', "import { b } from './b';", './b, but imports end in .ts'],
    [
      'out of the house',
      'src/plan/a.ts',
      "import { b } from '../../test/b.ts';",
      '../../test/b.ts, but that is outside',
    ],
  ])('an import %s is refused', (_what, file, text, message) => {
    expect(violationsIn(file, text).join('\n')).toContain(`${file}: imports ${message}`);
  });

  test.each([
    'console.log(1)',
    'new Date()',
    'const a = Date.now()',
    'process.env',
    'setTimeout(f)',
    'Math.random()',
    'await fetch(x)',
    '`${performance.now()}`',
  ])('a pure room has no %s', (text) => {
    expect(violationsIn('src/plan/a.ts', text)).toHaveLength(1);
    expect(violationsIn('src/execute/a.ts', text)).toEqual([]);
  });

  test.each([
    "import type { Host } from '../hosts/host.ts';",
    "import { type Host, type Other } from '../observe/observed.ts';",
    "import { createHash } from 'node:crypto';",
    '// console.log(process.env)\nconst text = `Date ${1} fetch`;',
    "const pattern = /'console'/; const key = { process: 1 }; a.process();",
    'const words = \'import { a } from "listr2"\';',
    "import { posix } from 'node:path';",
  ])('plan may say %s', (text) => {
    expect(violationsIn('src/plan/a.ts', text)).toEqual([]);
  });

  test('a file that is too long is named with its length', () => {
    expect(violationsIn('src/plan/a.ts', 'a;\n'.repeat(251))).toEqual([
      'src/plan/a.ts: has 251 lines, the limit is 250',
    ]);
  });

  test('every import of a file is seen', () => {
    const text =
      "import a, { b } from 'x';\nimport * as c from 'y';\nexport { d } from './z.ts';\nconst { e } = await import('./e.ts');";
    expect(importsOf(text).map(({ from }) => from)).toEqual(['x', 'y', './z.ts', './e.ts']);
  });
});
