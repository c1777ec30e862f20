import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { Failure, messageOf } from '../errors.ts';
import type { Config } from './config.ts';
import {
  baseDestinationOf,
  destinationFileOf,
  destinationsAmong,
  isDestinationName,
  withoutBaseDestination,
} from './destinations.ts';
import { createFindings, throwProblems } from './findings.ts';
import { isMap, mergeLayers, ownKeysRoot } from './layers.ts';
import { present } from './present.ts';
import { render } from './render.ts';
import { resolveConfig } from './resolve.ts';
import { parseYaml } from './yaml.ts';
import type { Remark, YamlFile } from './yaml.ts';

export interface LoadRequest {
  /** The base file, relative to `cwd` or absolute. */
  readonly file: string;
  readonly destination?: string;
  readonly cwd: string;
  /** For templates in the file, once they are rendered. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Reads a deploy file and what it means. Throws `config-missing`, `config-invalid` with every problem, `destination-unknown`. */
export function loadConfig(request: LoadRequest): Config {
  const { file, cwd } = request;
  const base = readYaml(file, cwd);
  if (base === undefined) throw missing(file);
  throwProblems(file, [...base.problems, ...problemsWithShape(base)]);
  if (base.value === undefined || base.value === null) throw empty(base);

  const baseName = baseDestinationOf(base);
  const choice = chooseDestination(request, baseName);
  if (choice.destination === undefined) return configOf([base], request, choice);

  const destinationFile = destinationFileOf(file, choice.destination);
  const over = isDestinationName(choice.destination) ? readYaml(destinationFile, cwd) : undefined;
  if (over === undefined) throw unknownDestination(choice.destination, request, baseName);
  throwProblems(destinationFile, [...over.problems, ...problemsWithShape(over)]);
  return configOf([withoutBaseDestination(base), withoutBaseDestination(warned(over))], request, {
    ...choice,
    destinationFile,
  });
}

/** The destinations a file has: those with a file of their own beside it, and its `base_destination`. */
export function destinationNames({ file, cwd }: Pick<LoadRequest, 'file' | 'cwd'>): string[] {
  const base = readYaml(file, cwd);
  const baseName = base === undefined ? undefined : baseDestinationOf(base);
  return namesOf({ file, cwd }, baseName);
}

function namesOf({ file, cwd }: Pick<LoadRequest, 'file' | 'cwd'>, baseName: string | undefined): string[] {
  return [...new Set([baseName ?? [], filesBeside(file, cwd)].flat())];
}

interface Choice {
  readonly destination?: string;
  readonly destinationName?: string;
  readonly destinationFile?: string;
}

function chooseDestination({ file, destination, cwd }: LoadRequest, baseName: string | undefined): Choice {
  if (destination !== undefined && destination !== baseName) return { destination, destinationName: destination };
  const twin = baseName === undefined ? undefined : destinationFileOf(file, baseName);
  if (twin !== undefined && fileExists(resolve(cwd, twin))) {
    throw new Failure(
      'config-invalid',
      `${baseName} is said twice: ${twin} exists, and ${file} has base_destination: ${baseName}`,
      {
        hint: `Remove base_destination from ${file}, or move what ${twin} says into ${file}.`,
      },
    );
  }
  return present({ destinationName: baseName });
}

function configOf(files: readonly [YamlFile, ...YamlFile[]], request: LoadRequest, choice: Choice): Config {
  const layers = mergeLayers(files);
  const findings = createFindings(layers);
  for (const { place, message } of files.flatMap(({ warnings }) => warnings)) findings.warningAt(place, message);
  const config = resolveConfig({ file: request.file, ...choice }, layers.value, findings);
  throwProblems(request.file, findings.problems);
  if (layers.value['require_destination'] === true && request.destination === undefined) {
    throw new Failure('usage', `${request.file} asks for a destination (require_destination)`, {
      hint: `Name one: ${destinationNames(request).join(', ') || 'there is none yet'}.`,
    });
  }
  return config;
}

function readYaml(file: string, cwd: string): YamlFile | undefined {
  const path = resolve(cwd, file);
  if (!fileExists(path)) return undefined;
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (thrown) {
    throw new Failure('config-missing', `${file} cannot be read: ${messageOf(thrown)}`, { cause: thrown });
  }
  return parseYaml(file, render(file, text));
}

function filesBeside(file: string, cwd: string): string[] {
  const directory = dirname(resolve(cwd, file));
  return statSync(directory, { throwIfNoEntry: false })?.isDirectory()
    ? destinationsAmong(readdirSync(directory), file)
    : [];
}

function fileExists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}

function warned(over: YamlFile): YamlFile {
  const place = over.locate(['base_destination'])?.key ?? over.locate([ownKeysRoot, 'base_destination'])?.key;
  if (place === undefined) return over;
  const message = '`base_destination` has no effect in a destination’s file: it names the base file';
  return { ...over, warnings: [...over.warnings, { place, message }] };
}

function problemsWithShape({ value, locate, sheet }: YamlFile): Remark[] {
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

function missing(file: string): Failure {
  return new Failure('config-missing', `${file} does not exist`, {
    hint: 'Change to the project’s directory, or name the file with -c; docs/configuration.md shows one to start from.',
  });
}

function empty(base: YamlFile): Failure {
  return new Failure('config-invalid', `${base.sheet.file} is empty`, {
    hint: 'It needs service, image, servers, registry and builder; docs/configuration.md shows a file to start from.',
  });
}

function unknownDestination(destination: string, request: LoadRequest, baseName: string | undefined): Failure {
  const { file } = request;
  const names = namesOf(request, baseName);
  const wanted = isDestinationName(destination) ? `: there is no ${destinationFileOf(file, destination)}` : '';
  return new Failure('destination-unknown', `\`${destination}\` is no destination${wanted}`, {
    hint:
      names.length > 0
        ? `The destinations are: ${names.join(', ')}.`
        : `${file} is deployed without naming a destination.`,
  });
}
