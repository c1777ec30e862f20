import type { Setting, Shown } from '../config/truth-shown.ts';
import { noColours, type Paint } from './paint.ts';

export interface ConfigResult {
  readonly service: string;
  readonly destination?: string;
  readonly files: readonly string[];
  readonly settings: readonly Setting[];
}

export interface ConfigLook {
  readonly paint?: Paint;
  /** Whether each value is shown with the place it comes from. */
  readonly origins: 'shown' | 'left-out';
}

type Tree = Map<string, Tree | Setting>;

/** The merged truth in the form of the file; machines that get the same stand together. */
export function renderConfig(result: ConfigResult, { paint = noColours, origins }: ConfigLook): string {
  const { service, destination, files } = result;
  const title = destination === undefined ? service : `${service} in ${destination}`;
  const lines = linesOf(treeOf(result.settings), { indent: '', origins });
  const width = Math.min(72, Math.max(...lines.map(({ text }) => text.length)));
  return [
    `${paint.bold(title)}, from ${files.join(' and ')}`,
    '',
    ...lines.map(({ text, origin }) =>
      origin === undefined ? text : `${text.padEnd(width)}  ${paint.dim(`# ${origin}`)}`,
    ),
  ].join('\n');
}

/** The same for programs: settings as a tree, each a value or, with origins, `{ value, origin }`. */
export function configAsJson({ settings, ...result }: ConfigResult, { origins }: ConfigLook): Record<string, unknown> {
  const plain = (tree: Tree): Record<string, unknown> =>
    Object.fromEntries(
      [...tree].map(([key, part]) => {
        if (part instanceof Map) return [key, plain(part)];
        return [key, origins === 'shown' ? { value: part.value, origin: part.origin } : part.value];
      }),
    );
  return { ...result, settings: plain(treeOf(settings)) };
}

function treeOf(settings: readonly Setting[]): Tree {
  const root: Tree = new Map();
  for (const setting of settings) {
    let tree = root;
    for (const key of setting.path.slice(0, -1)) {
      const below = tree.get(key);
      if (below instanceof Map) {
        tree = below;
      } else {
        const added: Tree = new Map();
        tree.set(key, added);
        tree = added;
      }
    }
    tree.set(setting.path.at(-1) ?? '', setting);
  }
  return root;
}

interface Line {
  readonly text: string;
  readonly origin?: string;
}

interface Level {
  readonly indent: string;
  readonly origins: ConfigLook['origins'];
}

function linesOf(tree: Tree, { indent, origins }: Level): Line[] {
  const entries = [...tree].map(([key, part]) => {
    if (part instanceof Map) return { keys: [key], below: linesOf(part, { indent: `${indent}  `, origins }) };
    const text = `${indent}${key}: ${shownAs(part.value)}`;
    return { line: origins === 'shown' ? { text, origin: part.origin } : { text } };
  });
  return together(entries).flatMap(({ line, keys = [], below = [] }): Line[] => {
    return line === undefined ? [...wrapped(keys, indent), ...below] : [line];
  });
}

interface Entry {
  line?: Line;
  keys?: string[];
  below?: Line[];
}

/** Machines with the same lines below them become one entry with all their names. */
function together(entries: readonly Entry[]): Entry[] {
  const bySame = new Map<string, Entry>();
  for (const entry of entries) {
    const same = entry.below === undefined ? JSON.stringify(entry.line) : JSON.stringify(entry.below);
    const first = bySame.get(same);
    if (first?.keys === undefined) bySame.set(same, { ...entry });
    else first.keys.push(...(entry.keys ?? []));
  }
  return [...bySame.values()];
}

function wrapped(keys: readonly string[], indent: string): Line[] {
  const lines: string[] = [];
  for (const key of keys) {
    const last = lines.at(-1);
    if (last === undefined || indent.length + last.length + key.length > 100) lines.push(key);
    else lines[lines.length - 1] = `${last}, ${key}`;
  }
  return lines.map((line, index) => ({ text: `${indent}${line}${index === lines.length - 1 ? ':' : ','}` }));
}

function shownAs(value: Shown): string {
  if (typeof value === 'string') return /^$|^\s|\s$|\p{Cc}/u.test(value) ? JSON.stringify(value) : value;
  if (typeof value !== 'object') return String(value);
  if (Array.isArray(value)) return `[${value.join(', ')}]`;
  return 'secret' in value ? `secret ${value.secret}` : '(in the file, not shown)';
}
