import { Alias, isAlias, isMap, isPair, isScalar, isSeq, LineCounter, parseDocument, Scalar, YAMLMap } from 'yaml';
import type { Node, Pair } from 'yaml';
import { readPlain, textOf } from './scalars.ts';
import type { Path, Place, Sheet } from './sheet.ts';

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

const deepest = 64;
const mostAliasedNodes = 100_000;
const syntaxErrorsShown = 3;

/** Reads YAML. Everything wrong with the text is in `problems`; nothing is thrown. */
export function parseYaml(file: string, text: string): YamlFile {
  const clean = text.replace(/^\uFEFF/, '');
  const sheet = { file, lines: clean.split(/\r?\n/) };
  const counter = new LineCounter();
  const problems: Remark[] = [];
  const warnings: Remark[] = [];
  const placeAt = (offset: number): Place => {
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
    const options = { schema: 'failsafe', lineCounter: counter, prettyErrors: false, uniqueKeys: false } as const;
    const document = parseDocument(clean, { ...options, logLevel: 'silent' });
    for (const error of document.errors.slice(0, syntaxErrorsShown)) {
      problems.push({ place: placeAt(error.pos[0]), message: syntaxMessage(error.message) });
    }
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

function syntaxMessage(message: string): string {
  if (/tab/i.test(message)) return `${message}; YAML is indented with spaces`;
  if (/multiple documents/i.test(message)) return 'a second document starts here (`---`); one file holds one document';
  return message.charAt(0).toLowerCase() + message.slice(1);
}

interface Remarks {
  problem(node: Node | null, message: string): void;
  warning(node: Node | null, message: string): void;
}

/** Turns nodes into plain values: anchors, merge keys and words as Psych reads them; cycles and alias bombs are refused. */
function createReader({ remarks, aliases }: { remarks: Remarks; aliases: Map<Alias, Node> }) {
  const anchors = new Map<string, Node>();
  const open = new Set<Node>();
  let aliasDepth = 0;
  let aliasedNodes = 0;
  let refused = false;

  const refuse = (node: Node, message: string): null => {
    if (!refused) remarks.problem(node, message);
    refused = true;
    return null;
  };

  return read;

  function read(node: Node): unknown {
    if (refused) return null;
    if (isAlias(node)) return readAlias(node);
    if (aliasDepth > 0 && ++aliasedNodes > mostAliasedNodes) return refuse(node, 'its aliases expand to too much');
    if (open.size >= deepest) return refuse(node, `this is nested more than ${deepest} levels deep`);
    if (node.anchor !== undefined) anchors.set(node.anchor, node);
    if (node.tag !== undefined && !node.tag.startsWith('tag:yaml.org,2002:')) {
      remarks.problem(node, `the tag \`${node.tag}\` is not read here; write the value out`);
      return null;
    }
    if (isScalar(node)) return readScalar(node);
    open.add(node);
    const value = isSeq(node) ? node.items.map((item) => read(item as Node)) : isMap(node) ? readMap(node) : null;
    open.delete(node);
    return value;
  }

  function readAlias(alias: Alias): unknown {
    const target = aliases.get(alias) ?? anchors.get(alias.source);
    if (target === undefined) return refuse(alias, `there is no anchor \`&${alias.source}\` above`);
    if (open.has(target)) return refuse(alias, `\`*${alias.source}\` stands inside of what it refers to`);
    aliases.set(alias, target);
    aliasDepth++;
    const value = read(target);
    aliasDepth--;
    return value;
  }

  function readScalar(node: Scalar): unknown {
    const word = typeof node.value === 'string' ? node.value : '';
    if (node.type !== Scalar.PLAIN || node.tag === 'tag:yaml.org,2002:str') return word;
    const { value, surprise } = readPlain(word);
    if (surprise !== undefined && aliasDepth === 0) remarks.warning(node, surprise);
    return value;
  }

  function readMap(node: YAMLMap): Record<string, unknown> {
    const value: Record<string, unknown> = {};
    const written = new Set<string>();
    for (const pair of node.items) {
      const keyNode = pair.key as Node | null;
      const key = keyOf(keyNode);
      if (key === undefined) {
        remarks.problem(keyNode, 'a key must be one word, not a list or a map');
      } else if (key === '<<' && isPlain(keyNode)) {
        mergeInto({ value, written, pair });
      } else if (key === '__proto__') {
        remarks.problem(keyNode, 'this key cannot be used');
      } else if (written.has(key)) {
        if (aliasDepth === 0)
          remarks.problem(keyNode, `\`${key}\` stands twice in this map; Kamal would use the last one`);
      } else {
        written.add(key);
        value[key] = pair.value === null ? null : read(pair.value as Node);
      }
    }
    return value;
  }

  /** As Psych: in the order written, so that a merge overrides the keys before it. */
  function mergeInto({
    value,
    written,
    pair,
  }: {
    value: Record<string, unknown>;
    written: Set<string>;
    pair: Pair;
  }): void {
    const source = pair.value as Node | null;
    const merged = source === null ? null : read(source);
    const parts = Array.isArray(merged) ? merged.toReversed() : [merged];
    for (const part of parts) {
      if (typeof part !== 'object' || part === null || Array.isArray(part)) {
        if (!refused) remarks.problem(pair.key as Node, '`<<` merges a map, or a list of maps');
        return;
      }
      for (const key of Object.keys(part)) {
        if (!written.has(key)) continue;
        remarks.warning(
          pair.key as Node,
          `\`<<\` replaces \`${key}\` above, as in Kamal; write \`<<\` first to keep yours`,
        );
      }
      Object.assign(value, part);
    }
  }
}

/** A key as text; `yes:` is the key "true", as in Kamal. Undefined for lists and maps. */
function keyOf(node: Node | null): string | undefined {
  if (node === null || !isScalar(node) || typeof node.value !== 'string') return undefined;
  if (!isPlain(node)) return node.value;
  const { value } = readPlain(node.value);
  return value === null ? '' : textOf(value);
}

function isPlain(node: Node | null): boolean {
  return isScalar(node) && node.type === Scalar.PLAIN;
}

interface LocateRequest {
  root: Node | null;
  path: Path;
  aliases: ReadonlyMap<Alias, Node>;
  placeAt(offset: number): Place;
}

function locate({ root, path, aliases, placeAt }: LocateRequest): { key: Place; value: Place } | undefined {
  let key = root;
  let value = root;
  for (const part of path) {
    const found = childOf(value, part, aliases);
    if (found === undefined) return undefined;
    [key, value] = [found.key, found.value ?? found.key];
  }
  if (key === null || value === null) return undefined;
  return { key: placeAt(key.range?.[0] ?? 0), value: placeAt(value.range?.[0] ?? key.range?.[0] ?? 0) };
}

function childOf(
  node: Node | null,
  part: string | number,
  aliases: ReadonlyMap<Alias, Node>,
): { key: Node; value: Node | null } | undefined {
  const target = isAlias(node) ? (aliases.get(node) ?? null) : node;
  if (isSeq(target)) {
    const item = typeof part === 'number' ? (target.items[part] as Node | undefined) : undefined;
    return item === undefined ? undefined : { key: item, value: item };
  }
  if (!isMap(target)) return undefined;
  for (const pair of target.items.toReversed()) {
    const key = pair.key as Node;
    const value = pair.value as Node | null;
    if (keyOf(key) === String(part)) return { key, value };
    if (keyOf(key) !== '<<') continue;
    const merged = isAlias(value) ? (aliases.get(value) ?? null) : value;
    const parts = isSeq(merged) ? (merged.items as Node[]) : [merged];
    for (const from of parts) {
      const found = isPair(from) ? undefined : childOf(from, part, aliases);
      if (found !== undefined) return found;
    }
  }
  return undefined;
}
