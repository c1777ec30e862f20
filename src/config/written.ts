import * as z from 'zod';
import { accessoriesSchema } from './accessory.ts';
import { bootSchema } from './boot.ts';
import { builderSchema } from './builder.ts';
import { rootEnvSchema } from './env.ts';
import { flag, integer, seconds, text, textList, textMap, unknownKey } from './fields.ts';
import type { Findings } from './findings.ts';
import { gitSchema } from './git.ts';
import { hooksOutputSchema, hooksSchema } from './hooks.ts';
import { labelsSchema } from './labels.ts';
import { isMap } from './layers.ts';
import { loggingSchema } from './logging.ts';
import { outputSchema } from './output.ts';
import { proxySchema } from './proxy.ts';
import { registrySchema } from './registry.ts';
import { releaseSchema } from './release.ts';
import { serversSchema } from './servers.ts';
import type { Path } from './sheet.ts';
import { smokeSchema } from './smoke.ts';
import { sshSchema, sshkitSchema } from './ssh.ts';
import { valuesSchema } from './values.ts';

/** Every root key, by what may stand under it. A key that is added here has its meaning in resolve.ts. */
const schemas = {
  service: text,
  image: text,
  servers: serversSchema,
  registry: registrySchema,
  builder: builderSchema,
  env: rootEnvSchema,
  proxy: proxySchema,
  ssh: sshSchema,
  boot: bootSchema,
  labels: labelsSchema,
  volumes: textList,
  logging: loggingSchema,
  accessories: accessoriesSchema,
  primary_role: text,
  allow_empty_roles: flag,
  require_destination: flag,
  minimum_version: text,
  retain_containers: integer({ from: 1 }),
  readiness_delay: seconds,
  deploy_timeout: seconds,
  drain_timeout: seconds,
  stop_timeout: seconds,
  hooks_path: text,
  hooks_output: hooksOutputSchema,
  secrets_path: text,
  asset_path: text,
  error_pages_path: text,
  run_directory: text,
  aliases: textMap,
  sshkit: sshkitSchema,
  output: outputSchema,
  // Longshore's own.
  base_destination: text,
  without: textList,
  hooks: hooksSchema,
  git: gitSchema,
  values: valuesSchema,
  release: releaseSchema,
  smoke: smokeSchema,
};

/** The file as a whole, for those who need no messages. */
export function writtenSchema(): z.ZodType {
  return z.strictObject(schemas).partial();
}

type Key = keyof typeof schemas;

export const rootKeys: readonly string[] = Object.keys(schemas);

/** What was written, checked for its form. Keys with a problem are left out. */
export type WrittenConfig = { readonly [K in Key]?: z.output<(typeof schemas)[K]> };

export interface ReadWritten {
  readonly written: WrittenConfig;
  /** What is wrong in its form and was left out, so that nothing can be said about what it means. */
  readonly broken: readonly Path[];
}

/** Checks the form of everything, and reports all that is wrong with it. */
export function readWritten(value: Readonly<Record<string, unknown>>, findings: Findings): ReadWritten {
  const written: Record<string, unknown> = {};
  const broken: Path[] = [];
  for (const [key, part] of Object.entries(value)) {
    if (!isKey(key)) {
      findings.problemWithKey([key], unknownRootKey(key));
      continue;
    }
    const result = schemas[key].safeParse(part);
    if (result.success) {
      written[key] = result.data;
      continue;
    }
    const paths = result.error.issues.flatMap((issue) => reportIssue(issue, findings, key));
    broken.push(...paths.map((path) => [key, ...path]));
    const rest = schemas[key].safeParse(without(part, paths));
    if (rest.success && paths.every((path) => path.length > 0)) written[key] = rest.data;
  }
  return { written: written as WrittenConfig, broken };
}

function unknownRootKey(key: string): string {
  const sections = {
    proxy: proxySchema,
    builder: builderSchema,
    ssh: sshSchema,
    boot: bootSchema,
    registry: registrySchema,
  };
  const home = Object.entries(sections).find(([, { shape }]) => Object.hasOwn(shape, key))?.[0];
  return home === undefined ? unknownKey(key, rootKeys) : `unknown key \`${key}\`; it stands under \`${home}\``;
}

function isKey(key: string): key is Key {
  return Object.hasOwn(schemas, key);
}

/** Returns the paths below the root key that cannot be used. */
function reportIssue(issue: z.core.$ZodIssue, findings: Findings, root: string): Path[] {
  const path: Path = issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part));
  if (issue.code !== 'unrecognized_keys') {
    findings.problem([root, ...path], issue.message);
    return [path];
  }
  const messages = issue.message.split('\n');
  return issue.keys.map((key, index) => {
    findings.problemWithKey([root, ...path, key], messages[index] ?? issue.message);
    return [...path, key];
  });
}

/** Without the parts at these paths. A list goes as a whole, so that the entries of every list keep their numbers. */
function without(value: unknown, paths: readonly Path[]): unknown {
  if (!isMap(value)) return value;
  const kept = Object.entries(value).flatMap(([key, part]) => {
    const below = paths.filter((path) => String(path[0]) === key).map((path) => path.slice(1));
    if (below.some((path) => path.length === 0) || (below.length > 0 && !isMap(part))) return [];
    return [[key, without(part, below)] as const];
  });
  return Object.fromEntries(kept);
}
