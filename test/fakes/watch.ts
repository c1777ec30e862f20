import type { Asleep, HandOver, Watch, Watched } from '../../src/hosts/watch.ts';
import { givenUp } from '../../src/hosts/watch.ts';
import { findContainer, mustFind, startContainer, stopContainer, type FakeContainer } from './containers.ts';
import { removeFile, filesIn, writeFile } from './files.ts';
import type { Line } from './host.ts';
import type { MachineState } from './machine.ts';

/** What a file says, so that a machine of another connection can act on it. */
type Marker = Watched & { readonly token: string };

/** One connection's watch on a machine in memory. `giveUp`: it has ended, or fallen silent. */
export function fakeWatch(machine: MachineState, line: Line): { watch: Watch; giveUp: () => void } {
  machine.connectionCount += 1;
  const token = `connection${machine.connectionCount}`;
  const covered = new Map<string, string>();
  const watch: Watch = {
    over: (wanted) =>
      line.change('watch.over', [wanted], () => {
        watchOver(machine, { ...wanted, token });
        covered.set(wanted.container, wanted.directory);
      }),
    // A machine in memory has it done at once.
    isWaking: () => line.look(() => false),
    covers: (container) => covered.has(container),
    handOver: (wanted) =>
      line.change('watch.handOver', [wanted], () => {
        const keep = wanted.to !== undefined && covered.has(wanted.from);
        handOver(machine, wanted, keep ? token : undefined);
        if (!keep) covered.delete(wanted.from);
      }),
    wake: (asleep) =>
      line.change('watch.wake', [asleep], () => {
        wake(machine, asleep);
        covered.delete(asleep.container);
      }),
  };
  return {
    watch,
    giveUp() {
      const directories = new Set(covered.values());
      covered.clear();
      for (const directory of directories) reviveWatched(machine, directory, token);
    },
  };
}

function watchOver(machine: MachineState, marker: Marker): void {
  take(machine, marker.directory, marker.container);
  const path = `${marker.directory}/${marker.container}.${marker.state}.${marker.token}`;
  writeFile(machine, path, JSON.stringify(marker), '644');
}

/** @throws Failure as the real one */
function handOver(machine: MachineState, { directory, from, to }: HandOver, keep: string | undefined): void {
  const taken = take(machine, directory, from);
  if (findContainer(machine, from)?.state === 'running') {
    for (const marker of taken) watchOver(machine, marker);
    throw givenUp(machine.name);
  }
  if (to !== undefined) startContainer(machine, mustFind(machine, to, 'start container'));
  const [first] = taken;
  if (keep !== undefined && first !== undefined) watchOver(machine, { ...first, state: 'working', token: keep });
}

function wake(machine: MachineState, { directory, container: id }: Asleep): void {
  const taken = take(machine, directory, id);
  const container = mustFind(machine, id, 'start container');
  if (taken.some(({ state }) => state === 'quiet')) restartContainer(machine, container);
  else startContainer(machine, container);
}

function reviveWatched(machine: MachineState, directory: string, token: string): void {
  for (const { name, content } of filesIn(machine, directory)) {
    if (!name.endsWith(`.${token}`)) continue;
    const marker = JSON.parse(content) as Marker;
    removeFile(machine, `${directory}/${name}`);
    const container = findContainer(machine, marker.container);
    if (container === undefined) continue;
    if (container.state === 'running') {
      if (marker.state === 'quiet') restartContainer(machine, container);
    } else startAlone(machine, container, { marker, secondsLeft: (marker.stopTimeoutSeconds ?? 10) + 5 });
  }
}

/** Once nothing else does its work; one that never stays up makes room. */
function startAlone(
  machine: MachineState,
  container: FakeContainer,
  { marker, secondsLeft }: { marker: Marker; secondsLeft: number },
): void {
  const others = [...machine.containers.values()].filter((other) => other !== container && doesTheSame(other, marker));
  if (others.some(({ state }) => state === 'running')) {
    if (secondsLeft === 0) return;
    setTimeout(() => startAlone(machine, container, { marker, secondsLeft: secondsLeft - 1 }), 1000);
    return;
  }
  for (const other of others) stopContainer(machine, other);
  if (findContainer(machine, container.id) !== undefined) startContainer(machine, container);
}

function doesTheSame({ body: { Labels: labels = {} } }: FakeContainer, { role }: Marker): boolean {
  return (
    labels['service'] === role.service &&
    labels['role'] === role.role &&
    (labels['destination'] ?? '') === role.destination
  );
}

/** Whoever's they are. */
function take(machine: MachineState, directory: string, id: string): Marker[] {
  const files = filesIn(machine, directory).filter(({ name }) => name.startsWith(`${id}.`));
  for (const { name } of files) removeFile(machine, `${directory}/${name}`);
  return files.map(({ content }) => JSON.parse(content) as Marker);
}

/** Starts it where it has stopped. */
function restartContainer(machine: MachineState, container: FakeContainer): void {
  stopContainer(machine, container);
  startContainer(machine, container);
}
