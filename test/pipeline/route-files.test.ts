import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { Failure } from '../../src/errors.ts';
import type { Event } from '../../src/execute/events.ts';
import { readRouteSources } from '../../src/pipeline/route-files.ts';
import type { Run } from '../../src/pipeline/run.ts';
import { certificateId } from '../../src/proxy/files.ts';
import { load, withKeys } from '../config/load-text.ts';

const place = mkdtempSync(join(tmpdir(), 'longshore-route-files-'));
const file = (name: string) => readFileSync(join(place, name), 'utf8');

/** Two certificates that are valid for thirty days. */
beforeAll(() => {
  for (const name of ['one', 'other']) {
    const words = `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 -subj /CN=${name} -addext subjectAltName=DNS:shop.test,DNS:*.shop.test`;
    const out = ['-keyout', join(place, `${name}.key`), '-out', join(place, `${name}.pem`)];
    execFileSync('openssl', [...words.split(' '), ...out], { stdio: 'ignore' });
  }
});

interface Case {
  readonly cert?: string;
  readonly key?: string;
  readonly hosts?: string;
  readonly days?: number;
  readonly command?: string;
  readonly keys?: string;
}

async function read({ cert = file('one.pem'), key = file('one.key'), hosts = 'shop.test', days = 0, ...more }: Case) {
  const warnings: string[] = [];
  const emit = (event: Event) => event.type === 'warning' && warnings.push(event.text);
  const config = load(
    withKeys(`proxy: {host: "${hosts}", ssl: {certificate_pem: CERT, private_key_pem: KEY}}\n${more.keys ?? ''}`),
  );
  const secrets = new Map([
    ['CERT', cert],
    ['KEY', key],
  ]);
  const run = { command: more.command ?? 'deploy', emit } as unknown as Run;
  const now = new Date(Date.now() + days * 86_400_000);
  return { ...(await readRouteSources(config, secrets, { run, cwd: place, needs: ['containers'], now })), warnings };
}

async function refused(given: Case): Promise<string> {
  const error: unknown = await read(given).catch((thrown: unknown) => thrown);
  if (!(error instanceof Failure)) throw new Error('nothing was refused');
  const text = [error.message, ...error.details, error.hint].join('\n');
  // Nothing of a key is ever said.
  expect(text).not.toContain(file('one.key').split('\n')[1]);
  return text;
}

describe('a certificate of one’s own', () => {
  test('is known by what it holds, however its lines are broken', async () => {
    const { certificates, warnings } = await read({});
    expect(warnings).toEqual([]);
    expect(certificates.get('web')).toMatch(/^[0-9a-f]{12}$/);
    expect(certificates.get('web')).toBe(certificateId(file('one.pem').replaceAll('\n', '\r\n')));
    expect((await read({ cert: file('other.pem'), key: file('other.key') })).certificates).not.toEqual(certificates);
    // What signed it belongs to it.
    expect((await read({ cert: file('one.pem') + file('other.pem') })).certificates).not.toEqual(certificates);
  });

  test('has to fit its key', async () => {
    expect(await refused({ key: file('other.key') })).toContain('KEY is not the key of the certificate CERT');
    expect(await refused({ cert: file('other.pem') + file('one.pem') })).toContain('server’s own, followed by');
  });

  test('and its key have to be in PEM form, and all that is wrong is said at once', async () => {
    const both = await refused({ cert: 'x', key: file('one.key').replaceAll('\n', '\\n') });
    expect(both).toContain('CERT holds no certificate in PEM form');
    expect(both).toContain('KEY holds no private key in PEM form');
    expect(both).toContain('\\n in the place of line breaks');
    const locked = execFileSync('openssl', ['pkey', '-aes128', '-passout', 'pass:x'], { input: file('one.key') });
    expect(await refused({ key: locked.toString() })).toContain('take the encryption off');
  });

  test('that has expired stops a deploy, but no rollback, which keeps the newest there is', async () => {
    expect(await refused({ days: 31 })).toMatch(/the certificate of web \(CERT\) expired on \d{4}-\d\d-\d\d\nRenew it/);
    expect((await read({ days: 31, command: 'rollback' })).warnings[0]).toMatch(/expired on/);
  });

  test('is warned about in its last fourteen days, and for hosts that it is not for', async () => {
    expect((await read({ days: 15 })).warnings).toEqual([]);
    expect((await read({ days: 20 })).warnings[0]).toMatch(/\(CERT\) is valid for 9 more days, until \d{4}-/);
    expect((await read({ hosts: 'a.shop.test,shop.test,shop.example' })).warnings).toEqual([
      'the certificate of web (CERT) is not for shop.example',
    ]);
  });
});

describe('error pages', () => {
  const keys = 'error_pages_path: pages';
  test('are read by their names, and their directory has to be there and hold some', async () => {
    expect(await refused({ keys })).toContain('there is no directory pages');
    mkdirSync(join(place, 'pages'));
    for (const name of ['40.html', '5xx.htm', 'index.html', '302.html']) writeFileSync(join(place, 'pages', name), 'x');
    expect(await refused({ keys })).toContain('pages holds no page such as 404.html or 503.html');
    writeFileSync(join(place, 'pages/503.html'), 'Gleich zurück');
    writeFileSync(join(place, 'pages/4xx.html'), 'no');
    expect([...(await read({ keys })).errorPages]).toEqual([
      ['4xx.html', 'no'],
      ['503.html', 'Gleich zurück'],
    ]);
    writeFileSync(join(place, 'pages/500.html'), Buffer.from('zur\xfcck', 'latin1'));
    expect(await refused({ keys })).toContain('500.html is not in UTF-8');
    // A rollback shows what lies on the machines.
    expect((await read({ keys, command: 'rollback' })).errorPages.size).toBe(0);
  });
});
