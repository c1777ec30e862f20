import { readdirSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { Failure } from '../errors.ts';
import type { Config } from './config.ts';
import {
  baseDestinationOf,
  destinationFileOf,
  destinationsAmong,
  isDestinationName,
  withoutBaseDestination,
} from './destinations.ts';
import { createFindings, throwProblems } from './findings.ts';
import { type Layers, mergeLayers, ownKeysRoot } from './layers.ts';
import { createReader, type LoadRequest, problemsWithShape, type Read, readBase } from './load-files.ts';
import { present } from './present.ts';
import { resolveConfig } from './resolve.ts';
import { sharedMounts, writesToMachines } from './shared-mounts.ts';
import { claimsAnything, sharedClaims } from './shared-ports.ts';
import { lineOf } from './sheet.ts';
import { whatIsAt } from './load-paths.ts';
import { dropInherited } from './without.ts';
import { parseYaml, type YamlFile } from './yaml.ts';

/** A config, and the files it was read from. */
export interface Loaded {
  readonly config: Config;
  readonly layers: Layers;
}

/** Reads a deploy file and what it means. Throws `config-missing`, `config-invalid` with every problem, `destination-unknown`. */
export function loadConfig(request: LoadRequest): Config {
  return loadLayers(request).config;
}

/** The same, with the places where things are written. */
export function loadLayers(request: LoadRequest): Loaded {
  const read = createReader(request);
  const loaded = loadAs(request, read);
  if (!writesToMachines(loaded) && !claimsAnything(loaded)) return loaded;
  const others = [...othersOf(request, loaded.config, read)];
  const shared = others.map((other) => sharedMounts(loaded, other));
  throwProblems(
    request.file,
    shared.flatMap(({ problems }) => problems),
  );
  const remarks = [...shared.flatMap((one) => one.warnings), ...sharedClaims(loaded, others)];
  const warnings = [...new Set(remarks.map(({ place, message }) => `${lineOf(place)}: ${message}`))];
  const config = { ...loaded.config, others: others.map((one) => one.config) };
  return { ...loaded, config: { ...config, warnings: [...config.warnings, ...warnings] } };
}

function loadAs(request: LoadRequest, read: Read): Loaded {
  const { base, baseName } = readBase(read, request);
  const choice = chooseDestination(request, base);
  const loaded = loadChosen({ request, read, base, choice });
  if (loaded.layers.value['require_destination'] === true && request.destination === undefined) {
    const where = lineOf(loaded.layers.placeOf(['require_destination']).key);
    throw new Failure('usage', `${request.file} asks for a destination (require_destination)`, {
      details: [`${where}: require_destination`],
      hint: `Name one: ${namesOf(request, baseName).join(', ') || 'there is none yet'}.`,
    });
  }
  return loaded;
}

/** The other destinations of a file, and the file alone, as far as they can be read without running anything. */
function* othersOf(request: LoadRequest, { destinationName }: Config, read: Read): Generator<Loaded> {
  const { destination: _, ...alone } = request;
  const aside: Read = (file, destination) => read(file, destination, 'aside');
  const named = filesBeside(request.file, request.cwd).map((destination) => ({ ...alone, destination }));
  for (const other of [alone, ...named]) {
    try {
      const loaded = loadAs(other, aside);
      if (loaded.config.destinationName !== destinationName) yield loaded;
    } catch (thrown) {
      // What is wrong with it is told when it is asked for.
      if (!(thrown instanceof Failure)) throw thrown;
    }
  }
}

interface Chosen {
  request: LoadRequest;
  read: Read;
  base: YamlFile;
  choice: Choice;
}

function loadChosen({ request, read, base, choice }: Chosen): Loaded {
  const { destination } = choice;
  if (destination === undefined) return resolveFiles([base], request.file, choice);
  const destinationFile = destinationFileOf(request.file, destination);
  const over = isDestinationName(destination) ? read(destinationFile, destination) : undefined;
  if (over === undefined) throw unknownDestination(destination, request, baseDestinationOf(base));
  throwProblems(destinationFile, [...over.problems, ...problemsWithShape(over)]);
  const without = dropInherited(withoutBaseDestination(base), withoutBaseDestination(warned(over)));
  throwProblems(destinationFile, without.problems);
  return resolveFiles([without.base, without.over], request.file, { ...choice, destinationFile });
}

/** Throws `config-invalid` for a text that would make no config. */
export function checkConfigText(file: string, text: string): void {
  const parsed = parseYaml(file, text);
  throwProblems(file, parsed.problems);
  resolveFiles([parsed], file, {});
}

function namesOf({ file, cwd }: Pick<LoadRequest, 'file' | 'cwd'>, baseName: string | undefined): string[] {
  return [...new Set([baseName ?? [], filesBeside(file, cwd)].flat())];
}

interface Choice {
  readonly destination?: string;
  readonly destinationName?: string;
  readonly destinationFile?: string;
}

function chooseDestination({ file, destination, cwd }: LoadRequest, base: YamlFile): Choice {
  const baseName = baseDestinationOf(base);
  if (destination !== undefined && destination !== baseName) return { destination, destinationName: destination };
  const twin = baseName === undefined ? undefined : destinationFileOf(file, baseName);
  if (twin !== undefined && whatIsAt(resolve(cwd, twin)) === 'file') {
    const place = base.locate(['base_destination']) ?? base.locate([ownKeysRoot, 'base_destination']);
    throw new Failure(
      'config-invalid',
      `${baseName} is said twice: ${twin} exists, and ${file} has base_destination: ${baseName}`,
      {
        details: [place === undefined ? file : `${lineOf(place.key)}: base_destination`],
        hint: `Remove base_destination from ${file}, or move what ${twin} says into ${file}.`,
      },
    );
  }
  return present({ destinationName: baseName });
}

function resolveFiles(files: readonly [YamlFile, ...YamlFile[]], file: string, choice: Choice): Loaded {
  const layers = mergeLayers(files);
  const findings = createFindings(layers);
  for (const { place, message } of files.flatMap(({ warnings }) => warnings)) findings.warningAt(place, message);
  const config = resolveConfig({ file, ...choice }, layers.value, findings);
  throwProblems(file, findings.problems);
  return { config, layers };
}

function filesBeside(file: string, cwd: string): string[] {
  const directory = dirname(resolve(cwd, file));
  return whatIsAt(directory) === 'directory' ? destinationsAmong(readdirSync(directory), file) : [];
}

function warned(over: YamlFile): YamlFile {
  const place = over.locate(['base_destination'])?.key ?? over.locate([ownKeysRoot, 'base_destination'])?.key;
  if (place === undefined) return over;
  const message = '`base_destination` has no effect in a destination’s file: it names the base file';
  return { ...over, warnings: [...over.warnings, { place, message }] };
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
