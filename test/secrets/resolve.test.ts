import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { allSecretNames } from '../../src/secrets/names.ts';
import { resolveSecrets } from '../../src/secrets/resolve.ts';
import { project, told } from './project.ts';

describe('which files count', () => {
  const files = {
    '.kamal/secrets-common': 'A=common\nB=common\n',
    '.kamal/secrets': 'B=plain\nC=plain\n',
    '.kamal/secrets.staging': 'B=staging\n',
  };

  it('without a destination the plain file wins over the common one', async () => {
    await expect(project(files).resolve('A', 'B', 'C')).resolves.toEqual({ A: 'common', B: 'plain', C: 'plain' });
  });

  it('with a destination its file is read instead of the plain one', async () => {
    const { resolve, failure } = project(files, { destination: 'staging' });
    await expect(resolve('A', 'B')).resolves.toEqual({ A: 'common', B: 'staging' });
    expect((await failure('C')).message).toContain('.kamal/secrets-common and .kamal/secrets.staging');
  });

  it('keys of the common file are not seen by the other', async () => {
    const failure = await project({ '.kamal/secrets-common': 'A=a', '.kamal/secrets': 'B=$A' }).failure('B');
    expect(failure.message).toBe('B (.kamal/secrets:1): the variable A is not set');
  });

  it('nothing is read when nothing is needed', async () => {
    await expect(project({ '.kamal/secrets': 'A="' }).resolve()).resolves.toEqual({});
  });
});

it('all names are known without running anything', async () => {
  const { folder, env } = project({ '.kamal/secrets-common': 'A=$(touch ran)\nB=b', '.kamal/secrets': 'B=b\nC=$NONE' });
  await expect(allSecretNames({ path: '.kamal/secrets', cwd: folder, env })).resolves.toEqual(['A', 'B', 'C']);
  expect(existsSync(join(folder, 'ran'))).toBe(false);
});

describe('what is missing', () => {
  it('is reported all at once, before any command runs', async () => {
    const { failure, folder } = project({ '.kamal/secrets': 'A=$(touch ran; echo a)' });
    const { code, message, exitStatus } = await failure('A', 'B', 'C');
    expect(code).toBe('secrets-missing');
    expect(message).toBe('the secrets B, C are not defined (looked in .kamal/secrets-common and .kamal/secrets)');
    expect(exitStatus).toBe(3);
    expect(existsSync(join(folder, 'ran'))).toBe(false);
  });

  it('is told with the lines that ask for it', async () => {
    const { folder, env } = project({ '.kamal/secrets': 'A=a' });
    const askedIn = (name: string) => [`config/deploy.yml:${name === 'B' ? 3 : 1}`];
    const request = { path: '.kamal/secrets', cwd: folder, env, names: ['A', 'B'], askedIn };
    await expect(resolveSecrets(request)).rejects.toMatchObject({ details: ['config/deploy.yml:3: asks for B'] });
  });

  it('says that there are no files', async () => {
    const { message } = await project({}).failure('A');
    expect(message).toBe('the secret A is not defined (there is neither .kamal/secrets-common nor .kamal/secrets)');
  });

  it('an unset or an empty variable is an error, a literal empty value is not', async () => {
    const { failure, resolve } = project(
      { '.kamal/secrets': 'A=\nB=x$NONE\nC=x$EMPTY\nD=$A\nE=x$A\nF=$(echo $NONE)' },
      { env: { EMPTY: '' } },
    );
    await expect(resolve('A', 'E')).resolves.toEqual({ A: '', E: 'x' });
    expect((await failure('B')).message).toBe('B (.kamal/secrets:2): the variable NONE is not set');
    expect((await failure('C')).message).toBe('C (.kamal/secrets:3): the environment variable EMPTY is empty');
    expect((await failure('D')).message).toBe('D (.kamal/secrets:4): the value is empty');
    expect((await failure('F')).message).toBe('F (.kamal/secrets:6): the variable NONE is not set');
  });

  it('names such as constructor are not found in the environment', async () => {
    const { failure } = project({ '.kamal/secrets': 'A=$constructor' });
    expect((await failure('A')).message).toBe('A (.kamal/secrets:1): the variable constructor is not set');
  });
});

