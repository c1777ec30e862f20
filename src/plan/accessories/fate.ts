import { currentOf, type Met } from './current.ts';
import { anonymousVolumes, wantedMounts } from './refuse.ts';

/** What becomes of an accessory's data when it is made anew, in words; files that the file itself brings are none. */
export function fateOf(met: Met): string {
  const { wanted } = met;
  const name = wanted.accessory.name;
  const brought = wanted.accessory.files.map(({ remote }) => remote);
  const kept = wantedMounts(met)
    .filter(({ destination }) => !brought.includes(destination))
    .map(({ source }) => source);
  const mounts = currentOf(met)?.mounts.filter(({ destination }) => !brought.includes(destination)) ?? [];
  if (mounts.length === 0 && kept.length === 0)
    return `${name} mounts no data: what it has in memory and in its container is gone afterwards (of a store of sessions: everyone is logged out)`;
  const volumes = anonymousVolumes(met).map(
    ({ name: volume = '', destination }) => `${destination} (volume ${volume.slice(0, 12)})`,
  );
  const lost = volumes.length === 0 ? '' : `; ${volumes.join(', ')} stays behind unmounted`;
  return `${name} keeps ${kept.join(', ') || 'nothing'}${lost}`;
}
