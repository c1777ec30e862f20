import * as z from 'zod';
import { samples } from './document.ts';
import { formOf } from './form.ts';
import { ownKeysRoot } from './layers.ts';
import { writtenSchema } from './written.ts';

type Schema = Record<string, unknown>;

/** JSON Schema (draft 7) of a deploy file, with what the annotated samples say of each key. Base and destination files fit. */
export function configSchema(): Schema {
  const root = toJson(writtenSchema());
  const properties = { ...(root['properties'] as Schema), [ownKeysRoot]: { $ref: '#' } };
  const schema = {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Longshore and Kamal deploy file',
    ...root,
    properties,
    patternProperties: { '^x-': {} },
  };
  for (const { sample } of samples) addDescriptions(schema, sample);
  return schema;
}

function toJson(schema: z.ZodType): Schema {
  const { $schema: _, ...json } = z.toJSONSchema(schema, {
    target: 'draft-07',
    io: 'input',
    unrepresentable: 'any',
    override({ zodSchema, jsonSchema }) {
      const form = formOf(zodSchema);
      if (form === undefined) return;
      Object.assign(jsonSchema, isAlternatives(form) ? { anyOf: form.map(toJson) } : form);
    },
  });
  return json;
}

function isAlternatives(form: unknown): form is readonly z.ZodType[] {
  return Array.isArray(form);
}

/** A comment right above a key describes it. */
function addDescriptions(schema: Schema, sample: string): void {
  let comment: string[] = [];
  const path: { indent: number; key: string }[] = [];
  for (const line of sample.split('\n')) {
    const [, indent = '', said, key] = /^( *)(?:# ?(.*)|([\w-]+):.*)$/.exec(line) ?? [];
    if (said !== undefined) {
      comment.push(said);
      continue;
    }
    if (key !== undefined) {
      while ((path.at(-1)?.indent ?? -1) >= indent.length) path.pop();
      path.push({ indent: indent.length, key });
      const target =
        comment.length === 0
          ? undefined
          : schemaAt(
              schema,
              path.map((one) => one.key),
            );
      if (target !== undefined) target['description'] ??= comment.join(' ');
    }
    comment = [];
  }
}

function schemaAt(schema: Schema, [key, ...rest]: readonly string[]): Schema | undefined {
  if (key === undefined) return schema;
  const alternatives = (schema['anyOf'] as Schema[] | undefined) ?? [];
  for (const one of [schema, ...alternatives]) {
    const named = (one['properties'] as Record<string, Schema> | undefined)?.[key];
    const any = one['additionalProperties'];
    const below = named ?? (typeof any === 'object' && any !== null ? (any as Schema) : undefined);
    const found = below === undefined ? undefined : schemaAt(below, rest);
    if (found !== undefined) return found;
  }
  return undefined;
}
