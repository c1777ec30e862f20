import { describe, expect, it } from 'vitest';
import { createMasker } from '../../src/secrets/mask.ts';
import { cpuMilliseconds } from '../house/cpu-time.ts';

const value = `pa$$/wörd"+x\\`;

describe('a masker', () => {
  it.each([
    ['as it is', value],
    ['JSON-escaped', JSON.stringify(value).slice(1, -1)],
    ['JSON-escaped in ASCII', 'pa$$/w\\u00f6rd\\"+x\\\\'],
    ['URL-encoded', encodeURIComponent(value)],
    ['URL-encoded in small letters', encodeURIComponent(value).replace(/%../g, (code) => code.toLowerCase())],
    ['base64', Buffer.from(value).toString('base64')],
    ['base64 for URLs', Buffer.from(value).toString('base64url')],
  ])('takes out the value %s', (_, form) => {
    expect(createMasker([value])(`before ${form} after ${form}`)).toBe('before [secret] after [secret]');
  });

  it.each(['', 'u', 'us', 'user'])('takes it out of base64 of "%s:value:x"', (user) => {
    const text = Buffer.from(`${user}:${value}:x`).toString('base64');
    const masked = createMasker([value])(text);
    expect(masked).toContain('[secret]');
    expect(masked.length).toBeLessThan(24);
  });

  it('takes out each line of a value with several', () => {
    const mask = createMasker(['-----BEGIN KEY-----\nMIIEvQIBADAN\nab\n-----END KEY-----\n']);
    expect(['x MIIEvQIBADAN', 'ab', 'other'].map(mask)).toEqual(['x [secret]', 'ab', 'other']);
  });

  it('leaves short values and other text alone', () => {
    expect(createMasker(['', 'abc'])('abc def')).toBe('abc def');
  });

  it('takes out overlapping values, and never masks its own mark', () => {
    expect(createMasker(['secret', 'abcdef', 'defghi'])('abcdefghi secret')).toBe('[secret] [secret]');
  });

  it('is quick with many values and many lines', () => {
    const mask = createMasker(Array.from({ length: 50 }, (_, index) => `value-${index}-${'x'.repeat(30)}`));
    const line = 'Started GET "/up" for 10.0.0.1 at 2026-01-01 '.repeat(4);
    const started = cpuMilliseconds();
    for (let count = 0; count < 10_000; count += 1) mask(line);
    expect(cpuMilliseconds() - started).toBeLessThan(3000);
  });
});
