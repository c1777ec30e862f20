import type { OwnedFile } from '../../src/hosts/docker.ts';
import type { FakeContainer } from './containers.ts';
import { isThere, makeDirectory } from './files.ts';
import { refused } from './images.ts';
import type { MachineState } from './machine.ts';

/** Into a directory that the container mounts from the machine. */
export function putFiles(
  machine: MachineState,
  container: FakeContainer,
  { directory, files }: { directory: string; files: readonly OwnedFile[] },
): void {
  // Nobody asks a container in memory for what lies in itself.
  if (directory === '/') return;
  const place = onMachine(container, directory);
  if (!isThere(machine, place))
    throw refused(machine, `put files into ${directory}`, 'Could not find the file in the container');
  for (const { name, content, mode, uid } of files) {
    machine.files.set(`${place}/${name}`, { content, mode: mode.toString(8), owner: uid });
  }
  machine.journal.push(`put ${files.map(({ name }) => name).join(', ')} into ${place}`);
}

/** As Docker at each start: an empty directory in the place of each bind source that is not there. */
export function makeSources(machine: MachineState, { body }: FakeContainer): void {
  const binds = (body.HostConfig['Binds'] ?? []) as string[];
  for (const source of binds.map((bind) => bind.split(':')[0] ?? '')) {
    if (source.startsWith('/') && !isThere(machine, source)) makeDirectory(machine, source);
  }
}

/** Where a path in a container lies on the machine, by what it mounts; relative to the login directory. */
export function onMachine({ body }: FakeContainer, path: string): string {
  const binds = (body.HostConfig['Binds'] ?? []) as string[];
  for (const [source = '', target = ''] of binds.map((bind) => bind.split(':'))) {
    if (source.startsWith('/') && path.startsWith(`${target}/`)) {
      return `${source.replace(/^\/home\/\w+\//, '')}${path.slice(target.length)}`;
    }
  }
  return path;
}
