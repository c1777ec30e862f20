import { formerPlace, nextPlace } from '../accessories/places.ts';
import type { WantedAccessory } from '../accessories/wanted.ts';
import type { FileFacts } from '../hosts/host.ts';
import type { ObservedAccessory } from './observed.ts';

/** The files of accessories on a machine, against what they hold here. */

/** Every path to be looked at on one machine: the files of its accessories, what was read here by `host:path`, and what is beside both. */
export function placesOf(
  host: string,
  { wanted, digests }: { wanted: readonly WantedAccessory[]; digests: ReadonlyMap<string, string> },
): string[] {
  const roots = wanted.filter((one) => one.host === host).flatMap(({ accessory }) => accessory.files);
  const paths = [...roots.map(({ hostPath }) => hostPath), ...digestPaths(host, digests)];
  return [...new Set(paths)].flatMap((path) => [path, formerPlace(path), nextPlace(path)]);
}

function digestPaths(host: string, digests: ReadonlyMap<string, string>): string[] {
  return [...digests.keys()].filter((key) => key.startsWith(`${host}:`)).map((key) => key.slice(host.length + 1));
}

/** What a replacement left beside the places of files. */
export function besideOf(
  { host, accessory }: WantedAccessory,
  facts: Readonly<Record<string, FileFacts>>,
  digests: ReadonlyMap<string, string>,
): Pick<ObservedAccessory, 'formers' | 'nexts'> {
  const isOwn = (path: string) =>
    accessory.files.some(({ hostPath }) => path === hostPath || path.startsWith(`${hostPath}/`));
  const roots = accessory.files.map(({ hostPath }) => hostPath);
  const own = [...new Set([...roots, ...digestPaths(host, digests).filter(isOwn)])];
  const isThere = (path: string) => facts[path] !== undefined && facts[path].kind !== 'hidden';
  const formers = own.filter((path) => isThere(formerPlace(path)));
  const nexts = own.filter((path) => isThere(nextPlace(path)));
  return { ...(formers.length === 0 ? {} : { formers }), ...(nexts.length === 0 ? {} : { nexts }) };
}

/** What is not there as the file says, or where nobody may look. */
export function filesUnlike(
  { host, accessory }: WantedAccessory,
  facts: Readonly<Record<string, FileFacts>>,
  digests: ReadonlyMap<string, string>,
): ObservedAccessory['files'] {
  const mounted = [
    ...accessory.directories.map((directory) => ({ ...directory, kind: 'directory' as const })),
    ...accessory.files.map((file) => ({ ...file, kind: 'file' as const })),
  ];
  return mounted.flatMap(({ hostPath, mode, owner, kind }) => {
    const wanted = { mode: facts[hostPath]?.kind === 'directory' && kind === 'file' ? undefined : mode, owner, kind };
    const whole = whyUnlike(facts[hostPath], { ...wanted, sha256: digests.get(`${host}:${hostPath}`) });
    const within = digestPaths(host, digests).filter((path) => path.startsWith(`${hostPath}/`));
    const inside = within.flatMap(
      (path) => whyUnlike(facts[path], { ...wanted, sha256: digests.get(`${host}:${path}`) }) ?? [],
    );
    const [because] = [whole ?? [], inside].flat();
    if (facts[hostPath]?.kind === 'hidden') return [{ path: hostPath, because: notSeen, isUnseen: true as const }];
    return because === undefined ? [] : [{ path: hostPath, because }];
  });
}

const notSeen = 'it is where this login may not look, so nobody knows';

function whyUnlike(
  facts: FileFacts | undefined,
  wanted: {
    mode?: string | undefined;
    owner?: string | undefined;
    kind: 'file' | 'directory';
    sha256: string | undefined;
  },
): string | undefined {
  if (facts === undefined) return 'it is not there';
  const { mode, owner, sha256, kind } = wanted;
  // Docker makes one of a file that is gone when a container starts.
  if (kind === 'file' && sha256 !== undefined && facts.kind === 'directory') return 'it is a directory';
  // What may not be read cannot be judged; Kamal writes it anew at every boot.
  if (kind === 'file' && sha256 !== undefined && facts.sha256 !== undefined && facts.sha256 !== sha256) {
    return 'its content differs';
  }
  if (mode !== undefined && /^0*[0-7]{3,4}$/.test(mode) && facts.mode !== mode.replace(/^0+(?=[0-7]{3})/, '')) {
    return `its mode is ${facts.mode}`;
  }
  if (owner !== undefined && !isOwner(facts.owner, owner)) return `its owner is ${facts.owner.user}`;
  return undefined;
}

/** `user`, `user:group`, `user:`, `:group`, by names or numbers, as `chown` takes them. */
function isOwner(is: FileFacts['owner'], wanted: string): boolean {
  const [user = '', group = ''] = wanted.split(':');
  return (
    (user === '' || user === is.user || user === is.uid) && (group === '' || group === is.group || group === is.gid)
  );
}
