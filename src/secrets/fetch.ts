/** `secrets fetch` and `secrets extract`, in a secrets file or typed. */
import { nearest } from '../config/nearest.ts';
import { Failure } from '../errors.ts';
import type { FetchRequest } from './providers/provider.ts';
import type { Providers } from './providers.ts';

export interface Fetch extends FetchRequest {
  readonly adapter: string;
}

/** What was fetched as JSON, in order, as Kamal prints it. */
export async function fetchAsJson({ adapter, ...request }: Fetch, providers: Providers): Promise<string> {
  const fetched = await providers.named(adapter).fetch(request);
  // Written by hand because an object would sort keys that look like numbers to the front, and extract takes the first that fits.
  return `{${[...fetched].map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`).join(',')}}`;
}

/** As in Kamal: the key itself, else the first that ends in `/NAME`. @throws Failure `secrets-invalid` or `secrets-missing` */
export function extractSecret(name: string, json: string): string {
  const secrets = parseObject(json);
  const keys = Object.keys(secrets);
  const suffixed = keys.find((key) => key.endsWith(`/${name}`));
  const value =
    (Object.hasOwn(secrets, name) ? secrets[name] : undefined) ??
    (suffixed === undefined ? undefined : secrets[suffixed]);
  if (value === null || value === undefined) {
    const guess = nearest(name, keys.map((key) => key.split('/').at(-1) ?? key)); // prettier-ignore
    throw new Failure('secrets-missing', `what was fetched has no secret ${name}`, {
      hint: guess === undefined ? 'It has those that "secrets fetch" was asked for.' : `Did you mean ${guess}?`,
    });
  }
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function parseObject(json: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(json);
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch {
    // The message of JSON.parse shows a part of the text, which is secret.
  }
  throw new Failure(
    'secrets-invalid',
    '"secrets extract" was given something that is not the JSON that "secrets fetch" gives',
  );
}
