import { describe, expect, test } from 'vitest';
import type { ContainerSpec } from '../../src/containers/spec.ts';
import { differencesOf } from '../../src/containers/differences.ts';
import { kamalForms } from '../../src/containers/kamal-forms.ts';

describe('how Kamal delivers a value', () => {
  test.each([
    ['plain "é" \'x\' $y `z`', 'plain "é" \'x\' $y `z`'],
    ['a\\b', 'a\\\\b'],
    ['a\nb\tc\r', 'a\\nb\\tc\\r'],
    ['\\"', '\\\\"'],
    ['#{a} #$b #@c #d', '#{a} #$b #@c #d'],
    ['\\#d', '\\#d'],
    ['\x1b\x01\x7f\x85', '\\e\\x01\\x7F\x85'],
    ['', ''],
  ])('a secret %j as %j', (value, delivered) => {
    expect(kamalForms(value, 'secret')).toEqual([value, delivered]);
  });

  test.each([
    ['plain "é" \'x\' $y `z`', 'plain "é" \'x\' $y `z`'],
    ['a\\b \\" \\$x', 'a\\b \\" \\$x'],
    ['a\nb\tc', 'a\\nb\\tc'],
    ['#{a} #$b #@c #d', '\\#{a} \\#$b \\#@c #d'],
    ['\x1b', '\\e'],
    ['${X}', '${X}'],
  ])('a clear value %j as %j', (value, delivered) => {
    expect(kamalForms(value, 'clear')).toEqual([value, delivered]);
    expect(kamalForms(value, 'label')).toEqual([value, delivered]);
  });

  test('an empty clear value not at all, an empty label as empty', () => {
    expect(kamalForms('', 'clear')).toEqual(['', undefined]);
    expect(kamalForms(' ', 'label')).toEqual([' ', '']);
  });
});

describe('a container that Kamal made', () => {
  const env = { KEY: 'line\n\\end', C: 'a#{b}', E: '', I: '', X: '${HOME}' };
  const spec: ContainerSpec = {
    name: 'shop-web-v1',
    image: 'acme/shop:v1',
    hostname: 'dal-01-0123456789ab',
    env: Object.entries(env).map(([name, value]) => ({ name, value: name === 'KEY' ? { secret: name } : value })),
    labels: { note: 'a\nb' },
    network: 'kamal',
    restartPolicy: 'no',
    logging: { options: {} },
    volumes: [],
    publish: [],
    options: [],
  };
  const differences = (Hostname: string, Env: string[], note: string) =>
    differencesOf({
      spec,
      env,
      homeDirectory: '/root',
      imageDefaults: { Env: ['I=image'] },
      running: {
        Config: { Hostname, Env, Cmd: null, Image: spec.image, Labels: { note } },
        HostConfig: { NetworkMode: 'kamal', RestartPolicy: { Name: 'no' } },
      },
    });
  const byKamal = ['KEY=line\\n\\\\end', 'C=a\\#{b}', 'I=image', 'X=${HOME}'];

  test('does not differ for how its values were delivered', () => {
    expect(differences('dal-01-4f1c0a2b3d4e', byKamal, 'a\\nb')).toEqual([]);
  });

  test('differs for another value, and for what the shell made of it', () => {
    const others = ['KEY=line\\nend', 'C=a\\\\#{b}', 'E=x', 'X=/root'];
    expect(differences('dal-01-4f1c0a2b3d4e', others, 'a b')).toEqual([
      'env C differs',
      'env E differs',
      'env I is missing',
      'env KEY differs',
      'env X differs',
      'label note differs',
    ]);
  });

  test('of Longshore’s own every value is exact', () => {
    const exact = Object.entries(env).map(([name, value]) => `${name}=${value}`);
    expect(differences('dal-01-0123456789ab', exact, 'a\nb')).toEqual([]);
    expect(differences('dal-01-0123456789ab', byKamal, 'a\\nb')).toEqual([
      'env C differs',
      'env E is missing',
      'env I differs',
      'env KEY differs',
      'label note differs',
    ]);
  });
});
