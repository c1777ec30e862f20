import type * as z from 'zod';

/** What a schema takes, as JSON Schema or as the schemas it chooses from; zod cannot tell it of checks of our own. */
export type Form = Readonly<Record<string, unknown>> | readonly z.ZodType[];

const forms = new WeakMap<z.core.$ZodType, Form>();

/** The same schema, with its form written down. */
export function withForm<T extends z.ZodType>(schema: T, form: Form): T {
  forms.set(schema, form);
  return schema;
}

export function formOf(schema: z.core.$ZodType): Form | undefined {
  return forms.get(schema);
}
