import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { wantedContainers } from '../../src/app/wanted.ts';
import { samples } from '../../src/config/document.ts';
import { loadLayers } from '../../src/config/load.ts';
import { settingsOf } from '../../src/config/truth.ts';
import { Failure } from '../../src/errors.ts';
import { resolveSecrets } from '../../src/secrets/resolve.ts';
import { cpuMilliseconds } from '../house/cpu-time.ts';
import { minimal } from './load-text.ts';
import { type Dice, dice, mutateBytes, mutateReferences, mutateTemplate, mutateTree } from './mutations.ts';
import { mutateSecretsBytes, mutateSecretsReferences, secretsFiles } from './mutations-of-secrets.ts';

/** `npm run mutate` makes 100,000; SEED repeats others. */
const count = Number(process.env['MUTATIONS'] ?? 1500);
const seed = Number(process.env['SEED'] ?? 20_261_121);

const cases = fileURLToPath(new URL('kamal-cases', import.meta.url));
const kamals = readdirSync(cases)
  .filter((name) => name.endsWith('.yml'))
  .map((name) => readFileSync(`${cases}/${name}`, 'utf8'));
const ours = samples.map(
  ({ sample }) => `${sample.includes('service:') ? '' : minimal.replace(/^servers.*\n/m, '')}${sample}`,
);
const bases = [minimal, ...kamals, ...ours];
const plain = bases.filter((text) => !text.includes('<%') && isYaml(text));
const keys = [
  ...new Set(
    [...kamals, ...ours].flatMap((text) => [...text.matchAll(/^\s*(?:- )?([\w-]+):/gm)].map(([, key]) => key ?? '')),
  ),
];

const directory = mkdtempSync(join(tmpdir(), 'longshore-mutated-'));
mkdirSync(join(directory, '.kamal'));
afterAll(() => rmSync(directory, { recursive: true }));

/** Half of them change bytes; the other half the tree, templates or references. */
const kinds = [
  'bytes',
  'tree',
  'secrets’ bytes',
  'templates',
  'bytes',
  'references',
  'secrets’ bytes',
  'secrets’ references',
] as const;
type Kind = (typeof kinds)[number];

function isYaml(text: string): boolean {
  try {
    return typeof parse(text) === 'object';
  } catch {
    return false;
  }
}

function mutant(kind: Kind, roll: Dice): string {
  if (kind === 'tree') return mutateTree(roll.pick(plain), roll, keys);
  if (kind === 'templates') return mutateTemplate(roll.pick(bases), roll);
  if (kind === 'references') return mutateReferences(roll.pick(bases), roll, keys);
  if (kind === 'bytes') return mutateBytes(roll.pick(bases), roll, roll.pick(bases).split('\n'));
  const text = roll.pick(secretsFiles);
  return kind === 'secrets’ bytes' ? mutateSecretsBytes(text, roll) : mutateSecretsReferences(text, roll);
}

/** Reads it, and all that is made of it before a machine is seen. Nothing of it is run. */
async function read(kind: Kind, text: string, roll: Dice): Promise<void> {
  if (kind.startsWith('secrets')) {
    const ownCommand = /\$\((?!\s*(?:kamal|longshore) secrets extract\b)/;
    writeFileSync(join(directory, '.kamal/secrets'), text.replaceAll(new RegExp(ownCommand, 'g'), '$ ('));
    await resolveSecrets({ path: '.kamal/secrets', names: ['A', 'B'], cwd: directory, env: { HOME: '/root' } });
    return;
  }
  const isDestination = roll.below(4) === 0;
  writeFileSync(join(directory, 'deploy.yml'), isDestination ? minimal : text);
  writeFileSync(join(directory, 'deploy.staging.yml'), isDestination ? text : '');
  const destination = isDestination ? { destination: 'staging' } : {};
  const loaded = loadLayers({ file: 'deploy.yml', cwd: directory, env: { X: 'x' }, noExec: true, ...destination });
  settingsOf(loaded);
  wantedContainers(loaded.config, 'v1');
}

async function outcome(kind: Kind, text: string, roll: Dice): Promise<string> {
  try {
    await read(kind, text, roll);
    return 'read';
  } catch (thrown) {
    if (!(thrown instanceof Failure)) throw thrown;
    const said = [thrown.message, ...thrown.details].join('\n');
    const needsLine = !['secrets-missing'].includes(thrown.code);
    if (needsLine && !/(?:deploy(?:\.staging)?\.yml|secrets):\d+/.test(said))
      throw new Error(`no line: ${said}`, { cause: thrown });
    if (/\n\s+at .*\.[jt]s:\d+/.test(said)) throw new Error(`a stack trace: ${said}`, { cause: thrown });
    return thrown.code;
  }
}

test(`${count} mutated files are read or refused with a line, each within a second (seed ${seed})`, async () => {
  const table: Record<string, Record<string, number>> = {};
  let slowest = 0;
  for (let number = 0; number < count; number++) {
    const roll = dice(seed + number);
    const kind = kinds[number % kinds.length] as Kind;
    const text = mutant(kind, roll);
    const start = cpuMilliseconds();
    const ended = await outcome(kind, text, roll).catch((thrown: unknown) => {
      throw new Error(`number ${number} (${kind}) of seed ${seed}:\n${text}`, { cause: thrown });
    });
    const took = cpuMilliseconds() - start;
    if (took > slowest) slowest = took;
    expect(took, text).toBeLessThan(1000);
    (table[kind] ??= {})[ended] = (table[kind][ended] ?? 0) + 1;
  }
  if (count > 1500) console.table(table);
  if (count > 1500) console.log(`the slowest took ${Math.round(slowest)} ms of processor time`);
  // Neither all refused nor all read: then nothing would be tested.
  for (const row of Object.values(table)) expect(row['read'] ?? 0).toBeGreaterThan(0);
  expect(table['bytes']?.['config-invalid'] ?? 0).toBeGreaterThan(count / 20);
}, 7_200_000);

test('the same text gives the same answer', async () => {
  for (let number = 0; number < 100; number++) {
    const answer = async () => {
      const roll = dice(seed + number);
      const text = mutant('bytes', roll);
      return read('bytes', text, roll).catch((thrown: Failure) => [thrown.message, ...thrown.details]);
    };
    expect(await answer()).toEqual(await answer());
  }
});