describe('commands', () => {
  it('run only for what is needed, once, in the project', async () => {
    const { resolve, folder } = project({
      '.kamal/secrets': 'A=$(echo a >> ran; pwd)\nB=$(echo b >> ran; echo b)\nC=$A-1\nD=$A-2',
    });
    await expect(resolve('C', 'D')).resolves.toEqual({ C: `${folder}-1`, D: `${folder}-2` });
    expect(readFileSync(join(folder, 'ran'), 'utf8')).toBe('a\n');
  });

  it('run side by side', async () => {
    const wait = (mine: string, other: string): string =>
      `$(touch ${mine}; until test -e ${other}; do sleep 0.02; done; echo ${mine})`;
    const { resolve } = project({ '.kamal/secrets': `A=${wait('a', 'b')}\nB=${wait('b', 'a')}` });
    await expect(resolve('A', 'B')).resolves.toEqual({ A: 'a', B: 'b' });
  });

  it('that fail are named by key and line with the end of what they said, without values', async () => {
    const { failure } = project({
      '.kamal/secrets': `TOKEN=t0ps3cret\nA=$(echo half-a-value; echo "denied for $TOKEN half-a-value" >&2; exit 7)`,
    });
    const one = await failure('A');
    expect(one.code).toBe('secret-provider-failed');
    expect(one.message).toBe('A (.kamal/secrets:2): the command ended with exit status 7');
    expect(one.details).toEqual(['denied for [secret] [secret]']);
  });

  it('that give nothing are an error, also inside a longer value', async () => {
    const { failure } = project({ '.kamal/secrets': 'A=$(true)\nB=postgres://u:$(true)@h' });
    expect((await failure('A')).message).toBe('A (.kamal/secrets:1): the command gave nothing');
    expect((await failure('B')).message).toBe('B (.kamal/secrets:2): the command gave nothing');
  });

  it('several failures are told together, and not again by what refers to them', async () => {
    const failure = await project({ '.kamal/secrets': 'A=$(exit 1)\nB=$(exit 2)\nC=$A$B' }).failure('C', 'A', 'B');
    expect(failure.message).toBe('2 secrets have no value');
    expect(failure.details).toEqual([
      'A (.kamal/secrets:1): the command ended with exit status 1',
      'B (.kamal/secrets:2): the command ended with exit status 2',
    ]);
  });

  it('that write without end, or bytes that are no text, are stopped', async () => {
    const { failure } = project({ '.kamal/secrets': `A=$(cat /dev/zero)\nB=$(printf '\\\\377')` });
    expect((await failure('A')).message).toContain('wrote more than 8 MiB');
    expect((await failure('B')).message).toContain('gave bytes that are not text');
  });

  it('a value that doubles line by line is refused, not computed', async () => {
    const lines = Array.from({ length: 60 }, () => 'A=$A$A');
    expect((await project({ '.kamal/secrets': ['A=xx', ...lines].join('\n') }).failure('A')).message).toContain(
      'larger than 8 MiB',
    );
  });

  it('a hundred thousand lines that refer to each other are no problem', async () => {
    const lines = Array.from({ length: 100_000 }, () => 'A=$A');
    await expect(project({ '.kamal/secrets': ['A=x', ...lines].join('\n') }).resolve('A')).resolves.toEqual({ A: 'x' });
  });

  it('values and the text of commands are not in the list of processes', async () => {
    const { resolve } = project({
      '.kamal/secrets': `TOKEN=t0ps3cret\nA=$(: "$TOKEN" 'in-the-f1le'; tr '\\\\0' ' ' < /proc/\\$\\$/cmdline)`,
    });
    const { A } = await resolve('A');
    expect(A).toContain('eval');
    expect(A).not.toMatch(/t0ps3cret|in-the-f1le/);
  });
});

const nasty: readonly [string, string][] = [
  ['dollars', 'pa$word ${HOME} $(echo no) $1 $$'],
  ['hashes', '#a #b# c'],
  ['quotes', `"double" 'single' \`back\` ""''`],
  ['backslashes', '\\ \\\\ \\n \\$HOME \\'],
  ['line breaks', 'one\ntwo\n\nthree\n'],
  ['spaces at both ends', '  x\t '],
  ['a private key', `-----BEGIN PRIVATE KEY-----\n${'MIIEvQ+/\n'.repeat(30)}-----END PRIVATE KEY-----\n`],
  ['other alphabets', 'Grüße, 世界 🚢 \u00a0\u2028'],
  ['100 kB', 'x$"\\\n'.repeat(20_000)],
  ['a document', '{"a":"$b","c":[1,2]}'],
  ['globs', '* ? [a] ~'],
];

describe('values arrive byte for byte', () => {
  it.each(nasty)('%s from a command, through variables, and through another command', async (_, value) => {
    const { resolve } = project({
      value: `${value}\n`,
      '.kamal/secrets': `A=$(cat value)\nB=$A\nC="<$A>"\nD=$(printf '%s\\\\n' "$A")\nE=$(printf '%s\\\\n' '$A')`,
    });
    await expect(resolve('A', 'B', 'C', 'D', 'E')).resolves.toEqual({
      A: value,
      B: value,
      C: `<${value}>`,
      D: value,
      E: value,
    });
  });

  it.each(nasty)('%s through kamal secrets extract', async (_, value) => {
    const { resolve } = project({
      value: JSON.stringify({ 'V/I/A': value }),
      '.kamal/secrets':
        'SECRETS=$(cat value)\nA=$(kamal secrets extract A $SECRETS)\nB=$(bin/longshore secrets extract A "$SECRETS")',
    });
    await expect(resolve('A', 'B')).resolves.toEqual({ A: value, B: value });
  });
});

describe('kamal secrets extract', () => {
  const extract = (name: string, json: string) =>
    project({ json, '.kamal/secrets': `SECRETS=$(cat json)\nA=$(kamal secrets extract ${name} $SECRETS)` });

  it('takes the key itself before one that ends in it, and of those the first', async () => {
    await expect(extract('A', '{"V/I/A":"1","A":"2"}').resolve('A')).resolves.toEqual({ A: '2' });
    await expect(extract('A', '{"V/I/BA":"0","V/I/A":"1","W/I/A":"2"}').resolve('A')).resolves.toEqual({ A: '1' });
  });

  it('says what it did not find, and shows nothing of what it was given', async () => {
    const missing = await extract('B', '{"V/I/A":"t0ps3cret"}').failure('A');
    expect(missing.message).toBe('A (.kamal/secrets:2): what was fetched has no secret B');
    const broken = await extract('A', 't0ps3cret{').failure('A');
    expect(broken.message).toContain('given something that is not the JSON');
    expect(told(missing) + told(broken)).not.toContain('t0ps3cret');
  });
});
