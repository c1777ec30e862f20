import { describe, expect, test } from 'vitest';
import { load, minimal, problems } from './load-text.ts';

describe('values', () => {
  test('is kamal, exact or not said, in its place or among Longshore’s own keys', () => {
    expect(load(minimal)).not.toHaveProperty('values');
    expect(load(`${minimal}values: kamal\n`).values).toBe('kamal');
    expect(load(`${minimal}x-longshore: {values: exact}\n`).values).toBe('exact');
    expect(problems(`${minimal}values: raw\n`)).toEqual(['deploy.yml:6:9: this should be kamal or exact, not text']);
  });

  test('as Kamal delivers them, only what can be worked out without a shell', () => {
    const nested = `env:
  clear: {A: "\${HOME}/x \${B:-c} \${é}", B: "\${HOME%/*}"}
  tags: {t: {C: "\${#D}"}}
labels: {l: "\${A:=b}"}
logging: {options: {tag: "\${A?}"}}
servers:
  web:
    hosts: [192.0.2.1]
    env: {E: "\${1}"}
    options: {health-cmd: "echo \${A:-\${B}}", label: [a, "b=\${*}"]}
`;
    const text = nested + minimal.replace(/^servers.*\n/m, '');
    expect(load(text).values).toBeUndefined();
    const found = problems(`${text}values: kamal\n`);
    expect(found.map((line) => line.split(': ')[0])).toEqual([
      'deploy.yml:2:43',
      'deploy.yml:3:17',
      'deploy.yml:4:13',
      'deploy.yml:5:26',
      'deploy.yml:9:14',
      'deploy.yml:10:27',
      'deploy.yml:10:57',
    ]);
    expect(found[0]).toContain('with `values: kamal` only ${NAME}, ${NAME:-text} and ${NAME:+text} are understood');
  });

  test('that no program could be given are refused', () => {
    const text = (bytes: number) => `${minimal}env: {clear: {LONG: ${'é'.repeat(bytes / 2)}}}\n`;
    // LONG= takes five of 131,071 bytes.
    expect(load(text(131_066)).roles[0]?.hosts[0]?.env.clear['LONG']).toHaveLength(65_533);
    expect(problems(text(131_068))).toEqual([
      'deploy.yml:6:21: this has 131073 bytes with its name, and Linux gives a program at most 131071; mount a file instead',
    ]);
    expect(
      problems(
        `${minimal}env: {clear: {A: "a\\0b"}}\nlabels: {l: "\\0"}\naccessories: {db: {image: db, role: web, env: {P: "\\0"}}}\n`,
      ),
    ).toEqual([
      'deploy.yml:6:18: this holds the character NUL, which no container can be given',
      'deploy.yml:7:13: this holds the character NUL, which no container can be given',
      'deploy.yml:8:51: this holds the character NUL, which no container can be given',
    ]);
  });
});
