import type * as z from 'zod';
import type { Logging } from './config.ts';
import { section, text, textMap } from './fields.ts';
import { present } from './present.ts';

export const loggingSchema = section({ driver: text.exactOptional(), options: textMap.exactOptional() });

export type WrittenLogging = z.output<typeof loggingSchema>;

/** Docker's logging for a role: the root's with the role's over it, or 10 MB per container. */
export function resolveLogging(root: WrittenLogging | undefined, role: WrittenLogging | undefined): Logging {
  const driver = role?.driver ?? root?.driver;
  const options = { ...root?.options, ...role?.options };
  const given = driver !== undefined || Object.keys(options).length > 0;
  return present({ driver, options: given ? options : { 'max-size': '10m' } });
}

export const loggingSample = `\
# Docker's logging; without it, 10 MB are kept per container.
logging:
  driver: json-file
  options:
    max-size: 100m
`;
