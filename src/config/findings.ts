import { Failure } from '../errors.ts';
import type { Layers } from './layers.ts';
import { excerptOf, lineOf, positionOf } from './sheet.ts';
import type { Path, Place } from './sheet.ts';
import type { Remark } from './yaml.ts';

/** What reading and resolving a config brings to light. Paths are those of the merged file. */
export interface Findings {
  readonly warnings: readonly string[];
  readonly problems: readonly Remark[];
  /** Whether the path stands in a file. */
  has(path: Path): boolean;
  /** The rest of the line from the value of the path on, as it is written. */
  textAt(path: Path): string;
  /** At the value of the path. */
  problem(path: Path, message: string): void;
  /** At the key of the path. */
  problemWithKey(path: Path, message: string): void;
  warning(path: Path, message: string): void;
  warningAt(place: Place, message: string): void;
}

export function createFindings(layers: Layers): Findings {
  const warnings: string[] = [];
  const problems: Remark[] = [];
  const warningAt = (place: Place, message: string): void => {
    const warning = `${lineOf(place)}: ${message}`;
    if (!warnings.includes(warning)) warnings.push(warning);
  };
  return {
    warnings,
    problems,
    has: (path) => layers.has(path),
    textAt(path) {
      const { sheet, line, column } = layers.placeOf(path).value;
      return sheet.lines[line - 1]?.slice(column - 1) ?? '';
    },
    problem(path, message) {
      const { key, value } = layers.placeOf(path);
      problems.push({ place: key.line === value.line ? value : key, message });
    },
    problemWithKey(path, message) {
      problems.push({ place: layers.placeOf(path).key, message });
    },
    warning(path, message) {
      warningAt(layers.placeOf(path).key, message);
    },
    warningAt,
  };
}

/** The same, but silent about what is broken already and what contains it. */
export function besides(findings: Findings, broken: readonly Path[]): Findings {
  const spoken = (path: Path): boolean => {
    return !broken.some((one) =>
      path.every((part, index) => index >= one.length || String(part) === String(one[index])),
    );
  };
  return {
    ...findings,
    problem: (path, message) => void (spoken(path) && findings.problem(path, message)),
    problemWithKey: (path, message) => void (spoken(path) && findings.problemWithKey(path, message)),
  };
}

/** Throws one `config-invalid` that tells every problem, in the order of the file. */
export function throwProblems(file: string, problems: readonly Remark[]): void {
  if (problems.length === 0) return;
  const sorted = problems.toSorted((left, right) => inFileOrder(left.place, right.place));
  const count = problems.length === 1 ? 'a problem' : `${problems.length} problems`;
  throw new Failure('config-invalid', `${file} cannot be used: it has ${count}`, {
    details: [
      ...describeOnce(sorted.slice(0, mostShown)),
      ...(sorted.length > mostShown ? [`and ${sorted.length - mostShown} more`] : []),
    ],
    hint: 'Correct the lines named above; docs/configuration.md describes every key.',
  });
}

const mostShown = 100;

function describeOnce(problems: readonly Remark[]): string[] {
  const seen = new Set<string>();
  return problems.flatMap(({ place, message }) => {
    const line = `${positionOf(place)}: ${message}`;
    if (seen.has(line)) return [];
    seen.add(line);
    return [line, ...excerptOf(place)];
  });
}

function inFileOrder(left: Place, right: Place): number {
  if (left.sheet !== right.sheet) return left.sheet.file.localeCompare(right.sheet.file);
  return left.line - right.line || left.column - right.column;
}
