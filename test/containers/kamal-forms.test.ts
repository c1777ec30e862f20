import { describe, expect, test } from 'vitest';
import type { Values } from '../../src/config/config.ts';
import type { ContainerSpec } from '../../src/containers/spec.ts';
import { delivered, valueDifferences, variablesOf } from '../../src/containers/delivery.ts';
import { differencesOf } from '../../src/containers/differences.ts';
import { clearForm, envFileForm, labelForm, shellForm } from '../../src/containers/kamal-forms.ts';

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
  ])('a secret %j as %j', (value, form) => {
    expect(envFileForm(value)).toBe(form);
  });

  const variables = { HOME: '/root', EMPTY: '' };

  test.each([
    ['plain "é" \'x\' $y `z`', 'plain "é" \'x\' $y `z`'],
    ['a\\b \\" \\$x', 'a\\b \\" \\$x'],
    ['a\nb\tc', 'a\\nb\\tc'],
    ['#{a} #$b #@c #d', '\\#{a} \\#$b \\#@c #d'],
    ['\x1b', '\\e'],
    ['${HOME}/x#${HOME} $HOME \\${NONE}|', '/root/x\\#/root $HOME \\|'],
    ['${NONE:-a} ${EMPTY:-b c} ${EMPTY-d} ${HOME:-e} ${HOME:+f} ${NONE+g}', 'a b c  /root f '],
    ['${é} ${ {a}', '${é} ${ {a}'],
  ])('a clear value %j as %j', (value, form) => {
    expect(clearForm('X', value, variables)).toBe(form);
    expect(labelForm(value, variables)).toBe(form);
    expect(shellForm(value, variables)).toBe(form);
  });

  test('an empty clear value not at all, or as the machine’s own; an empty label as empty', () => {
    expect(clearForm('X', '', variables)).toBeUndefined();
    expect(clearForm('HOME', ' ', variables)).toBe('/root');
    expect(labelForm(' ', variables)).toBe('');
  });
});

const env = { KEY: 'line\n\\end', CUT: 'pa$word', C: 'a#{b}', E: '', I: '', X: '${HOME}', PLAIN: 'a b' };
const secret = ['KEY', 'CUT'];
const spec: ContainerSpec = {
  name: 'shop-web-v1',
  image: 'acme/shop:v1',
  hostname: 'dal-01-0123456789ab',
  env: Object.entries(env).map(([name, value]) => ({ name, value: secret.includes(name) ? { secret: name } : value })),
  labels: { note: 'a\nb' },
  network: 'kamal',
  restartPolicy: 'no',
  logging: { options: { tag: '${USER}' } },
  volumes: [],
  publish: [],
  options: [{ name: 'health-cmd', value: 'curl localhost:${PORT}' }],
};
const sources = {
  secrets: new Map(Object.entries(env)),
  secretsByKamal: new Map([['CUT', 'pa']]),
  variables: { HOME: '/root' },
};

test('what arrives otherwise with Kamal is named, with the reason and without the value', () => {
  expect(valueDifferences(spec, sources).map(({ what, name, reason }) => `${what} ${name}: ${reason}`)).toEqual([
    'env KEY: a line break is \\n and a backslash is doubled',
    'env CUT: a $ and a name behind it are replaced',
    'env C: a # before $, { or @ gains a backslash',
    'env E: an empty value is none, or the machine’s own of that name',
    'env I: an empty value is none, or the machine’s own of that name',
    'env X: the machine’s shell fills in ${…}',
    'label note: a line break is \\n',
    'log option tag: the machine’s shell fills in ${…}',
    'option health-cmd: the machine’s shell fills in ${…}',
  ]);
  expect(variablesOf(spec)).toEqual(['E', 'I', 'HOME', 'USER', 'PORT']);
  expect(variablesOf({ ...spec, values: 'exact' })).toEqual([]);
});

test('values: kamal delivers as Kamal does, everything else exactly', () => {
  expect(delivered(spec, sources)).toEqual({ spec, env });
  const { spec: asKamal, env: kamals } = delivered({ ...spec, values: 'kamal' }, sources);
  expect(kamals).toEqual({
    KEY: 'line\\n\\\\end',
    CUT: 'pa',
    C: 'a\\#{b}',
    E: undefined,
    I: undefined,
    X: '/root',
    PLAIN: 'a b',
  });
  expect(asKamal).toMatchObject({
    labels: { note: 'a\\nb' },
    logging: { options: { tag: '' } },
    options: [{ value: 'curl localhost:' }],
  });
});

describe('a container is compared with the file', () => {
  const differences = (running: { env: string[]; note: string; by?: Values }, values?: Values) =>
    differencesOf({
      spec: {
        ...spec,
        options: [],
        logging: { options: { 'max-size': '10m' } },
        ...(values === undefined ? {} : { values }),
      },
      sources,
      homeDirectory: '/root',
      imageDefaults: { Env: ['I=image'] },
      running: {
        Config: {
          Env: running.env,
          Cmd: null,
          Image: spec.image,
          Labels: { note: running.note, ...(running.by === undefined ? {} : { 'longshore.values': running.by }) },
        },
        HostConfig: {
          NetworkMode: 'kamal',
          RestartPolicy: { Name: 'no' },
          LogConfig: { Config: { 'max-size': '10m' } },
        },
      },
    });
  // A name alone: `docker run --env NAME` where the session has no such variable.
  const kamal = { env: ['KEY=line\\n\\\\end', 'CUT=pa', 'C=a\\#{b}', 'E', 'I', 'X=/root', 'PLAIN=a b'], note: 'a\\nb' };
  const exact = { env: Object.entries(env).map(([name, value]) => `${name}=${value}`), note: 'a\nb' };
  const arrives = [
    'env C arrives differently: with Kamal a # before $, { or @ gains a backslash',
    'env CUT arrives differently: with Kamal a $ and a name behind it are replaced',
    'env E arrives differently: with Kamal an empty value is none, or the machine’s own of that name',
    'env I arrives differently: with Kamal an empty value is none, or the machine’s own of that name',
    'env KEY arrives differently: with Kamal a line break is \\n and a backslash is doubled',
    'env X arrives differently: with Kamal the machine’s shell fills in ${…}',
    'label note arrives differently: with Kamal a line break is \\n',
  ];

  test('one that Kamal made does not differ as long as the file says no way, and with values: kamal', () => {
    expect(differences(kamal)).toEqual([]);
    expect(differences(exact)).toEqual([]);
    expect(differences(kamal, 'kamal')).toEqual([]);
  });

  test('the other way than the file says is a difference, whoever made it', () => {
    expect(differences(kamal, 'exact')).toEqual(arrives);
    expect(differences({ ...kamal, by: 'kamal' })).toEqual(arrives);
    expect(differences({ ...exact, by: 'exact' }, 'kamal')).toEqual(arrives);
  });

  test('Longshore’s own differs in nothing when it is the way that the file says, or none', () => {
    expect(differences({ ...exact, by: 'exact' })).toEqual([]);
    expect(differences({ ...exact, by: 'exact' }, 'exact')).toEqual([]);
    expect(differences({ ...kamal, by: 'kamal' }, 'kamal')).toEqual([]);
  });

  test('another value is another value in both ways', () => {
    const others = { env: ['KEY=line\\nend', 'CUT=p', 'C=a\\\\#{b}', 'E=x', 'X=/home', 'PLAIN=a'], note: 'a b' };
    expect(differences(others)).toEqual([
      'env C differs',
      'env CUT differs',
      'env E differs',
      'env KEY differs',
      'env PLAIN differs',
      'env X differs',
      'label note differs',
    ]);
  });
});
