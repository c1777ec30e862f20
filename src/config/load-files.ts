import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Failure, messageOf } from '../errors.ts';
import { baseDestinationOf } from './destinations.ts';
import { throwProblems } from './findings.ts';
import { isMap, ownKeysRoot } from './layers.ts';
import { createFileReader, type Reading, type TemplateRequest } from './load-templates.ts';
import { whatIsAt } from './load-paths.ts';
import type { Remark, YamlFile } from './yaml.ts';

export interface LoadRequest extends TemplateRequest {
  /** The base file, relative to `cwd` or absolute. */
  readonly file: string;
}

/** A file, its templates rendered for a destination; undefined when there is none. */
export type Read = (file: string, destination?: string, reading?: Reading) => YamlFile | undefined;

/** Reads files as often as they are asked for; commands in them run once. */
export function createReader(request: LoadRequest): Read {
  const readText = createFileReader(request);
  return (file, destination, reading = 'in-earnest') => {
    const path = resolve(request.cwd, file);
    if (whatIsAt(path) !== 'file') return undefined;
    let text: string;
    try {
      text = readFileSync(path, 'utf8');
    } catch (thrown) {
      throw new Failure('config-missing', `${file} cannot be read: ${messageOf(thrown)}`, { cause: thrown });
    }
    return readText(file, text, destination, reading);
  };
}

/** The base file by itself. What it calls itself is no destination to Kamal, so its templates do not see one either. */
export function readBase(
  read: Read,
  { file, destination, cwd }: LoadRequest,
): { base: YamlFile; baseName: string | undefined } {
  const first = read(file, destination);
  if (first === undefined) throw missing(file, cwd);
  const isBase = destination !== undefined && baseDestinationOf(first) === destination;
  const base = (isBase ? read(file) : undefined) ?? first;
  throwProblems(file, [...base.problems, ...problemsWithShape(base)]);
  if (base.value === undefined || base.value === null) throw empty(base);
  return { base, baseName: baseDestinationOf(base) };
}

/** What is wrong with a file before any key of it is looked at. */
export function problemsWithShape({ value, locate, sheet }: YamlFile): Remark[] {
  const start = locate([])?.value ?? { sheet, line: 1, column: 1 };
  if (value === undefined || value === null) return [];
  if (!isMap(value))
    return [{ place: start, message: 'the file should be a map, with keys such as `service:` at its left edge' }];
  const own = value[ownKeysRoot] ?? {};
  if (isMap(own)) return [];
  return [
    {
      place: locate([ownKeysRoot])?.key ?? start,
      message: `\`${ownKeysRoot}\` should be a map in the shape of this file`,
    },
  ];
}

function missing(file: string, cwd: string): Failure {
  const path = resolve(cwd, file);
  if (existsSync(path))
    return new Failure('config-missing', `${file} is not a file`, { hint: 'Name the file with -c.' });
  return new Failure('config-missing', `${file} does not exist`, {
    hint: 'Change to the project’s directory, or name the file with -c; `longshore init` writes one to start from.',
  });
}

function empty(base: YamlFile): Failure {
  return new Failure('config-invalid', `${base.sheet.file} is empty`, {
    details: [`${base.sheet.file}:1:1: nothing stands here`],
    hint: 'It needs service, image, servers, registry and builder; docs/configuration.md shows a file to start from.',
  });
}
