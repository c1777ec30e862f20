import { createHash } from 'node:crypto';
import { Failure } from '../../src/errors.ts';
import type { FileFacts, HostState, StateQuery } from '../../src/hosts/host.ts';
import { holderOf } from './lock.ts';
import type { MachineState } from './machine.ts';

export function readState(machine: MachineState, query: StateQuery): HostState {
  const lock = machine.locks.get(query.lockDirectory);
  const text = (path: string) => machine.files.get(normal(machine, path))?.content;
  return {
    user: machine.user,
    homeDirectory: machine.homeDirectory,
    architecture: machine.architecture,
    freeBytes: machine.freeBytes,
    clock: { leastSeconds: machine.clockAheadSeconds, mostSeconds: machine.clockAheadSeconds },
    ...(lock === undefined ? {} : { lock: holderOf(lock) }),
    releasesText: text(query.releasesFile) ?? '',
    files: Object.fromEntries(
      query.files.flatMap((file) => (text(file) === undefined ? [] : [[file, text(file) ?? '']])),
    ),
    existingPaths: query.paths.filter((path) => exists(machine, normal(machine, path))),
    directories: Object.fromEntries(
      (query.directories ?? []).flatMap((path) => {
        const entries = entriesOf(machine, normal(machine, path));
        return entries === undefined ? [] : [[path, entries]];
      }),
    ),
    variables: Object.fromEntries(
      (query.variables ?? []).flatMap((name) => {
        const value = machine.variables[name];
        return value === undefined ? [] : [[name, value]];
      }),
    ),
  };
}

export function writeFile(machine: MachineState, path: string, content: string | Uint8Array, mode: string): void {
  if (isClosed(machine, path)) {
    throw new Failure('host-command-failed', `${machine.name} could not write ${path}: Permission denied`);
  }
  makeDirectory(machine, parentOf(path));
  const text = typeof content === 'string' ? content : Buffer.from(content).toString('utf8');
  machine.files.set(normal(machine, path), { content: text, mode });
  machine.journal.push(`write ${path}`);
}

export function appendLines(machine: MachineState, path: string, lines: readonly string[]): void {
  if (lines.length === 0) return;
  makeDirectory(machine, parentOf(path));
  const file = machine.files.get(normal(machine, path)) ?? { content: '', mode: '644' };
  const content = file.content + lines.map((line) => `${line}\n`).join('');
  machine.files.set(normal(machine, path), { ...file, content });
  machine.journal.push(`append to ${path}: ${lines.join(' | ')}`);
}

export function describeFiles(machine: MachineState, paths: readonly string[]): Record<string, FileFacts> {
  const owner =
    machine.user === 'root' ? root : { ...root, user: machine.user, uid: '1001', group: machine.user, gid: '1001' };
  return Object.fromEntries(
    paths.flatMap((path): [string, FileFacts][] => {
      if (isClosed(machine, path)) return [[path, { kind: 'hidden', mode: '', owner: nobody }]];
      const file = machine.files.get(normal(machine, path));
      if (file === undefined) {
        return exists(machine, normal(machine, path)) ? [[path, { kind: 'directory', mode: '755', owner }]] : [];
      }
      const sha256 = createHash('sha256').update(file.content).digest('hex');
      return [[path, { kind: 'file', mode: file.mode, owner, sha256 }]];
    }),
  );
}

const nobody = { user: '', uid: '', group: '', gid: '' };

function isClosed(machine: MachineState, path: string): boolean {
  return machine.closedDirectories.some((directory) => path.startsWith(`${directory}/`));
}

const root = { user: 'root', uid: '0', group: 'root', gid: '0' };

/** Modes of files only; owners are the login's own. */
export function setAccess(machine: MachineState, path: string, { mode }: { mode?: string }): void {
  const file = machine.files.get(normal(machine, path));
  if (file !== undefined && mode !== undefined) machine.files.set(normal(machine, path), { ...file, mode });
}

