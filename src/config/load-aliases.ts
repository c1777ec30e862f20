import { resolve } from 'node:path';
import { destinationFileOf, isDestinationName } from './destinations.ts';
import { throwProblems } from './findings.ts';
import { isMap, mergeLayers } from './layers.ts';
import { createReader, type LoadRequest, problemsWithShape, readBase } from './load-files.ts';
import { whatIsAt } from './load-paths.ts';
import { isScalar, textOf } from './scalars.ts';
import { lineOf } from './sheet.ts';
import { dropInherited } from './without.ts';

export interface Alias {
  readonly command: string;
  /** `config/deploy.yml:12` */
  readonly where: string;
}

/**
 * The aliases of a file and nothing else of it, so that it need not be right otherwise; none where there is no file.
 * @throws Failure `config-invalid` for one that is no YAML
 */
export function loadAliases(request: LoadRequest): ReadonlyMap<string, Alias> {
  const { file, destination, cwd } = request;
  if (whatIsAt(resolve(cwd, file)) !== 'file') return new Map();
  const read = createReader(request);
  const { base, baseName } = readBase(read, request);
  const isOver = destination !== undefined && destination !== baseName && isDestinationName(destination);
  const over = isOver ? read(destinationFileOf(file, destination), destination) : undefined;
  if (over !== undefined) throwProblems(over.sheet.file, [...over.problems, ...problemsWithShape(over)]);
  const without = over === undefined ? undefined : dropInherited(base, over);
  const layers = mergeLayers(without === undefined ? [base] : [without.base, without.over]);
  const aliases = layers.value['aliases'];
  if (!isMap(aliases)) return new Map();
  return new Map(
    Object.entries(aliases).flatMap(([name, command]) => {
      const where = lineOf(layers.placeOf(['aliases', name]).key);
      return isScalar(command) ? [[name, { command: textOf(command), where }]] : [];
    }),
  );
}

/** Of words that were typed, the first that is a destination with a file of its own. */
export function destinationAmong(words: readonly string[], { file, cwd }: Pick<LoadRequest, 'file' | 'cwd'>) {
  return words.find(
    (word) => isDestinationName(word) && whatIsAt(resolve(cwd, destinationFileOf(file, word))) === 'file',
  );
}
