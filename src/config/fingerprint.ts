import { createHash } from 'node:crypto';
import type { Config } from './config.ts';

/** What says where the file lies or what it is called, and changes nothing on a machine. */
const aside: ReadonlySet<string> = new Set(['file', 'destinationFile', 'warnings', 'aliases', 'output']);

/** Twelve hex digits that change with every setting a file asks for; values of secrets are not in it, only their names. */
export function fingerprintOf(config: Config): string {
  const text = JSON.stringify(config, (key, value: unknown) => {
    if (aside.has(key)) return undefined;
    return value instanceof Map ? [...value] : value;
  });
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}
