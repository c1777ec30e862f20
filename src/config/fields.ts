/** The parts that the sections' schemas are made of. Their messages say what should stand there and what does. */
import * as z from 'zod';
import { withForm } from './form.ts';
import { isMap } from './layers.ts';
import { nearest } from './nearest.ts';
import { DateWord, Float, isScalar, textOf } from './scalars.ts';
import type { Scalar } from './scalars.ts';

/** Text; numbers and booleans are taken as text, as Kamal does. */
export const text = withForm(
  z.custom<Scalar>(isScalar, { error: (issue) => shouldBe('text', issue.input) }).transform((value) => textOf(value)),
  { type: ['string', 'number', 'boolean'] },
);

/** Text that may not be a number or boolean. */
export const strictText = withForm(
  z.custom<string>((value) => typeof value === 'string' && value !== '', {
    error: (issue) => shouldBe('text', issue.input),
  }),
  { type: 'string', minLength: 1 },
);

export const flag = withForm(
  z.custom<boolean>((value) => typeof value === 'boolean', {
    error: (issue) => shouldBe('true or false', issue.input),
  }),
  { type: 'boolean' },
);

/** A whole number, written without quotes. */
export function integer({ from, to = Number.MAX_SAFE_INTEGER }: { from: number; to?: number }) {
  const expected =
    to < Number.MAX_SAFE_INTEGER ? `a whole number from ${from} to ${to}` : `a whole number from ${from}`;
  return withForm(
    z.custom<number>((value) => Number.isSafeInteger(value) && Number(value) >= from && Number(value) <= to, {
      error: (issue) => shouldBe(expected, issue.input),
    }),
    { type: 'integer', minimum: from, ...(to < Number.MAX_SAFE_INTEGER ? { maximum: to } : {}) },
  );
}

export const seconds = integer({ from: 0 });
export const port = integer({ from: 1, to: 65_535 });

export function listOf<T extends z.ZodType>(item: T) {
  return z.array(item, { error: (issue) => shouldBe('a list', issue.input) });
}

export function mapOf<T extends z.ZodType>(value: T) {
  return z.record(z.string(), value, { error: (issue) => shouldBe('a map', issue.input) });
}

export const textList = listOf(text);
export const textMap = mapOf(text);

/** Any map, for sections that are not looked into. */
export const anyMap = withForm(
  z.custom<Record<string, unknown>>(isMap, { error: (issue) => shouldBe('a map', issue.input) }),
  { type: 'object' },
);

/** One of a few words. */
export function oneOf<const T extends string>(words: readonly T[]) {
  return withForm(
    z.custom<T>((value) => words.includes(value as T), {
      error: (issue) => shouldBe(words.slice(0, -1).join(', ') + ` or ${words.at(-1)}`, issue.input),
    }),
    { enum: words },
  );
}

/** A map with these keys and no others. */
export function section<S extends z.ZodRawShape>(shape: S) {
  const known = Object.keys(shape);
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys'
        ? issue.keys.map((key) => unknownKey(key, known)).join('\n')
        : shouldBe('a map', issue.input),
  });
}

/** Checks with that one of the schemas which fits what was written, so that the messages are about that one form. */
export function chosen<T>(schemas: readonly z.ZodType[], choose: (value: unknown) => z.ZodType<T>) {
  const schema = z.unknown().transform((value, context): T => {
    const result = choose(value).safeParse(value);
    if (result.success) return result.data;
    context.issues.push(...result.error.issues.map((issue) => ({ ...issue, input: value }) as z.core.$ZodRawIssue));
    return z.NEVER;
  });
  return withForm(schema, schemas);
}

export function unknownKey(key: string, known: readonly string[]): string {
  const guess = nearest(key, known);
  return guess === undefined ? `unknown key \`${key}\`` : `unknown key \`${key}\`; did you mean \`${guess}\`?`;
}

/** Never repeats text from the file: it may be a secret. */
export function shouldBe(expected: string, input: unknown): string {
  if (input === null || input === undefined) return `this is empty; it should be ${expected}, or the key should go`;
  const quoted = typeof input === 'string' && /^-?\d+$/.test(input) && expected.startsWith('a whole number');
  return quoted ? `this should be ${expected}; remove the quotes` : `this should be ${expected}, not ${kindOf(input)}`;
}

function kindOf(input: unknown): string {
  if (Array.isArray(input)) return 'a list';
  if (input instanceof Float) return `the number ${textOf(input)}`;
  if (input instanceof DateWord) return 'a date; put it in quotes';
  if (typeof input === 'string') return input === '' ? 'empty text' : 'text';
  if (typeof input === 'object') return 'a map';
  return typeof input === 'number' ? `the number ${input}` : String(input);
}
