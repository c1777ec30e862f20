import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Config } from '../../src/config/config.ts';
import { loadConfig } from '../../src/config/load.ts';
import type { LoadRequest } from '../../src/config/load-files.ts';
import { Failure } from '../../src/errors.ts';

/** The least that a file needs; tests put more after it. */
export const minimal = `service: shop
image: acme/shop
servers: [192.0.2.1]
registry: {username: u, password: p}
builder: {arch: amd64}
`;

/** The minimal file with some root keys replaced or added. */
export function withKeys(text: string): string {
  const keys = text.split('\n').map((line) => /^[\w-]+/.exec(line)?.[0]);
  return [text, ...minimal.split('\n').filter((line) => !keys.includes(/^\w+/.exec(line)?.[0]))].join('\n');
}

/** Files by name; a single text is `deploy.yml`. */
export type Files = string | Record<string, string>;

/** How templates in the files are read: without commands, unless a test says so. */
type Templates = Partial<Pick<LoadRequest, 'env' | 'noExec' | 'erb'>>;

export function load(files: Files, destination?: string, templates: Templates = { noExec: true }): Config {
  return inDirectory(files, (cwd) =>
    loadConfig({
      file: 'deploy.yml',
      cwd,
      env: {},
      ...(destination === undefined ? {} : { destination }),
      ...templates,
    }),
  );
}

/** The failure that loading ends with. */
export function failure(files: Files, destination?: string, templates?: Templates): Failure {
  try {
    load(files, destination, templates);
  } catch (thrown) {
    if (thrown instanceof Failure) return thrown;
    throw thrown;
  }
  throw new Error('the file was accepted');
}

/** The problems, one line each, without the excerpts. */
export function problems(files: Files, destination?: string): string[] {
  return failure(files, destination).details.filter((line) => !line.startsWith('  '));
}

export function inDirectory<T>(files: Files, use: (directory: string) => T): T {
  const directory = mkdtempSync(join(tmpdir(), 'longshore-config-'));
  try {
    for (const [name, text] of Object.entries(typeof files === 'string' ? { 'deploy.yml': files } : files)) {
      mkdirSync(dirname(join(directory, name)), { recursive: true });
      writeFileSync(join(directory, name), text);
    }
    return use(directory);
  } finally {
    rmSync(directory, { recursive: true });
  }
}
