import { LineCounter, parseDocument } from 'yaml';
import type { Alias, Document, Node, YAMLParseError } from 'yaml';
import type { Path, Place, Sheet } from './sheet.ts';
import type { Template } from './template.ts';
import { indentContinuations } from './yaml-indent.ts';
import { locate } from './yaml-keys.ts';
import { createReader } from './yaml-values.ts';

/** A YAML file's value as Kamal's reader would give it, and where each part of it stands. */
export interface YamlFile {
  readonly sheet: Sheet;
  /** Undefined for an empty file. */
  readonly value: unknown;
  readonly problems: readonly Remark[];
  readonly warnings: readonly Remark[];
  /** The key (or list entry) and the value at a path; undefined when the file does not have it. */
  locate(path: Path): { readonly key: Place; readonly value: Place } | undefined;
}

export interface Remark {
  readonly place: Place;
  readonly message: string;
}

const syntaxErrorsShown = 3;
const options = { schema: 'failsafe', prettyErrors: false, uniqueKeys: false, logLevel: 'error' } as const;
const secondDocument = 'a second document starts here (`---`); it is not read, as in Kamal';

/** Reads YAML, of a template at the places of the template. Everything wrong with it is in `problems`; nothing is thrown. */
export function parseYaml(file: string, text: string, template?: Template): YamlFile {
  const clean = text.replace(/^\uFEFF/, '');
  const sheet = template?.sheet ?? { file, lines: clean.split(/\r?\n/) };
  const counter = new LineCounter();
  const problems: Remark[] = [];
  const warnings: Remark[] = [];
  let originOf = (offset: number): number => offset;
  const placeAt = (at: number): Place => {
    const offset = originOf(at);
    if (template !== undefined) return { sheet, ...template.positionOf(offset) };
    const { line, col } = counter.linePos(offset);
    return { sheet, line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const aliases = new Map<Alias, Node>();
  const nothing = { sheet, value: undefined, problems, warnings, locate: () => undefined };

  if (clean.includes('\u0000') || clean.includes('\uFFFD')) {
    problems.push({ place: { sheet, line: 1, column: 1 }, message: 'this is not UTF-8 text' });
    return nothing;
  }
  let root: Node | null;
  try {
    let document = parseDocument(clean, { ...options, lineCounter: counter });
    const indented = errorsOf(document).length === 0 ? undefined : indentContinuations(clean);
    const again = indented === undefined ? document : parseDocument(indented.text, options);
    if (indented !== undefined && errorsOf(again).length === 0) {
      document = again;
      originOf = indented.originOf;
    }
    for (const error of errorsOf(document).slice(0, syntaxErrorsShown)) {
      problems.push({ place: placeAt(error.pos[0]), message: syntaxMessage(error.message) });
    }
    const next = document.errors.find(({ code }) => code === 'MULTIPLE_DOCS');
    if (next !== undefined) warnings.push({ place: placeAt(next.pos[0]), message: secondDocument });
    root = document.contents as Node | null;
  } catch {
    problems.push({
      place: { sheet, line: 1, column: 1 },
      message: 'this cannot be read as YAML; it is nested too deeply',
    });
    return nothing;
  }
  if (problems.length > 0) return nothing;
  const remarks = {
    problem: (node: Node | null, message: string) =>
      void problems.push({ place: placeAt(node?.range?.[0] ?? 0), message }),
    warning: (node: Node | null, message: string) =>
      void warnings.push({ place: placeAt(node?.range?.[0] ?? 0), message }),
  };
  const value = root === null ? undefined : createReader({ remarks, aliases })(root);
  return { sheet, value, problems, warnings, locate: (path) => locate({ root, path, aliases, placeAt }) };
}

/** What is wrong with the first document. */
function errorsOf({ errors }: Document.Parsed): YAMLParseError[] {
  return errors.filter(({ code }) => code !== 'MULTIPLE_DOCS');
}

function syntaxMessage(message: string): string {
  if (/call stack/.test(message)) return 'this is nested too deeply';
  if (/^tabs/i.test(message)) return 'a tab stands in the indentation; YAML is indented with spaces';
  return message.charAt(0).toLowerCase() + message.slice(1);
}
