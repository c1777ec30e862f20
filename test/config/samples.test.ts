import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { configurationDoc, samples } from '../../src/config/document.ts';
import { rootKeys } from '../../src/config/written.ts';
import { load, minimal } from './load-text.ts';

describe('the annotated samples', () => {
  test.each(samples)('$title: can be used as it stands, over the least file', ({ sample }) => {
    const accessories = '{db: {image: a, host: b}, sftp: {image: a, host: b}}';
    const inherited = /without:|depends_on:/.test(sample) ? `labels: {debug: 1}\naccessories: ${accessories}\n` : '';
    const files = { 'deploy.yml': inherited + minimal.replace(/^servers.*\n/m, ''), 'deploy.sample.yml': sample };
    const servers = 'servers' in (parse(sample) as object) ? '' : 'servers: [192.0.2.1]\n';
    expect(load({ ...files, 'deploy.yml': files['deploy.yml'] + servers }, 'sample').hosts).not.toEqual([]);
  });

  test('the first is a whole file', () => {
    expect(load(samples[0]?.sample ?? '')).toMatchObject({ service: 'shop', hosts: ['192.0.2.10'], warnings: [] });
  });

  test('every root key that does something is in one of them', () => {
    const shown = new Set(samples.flatMap(({ sample }) => Object.keys(parse(sample) as object)));
    const idle = ['run_directory'];
    expect(rootKeys.filter((key) => !shown.has(key) && !idle.includes(key))).toEqual([]);
  });

  test('make up docs/configuration.md, which is up to date (else: npm run build)', () => {
    const page = readFileSync(new URL('../../docs/configuration.md', import.meta.url), 'utf8');
    expect(page).toBe(configurationDoc());
    expect(page).toContain('## Rolling\n\n```yaml\n# Without it, all machines');
  });
});
