import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { samples } from '../../src/config/document.ts';
import { configSchema } from '../../src/config/json-schema.ts';
import { rootKeys } from '../../src/config/written.ts';
import { minimal } from './load-text.ts';

type Schema = Record<string, unknown>;

const root = configSchema();
const cases = fileURLToPath(new URL('kamal-cases', import.meta.url));

/** What a draft-7 validator would say, of the keywords that are used. */
function complaints(value: unknown, schema: Schema, path = 'file'): string[] {
  const said: string[] = [];
  for (const [keyword, wanted] of Object.entries(schema)) {
    const check = keywords[keyword];
    if (check === undefined) throw new Error(`the validator of this test does not know ${keyword}`);
    said.push(...check({ value, wanted: wanted as never, schema, path }));
  }
  return said;
}

type Check = (one: { value: unknown; wanted: never; schema: Schema; path: string }) => string[];

const nothing: Check = () => [];
const keywords: Record<string, Check> = {
  $schema: nothing,
  title: nothing,
  description: nothing,
  patternProperties: nothing,
  propertyNames: nothing,
  $ref: ({ value, path }) => complaints(value, root, path),
  type: ({ value, wanted, path }) =>
    [wanted].flat().some((type) => isOf(value, type)) ? [] : [`${path} is no ${String(wanted)}`],
  enum: ({ value, wanted, path }) => ((wanted as unknown[]).includes(value) ? [] : [`${path} is none of them`]),
  minimum: ({ value, wanted, path }) => (Number(value) >= wanted ? [] : [`${path} is too small`]),
  maximum: ({ value, wanted, path }) => (Number(value) <= wanted ? [] : [`${path} is too large`]),
  pattern: ({ value, wanted, path }) => (new RegExp(wanted).test(String(value)) ? [] : [`${path} does not match`]),
  minLength: ({ value, wanted, path }) => (String(value).length >= wanted ? [] : [`${path} is too short`]),
  minItems: ({ value, wanted, path }) => ((value as unknown[]).length >= wanted ? [] : [`${path} is too short`]),
  maxItems: ({ value, wanted, path }) => ((value as unknown[]).length <= wanted ? [] : [`${path} is too long`]),
  minProperties: ({ value, wanted, path }) => (count(value) >= wanted ? [] : [`${path} has too few keys`]),
  maxProperties: ({ value, wanted, path }) => (count(value) <= wanted ? [] : [`${path} has too many keys`]),
  required: ({ value, wanted, path }) =>
    (wanted as string[]).every((key) => Object.hasOwn(value as object, key)) ? [] : [`${path} lacks a key`],
  items: ({ value, wanted, path }) =>
    Array.isArray(value) ? value.flatMap((item, index) => complaints(item, wanted, `${path}[${index}]`)) : [],
  anyOf: ({ value, wanted, path }) =>
    (wanted as Schema[]).some((one) => complaints(value, one, path).length === 0) ? [] : [`${path} fits none`],
  properties: ({ value, wanted, path }) =>
    entries(value).flatMap(([key, part]) =>
      Object.hasOwn(wanted, key) ? complaints(part, wanted[key] as Schema, `${path}.${key}`) : [],
    ),
  additionalProperties: ({ value, wanted, schema, path }) => {
    const patterns = Object.keys((schema['patternProperties'] as object | undefined) ?? {});
    const others = entries(value).filter(
      ([key]) =>
        !Object.hasOwn((schema['properties'] as object | undefined) ?? {}, key) &&
        !patterns.some((one) => new RegExp(one).test(key)),
    );
    return others.flatMap(([key, part]) =>
      wanted === false ? [`${path} has the unknown key ${key}`] : complaints(part, wanted, `${path}.${key}`),
    );
  },
};

function entries(value: unknown): [string, unknown][] {
  return isOf(value, 'object') ? Object.entries(value as object) : [];
}

function count(value: unknown): number {
  return entries(value).length;
}

function isOf(value: unknown, type: string): boolean {
  if (type === 'null') return value === null;
  if (type === 'array') return Array.isArray(value);
  if (type === 'object') return typeof value === 'object' && value !== null && !Array.isArray(value);
  return type === 'integer' ? Number.isInteger(value) : typeof value === type;
}

describe('the JSON Schema of a deploy file', () => {
  test.each(samples)('takes the sample: $title', ({ sample }) => {
    expect(complaints(parse(sample, { merge: true }), root)).toEqual([]);
  });

  const files = readdirSync(cases).filter((name) => name.endsWith('.yml'));
  test.each(files.filter((name) => !readFileSync(`${cases}/${name}`, 'utf8').includes('<%')))(
    'takes Kamal’s %s',
    (name) => {
      expect(complaints(parse(readFileSync(`${cases}/${name}`, 'utf8'), { merge: true }), root)).toEqual([]);
    },
  );

  test.each([
    ['an unknown key', 'servces: []', 'file has the unknown key servces'],
    ['an unknown key in a section', 'boot: {limits: 1}', 'file.boot has the unknown key limits'],
    [
      'an unknown key under x-longshore',
      'x-longshore: {boot: {limits: 1}}',
      'file.x-longshore.boot has the unknown key',
    ],
    ['text for a number', 'deploy_timeout: soon', 'file.deploy_timeout is no integer'],
    ['a list for a map', 'ssh: [root]', 'file.ssh is no object'],
    ['two hosts in one entry', 'servers: [{a: x, b: y}]', 'file.servers fits none'],
    ['a password in a longer list', 'registry: {password: [A, B]}', 'file.registry.password fits none'],
    ['a word that is none of two', 'hooks: {pre-deploy: {run_on: there}}', 'file.hooks.pre-deploy.run_on fits none'],
  ])('refuses %s', (_what, text, message) => {
    expect(complaints(parse(minimal), root)).toEqual([]);
    expect(complaints(parse(text), root).join('\n')).toContain(message);
  });

  test('has every key, and says what the samples say of it', () => {
    const properties = root['properties'] as Record<string, Schema>;
    expect(rootKeys.filter((key) => !Object.hasOwn(properties, key))).toEqual([]);
    expect(properties['service']?.['description']).toBe('Names the app; containers, labels and routes start with it.');
    const boot = (properties['boot'] as { properties: Record<string, Schema> }).properties['wait'];
    expect(boot).toEqual({ type: 'integer', minimum: 0, description: 'Seconds between the groups.' });
    expect(JSON.stringify(root)).toContain('Run instead of the image');
  });
});
