import { posix } from 'node:path';
import { bare, type Import, importsOf } from './source.ts';

/** From left to right; a file imports from its own room and from those to its left. See docs/architecture.md, section 3. */
const rooms = [
  'errors processes config secrets containers app proxy accessories hooks build',
  'hosts observe plan execute report pipeline commands',
].flatMap((line) => line.split(' '));

const pure = new Set('errors config containers app proxy accessories hooks build plan'.split(' '));

/** The one room that may import a library. */
const doors: Readonly<Record<string, string>> = {
  '@oclif/core': 'commands',
  listr2: 'report',
  ssh2: 'hosts',
  dockerode: 'hosts',
  zod: 'config',
  yaml: 'config',
  '@1password/sdk': 'secrets',
};

/** What a pure file may use of node. */
const pureNode: Readonly<Record<string, readonly string[]>> = {
  'node:crypto': ['createHash'],
  'node:path': ['basename', 'dirname', 'extname', 'isAbsolute', 'join', 'normalize', 'posix', 'relative', 'resolve'],
};

const forbidden =
  /(?<![.\w$-])(?:(?:console|fetch|performance|Date|process|setTimeout|setInterval|setImmediate|globalThis|crypto)\b(?!\s*\??:)|Math\.random\b)/g;

export const lineLimit = 250;

/** What is against the house in one source file, one line each, with the file and the import that breaks the rule. */
export function violationsIn(file: string, text: string): string[] {
  const room = roomOf(file);
  if (room === undefined) return [`${file}: belongs to no room`];
  const lines = text.trimEnd().split('\n').length;
  return [
    ...(lines > lineLimit ? [`${file}: has ${lines} lines, the limit is ${lineLimit}`] : []),
    ...importsOf(text).flatMap((found) => importViolations(file, room, found)),
    ...(isPure(file, room) ? globalsIn(text).map((name) => `${file}: uses ${name}, and ${room} is pure`) : []),
  ];
}

function importViolations(file: string, room: string, found: Import): string[] {
  const { from, typeOnly } = found;
  const say = (why: string) => [`${file}: imports ${from}${typeOnly ? ' (types)' : ''}, but ${why}`];
  if (from.startsWith('(computed')) return say('an import is a literal, so that the house can be checked');
  if (from.startsWith('.')) return localViolations({ file, room, found, say });
  if (from.startsWith('node:')) return nodeViolations({ file, room, found, say });
  const library = /^(@[^/]+\/)?[^/]+/.exec(from)?.[0] ?? from;
  const door = doors[library];
  if (door === undefined) return say('no room has a door to that library');
  return door === room ? [] : say(`only ${door} may`);
}

interface Case {
  readonly file: string;
  readonly room: string;
  readonly found: Import;
  readonly say: (why: string) => string[];
}

function localViolations({ file, room, found, say }: Case): string[] {
  if (!found.from.endsWith('.ts')) return say('imports end in .ts');
  const target = posix.join(posix.dirname(file), found.from);
  const other = roomOf(target);
  if (other === undefined) return say('that is outside the house');
  if (rooms.indexOf(other) > rooms.indexOf(room)) return say(`${other} is to the right of ${room}`);
  if (!found.typeOnly && isPure(file, room) && !isPure(target, other)) {
    return say(`${room} is pure and ${isPure('', other) ? target : other} is not`);
  }
  return [];
}

function nodeViolations({ file, room, found, say }: Case): string[] {
  if (found.typeOnly || !isPure(file, room)) return [];
  const allowed = pureNode[found.from];
  if (allowed === undefined) return say(`${room} is pure`);
  const others = found.names.filter((name) => !allowed.includes(name));
  return others.length === 0 && found.names.length > 0 ? [] : say(`${room} is pure (${others.join(', ') || '*'})`);
}

function globalsIn(text: string): string[] {
  return [...new Set([...bare(text).withoutStrings.matchAll(forbidden)].map(([name]) => name))];
}

function roomOf(file: string): string | undefined {
  const name = /^src\/([\w-]+)(?:\/|\.ts$)/.exec(file)?.[1];
  return name !== undefined && rooms.includes(name) ? name : undefined;
}

/** Loading the config reads files; all the rest of that room does not. */
function isPure(file: string, room: string): boolean {
  return pure.has(room) && !/^src\/config\/load[\w-]*\.ts$/.test(file);
}