export function makeDirectory(machine: MachineState, path: string): void {
  const parts = normal(machine, path).split('/');
  for (const index of parts.keys()) machine.directories.add(parts.slice(0, index + 1).join('/') || '/');
}

export function writeDirectory(machine: MachineState, path: string, files: ReadonlyMap<string, string>): void {
  removeDirectories(machine, [path]);
  makeDirectory(machine, path);
  for (const [name, content] of files) machine.files.set(`${normal(machine, path)}/${name}`, { content, mode: '644' });
  machine.journal.push(`write the directory ${path}`);
}

export function moveDirectory(machine: MachineState, from: string, to: string): void {
  const [source, target] = [normal(machine, from), normal(machine, to)];
  if (!exists(machine, target)) {
    makeDirectory(machine, target);
    for (const [path, file] of [...machine.files]) {
      if (path.startsWith(`${source}/`)) machine.files.set(`${target}${path.slice(source.length)}`, file);
    }
  }
  removeDirectories(machine, [from]);
  machine.journal.push(`move ${from} to ${to}`);
}

export function moveFiles(machine: MachineState, moves: readonly { from: string; to: string }[]): void {
  for (const [from, to] of moves.map((move) => [normal(machine, move.from), normal(machine, move.to)] as const)) {
    const file = machine.files.get(from);
    if (file === undefined && !machine.directories.has(from)) continue;
    const inside = (place: string) =>
      [...machine.files.keys(), ...machine.directories].filter((one) => one.startsWith(`${place}/`));
    if (inside(to).length > 0) throw new Failure('host-command-failed', `rmdir: ${to}: Directory not empty`);
    machine.directories.delete(to);
    machine.files.delete(to);
    for (const path of [from, ...inside(from)]) {
      const moved = machine.files.get(path);
      if (moved !== undefined) machine.files.set(to + path.slice(from.length), moved);
      if (machine.directories.delete(path)) machine.directories.add(to + path.slice(from.length));
      machine.files.delete(path);
    }
    machine.journal.push(`move ${from} to ${to}`);
  }
}

export function isThere(machine: MachineState, path: string): boolean {
  return exists(machine, normal(machine, path));
}

export function removeDirectories(machine: MachineState, paths: readonly string[]): void {
  for (const path of paths.map((one) => normal(machine, one))) {
    const isInside = (one: string) => one === path || one.startsWith(`${path}/`);
    for (const file of [...machine.files.keys()].filter(isInside)) machine.files.delete(file);
    for (const directory of [...machine.directories].filter(isInside)) machine.directories.delete(directory);
    machine.journal.push(`remove ${path}`);
  }
}

/** Names of what lies in a directory; undefined when it is not there. */
export function entriesOf(machine: MachineState, path: string): string[] | undefined {
  if (!machine.directories.has(path)) return undefined;
  const below = [...machine.files.keys(), ...machine.directories].filter((one) => one.startsWith(`${path}/`));
  const names = below.map((one) => one.slice(path.length + 1).split('/')[0] ?? '');
  return [...new Set(names)].filter((name) => !name.startsWith('.')).sort();
}

/** Of a directory that need not be there. */
export function filesIn(machine: MachineState, directory: string): { name: string; content: string }[] {
  const start = `${normal(machine, directory)}/`;
  return [...machine.files].flatMap(([path, { content }]) =>
    path.startsWith(start) ? [{ name: path.slice(start.length), content }] : [],
  );
}

export function removeFile(machine: MachineState, path: string): void {
  machine.files.delete(normal(machine, path));
}

function exists(machine: MachineState, path: string): boolean {
  return machine.files.has(path) || machine.directories.has(path) || machine.locks.has(path);
}

/** Relative to the login directory, as keys of the maps are. */
function normal(machine: MachineState, path: string): string {
  const home = `${machine.homeDirectory}/`;
  return (path.startsWith(home) ? path.slice(home.length) : path).replace(/\/+$/, '') || '/';
}

function parentOf(path: string): string {
  const at = path.lastIndexOf('/');
  return at <= 0 ? '.' : path.slice(0, at);
}
