import { basename, dirname, extname, join } from 'node:path';
import { isMap, ownKeysRoot } from './layers.ts';
import { isScalar, textOf } from './scalars.ts';
import type { YamlFile } from './yaml.ts';

const key = 'base_destination';

/** `config/deploy.yml` and `staging` → `config/deploy.staging.yml`, always `.yml` as in Kamal. */
export function destinationFileOf(file: string, destination: string): string {
  return join(dirname(file), `${stemOf(file)}.${destination}.yml`);
}

/** Which of a directory's files are destinations of the base file, by name. */
export function destinationsAmong(fileNames: readonly string[], file: string): string[] {
  const start = `${stemOf(file)}.`;
  return fileNames
    .filter((name) => name.startsWith(start) && name.endsWith('.yml') && name.length > start.length + '.yml'.length)
    .map((name) => name.slice(start.length, -'.yml'.length))
    .toSorted();
}

/** The name that the base file goes by. */
export function baseDestinationOf({ value }: YamlFile): string | undefined {
  if (!isMap(value)) return undefined;
  const own = value[ownKeysRoot];
  const name = (isMap(own) ? own[key] : undefined) ?? value[key];
  return isScalar(name) ? textOf(name) : undefined;
}

/** For files that are merged: a destination's file neither inherits nor sets the base file's name. */
export function withoutBaseDestination(file: YamlFile): YamlFile {
  if (!isMap(file.value)) return file;
  const { [key]: _, ...rest } = file.value;
  const own = rest[ownKeysRoot];
  if (!isMap(own)) return { ...file, value: rest };
  const { [key]: __, ...ownRest } = own;
  return { ...file, value: { ...rest, [ownKeysRoot]: ownRest } };
}

/** A word that can be part of names of files, directories and containers. */
export function isDestinationName(word: string): boolean {
  return /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}$/.test(word);
}

function stemOf(file: string): string {
  return basename(file, extname(file));
}

export const destinationsSample = `\
# Longshore's own (under x-longshore in a file that Kamal reads too): this file, without any other over it, is
# what \`deploy production\` and \`deploy\` mean. Every other destination has its file beside this one: deploy.<name>.yml.
# Two that would mount one path of a machine, or one path inside of the other's, to write to it are refused.
base_destination: production
# Refuse commands that name no destination.
require_destination: true
# Longshore's own, in a destination's file: what it does not inherit, each by its keys with dots between.
without: [labels.debug, accessories.sftp]
`;
