import { Failure } from '../../src/errors.ts';
import type { AssetSync } from '../../src/hosts/host.ts';
import { makeDirectory, removeDirectories } from './files.ts';
import { findImage } from './images.ts';
import type { MachineState } from './machine.ts';

/** As the script of the real one, with files in memory. */
export function syncAssets(machine: MachineState, { directory, path, own, others }: AssetSync): string[] {
  const extracted = (name: string) => `${directory}/extracted/${name}`;
  const volume = (name: string) => `${directory}/volumes/${name}`;
  const extract = (name: string, image: string): boolean => {
    const files = Object.entries(findImage(machine, image)?.files ?? {}).filter(([file]) =>
      file.startsWith(`${path}/`),
    );
    if (files.length === 0) return false;
    removeDirectories(machine, [extracted(name)]);
    makeDirectory(machine, extracted(name));
    for (const [file, content] of files) put(machine, `${extracted(name)}${file.slice(path.length)}`, content);
    return true;
  };
  if ((own.anew || !machine.directories.has(extracted(own.name))) && !extract(own.name, own.image)) {
    throw new Failure('image-mismatch', `${machine.name}: ${own.image} has no directory ${path}`);
  }
  for (const { name, image, isUp } of others) {
    if (isUp && !machine.directories.has(extracted(name))) extract(name, image);
  }
  makeDirectory(machine, volume(own.name));
  copy(machine, extracted(own.name), volume(own.name), () => true);
  const isLacking = (file: string) => !machine.files.has(file);
  for (const { name } of others) copy(machine, extracted(name), volume(own.name), isLacking);
  for (const { name, isUp } of others) {
    if (isUp && machine.directories.has(volume(name))) copy(machine, extracted(own.name), volume(name), isLacking);
  }
  machine.journal.push(`sync the assets of ${own.name}`);
  return [];
}

function copy(machine: MachineState, from: string, to: string, when: (file: string) => boolean): void {
  for (const [file, { content }] of machine.files) {
    const target = `${to}${file.slice(from.length)}`;
    if (file.startsWith(`${from}/`) && when(target)) put(machine, target, content);
  }
}

function put(machine: MachineState, file: string, content: string): void {
  machine.files.set(file, { content, mode: '644' });
}
