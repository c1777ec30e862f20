import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, expect, test, vi } from 'vitest';
import SecretsExtract from '../../src/commands/secrets/extract.ts';
import SecretsFetch from '../../src/commands/secrets/fetch.ts';
import SecretsPrint from '../../src/commands/secrets/print.ts';
import { minimal } from '../config/load-text.ts';
import { type } from './type.ts';

const place = mkdtempSync(join(tmpdir(), 'longshore-secrets-'));
mkdirSync(join(place, 'bin'));
writeFileSync(join(place, 'deploy.yml'), `${minimal}secrets_path: ${join(place, 'secrets')}\n`);
writeFileSync(join(place, 'deploy.staging.yml'), 'servers: [192.0.2.7]\n');
writeFileSync(join(place, 'secrets-common'), 'TOKEN=of-all\nKEY=t0ps3cret\n');
writeFileSync(
  join(place, 'secrets.staging'),
  `\nTOKEN="a\n b"\nEMPTY=\nBAD=$(echo t0ps3cret >&2; exit 3)\nMORE=$BAD-x\n`,
);
writeFileSync(join(place, 'secrets'), 'A=$(echo hi)\n');
writeFileSync(join(place, 'bin/doppler'), `#!/bin/sh\necho '{"B":{"computed":"x$y"},"1":{"computed":"one"}}'\n`, {
  mode: 0o755,
});
const config = ['-c', join(place, 'deploy.yml')];

beforeEach(() => {
  vi.stubEnv('CI', '1').stubEnv('NO_COLOR', '1').stubEnv('GITHUB_ACTIONS', '');
  vi.stubEnv('PATH', `${join(place, 'bin')}:${process.env['PATH']}`).stubEnv('DOPPLER_TOKEN', 'dp.st.x');
});
afterEach(() => void (process.exitCode = 0));
afterAll(() => rmSync(place, { recursive: true }));

test('secrets print masks, says which line gives each, and what is wrong', async () => {
  const { stdout } = await type(SecretsPrint, 'staging', ...config);
  expect(stdout.replaceAll(place, '')).toBe(`shop in staging

TOKEN  [secret]  /secrets.staging:2
KEY    [secret]  /secrets-common:2
EMPTY  (empty)   /secrets.staging:4
BAD    no value  /secrets.staging:5
    the command ended with exit status 3
    [secret]
MORE   no value  /secrets.staging:6
    it refers to BAD (/secrets.staging:5), which has no value

Shown by --reveal.
`);
  expect(process.exitCode).toBe(3);
});

test('secrets print --reveal shows values on one line each, and exits 0 when all have one', async () => {
  const revealed = await type(SecretsPrint, '-d', 'staging', ...config, '--reveal');
  expect(revealed.stdout).toMatch(/^TOKEN +"a\\n b" /m);
  expect(revealed.stdout).toMatch(/^KEY +t0ps3cret /m);
  const { stdout } = await type(SecretsPrint, ...config, '--reveal');
  expect(stdout).toMatch(/^A +hi +\S+secrets:1$/m);
  expect(process.exitCode).toBe(0);
});

test('secrets print --json has values only when they are revealed', async () => {
  const look = async (...flags: string[]) =>
    JSON.parse((await type(SecretsPrint, ...config, '--json', ...flags)).stdout) as { secrets: object[] };
  expect((await look()).secrets).toContainEqual({ name: 'A', where: `${place}/secrets:1` });
  expect((await look('--reveal')).secrets).toContainEqual({ name: 'A', where: `${place}/secrets:1`, value: 'hi' });
});

test('secrets print without a secrets file says which are looked for', async () => {
  writeFileSync(join(place, 'other.yml'), `${minimal}secrets_path: ${join(place, 'none')}\n`);
  await expect(type(SecretsPrint, '-c', join(place, 'other.yml'))).rejects.toMatchObject({
    code: 'secrets-missing',
    message: `there is neither ${place}/none-common nor ${place}/none`,
  });
});

test('secrets fetch prints JSON in order, as one line or as a document', async () => {
  const fetched = ['-a', 'doppler', 'B', '1', '--inline'];
  expect((await type(SecretsFetch, ...fetched)).stdout).toBe('{"B":"x$y","1":"one"}\n');
  expect(JSON.parse((await type(SecretsFetch, ...fetched, '--json')).stdout)).toEqual({ B: 'x$y', 1: 'one' });
});

test('secrets extract prints the value', async () => {
  expect((await type(SecretsExtract, 'A', '{"V/I/A":"x$y"}')).stdout).toBe('x$y\n');
  expect((await type(SecretsExtract, 'A', '{"V/I/A":"x$y"}', '--json')).stdout).toBe('"x$y"\n');
  await expect(type(SecretsExtract, 'B', '{}')).rejects.toMatchObject({ code: 'secrets-missing' });
});
