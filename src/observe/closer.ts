import type { Config } from '../config/config.ts';
import { lockDirectory, releasesFile } from '../containers/names.ts';
import type { Host } from '../hosts/host.ts';
import { parseListening, socketLists } from './listening.ts';
import type { ObservedHost } from './observed.ts';
import { atStart } from './summary.ts';

/** A machine with what a look at all of it leaves out: what these containers take when they start, and what else listens there. */
export async function observeCloser(
  host: Host,
  observed: ObservedHost,
  { config, containers }: { config: Config; containers: readonly string[] },
): Promise<ObservedHost> {
  const names = { lockDirectory: lockDirectory(config), releasesFile: releasesFile(config) };
  const [{ files }, ...inspects] = await Promise.all([
    host.readState({ ...names, files: socketLists, paths: [] }),
    ...containers.map((id) => host.docker.inspectContainer(id)),
  ]);
  const known = new Map(inspects.flatMap((inspect) => (inspect === undefined ? [] : [[inspect.Id, atStart(inspect)]])));
  return {
    ...observed,
    containers: observed.containers.map((container) => {
      const seen = known.get(container.id);
      return seen === undefined ? container : { ...container, atStart: seen };
    }),
    listening: parseListening(files),
  };
}
