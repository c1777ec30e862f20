import type { MountedFile } from '../../config/config-accessory.ts';
import type { Step } from '../plan.ts';
import { wasMakingRoom } from './before.ts';
import { filesToMend, type Met } from './current.ts';

/** The files that the file brings to an accessory's machine. */

/** Of a container that does not run: its files in their places. */
export function fileSteps(met: Met): Step[] {
  return filesUnlike(met).map(({ file, because }) => upload(file, because));
}

/**
 * Of one that is replaced: written beside their places while it runs, and swapped when it has stopped, so that it comes back with what it
 * had. Where a replacement that was cut off had swapped already, what that one kept is what the old container had; unless the new one had
 * begun to run, and is the old one by now.
 */
export function swapSteps(met: Met): { clears: Step[]; uploads: Step[]; swaps: Step[]; ends: Step[] } {
  const unlike = filesUnlike(met);
  const kept = keptFiles(met);
  const isUnsettled = wasMakingRoom(met);
  const all = new Set([...(isUnsettled ? kept : []), ...unlike.map(({ file: { hostPath } }) => hostPath)]);
  return {
    // Before there is a successor, beside which what is kept would count as what the old container had.
    clears: (isUnsettled ? [] : kept).map((path) => swapEnd(path, 'a run that was cut off left it')),
    uploads: unlike.map(({ file, because }): Step => ({ ...upload(file, because), place: 'beside' })),
    swaps: unlike.flatMap(({ file: { hostPath: path }, because }): Step[] => [
      ...(isUnsettled && kept.includes(path)
        ? [swapBack(path, 'a run that was cut off had put another one there')]
        : []),
      { kind: 'swap-file', path, way: 'in', because },
    ]),
    ends: [
      ...[...all].map((path) => swapEnd(path, 'its successor is healthy')),
      ...dropSteps(met).filter(({ path }) => !unlike.some(({ file }) => file.hostPath === path)),
    ],
  };
}

/** What one that was replaced to the end had: nothing goes back to it. */
export function swapEndSteps(met: Met): Step[] {
  return [...keptFiles(met).map((path) => swapEnd(path, 'its successor is healthy')), ...dropSteps(met)];
}

/** What waits beside a file's place, and was never put there. */
export function dropSteps({ wanted, observed: { nexts = [] } }: Met): (Step & { path: string })[] {
  return filesOf(wanted, nexts).map((path) => ({
    kind: 'swap-file',
    path,
    way: 'drop',
    because: 'a run that did not come to its end left it',
  }));
}

/** What a container that comes back had, where it was swapped. @param stale what is kept beside its place, and was not its own */
export function swapBackSteps(met: Met, because: string, stale: readonly string[]): Step[] {
  const own = (met.observed.formers ?? []).filter((path) => !stale.includes(path));
  return filesOf(met.wanted, own).map((path) => swapBack(path, because));
}

function swapEnd(path: string, because: string): Step {
  return { kind: 'swap-file', path, way: 'end', because };
}

function swapBack(path: string, because: string): Step {
  return { kind: 'swap-file', path, way: 'back', because };
}

function keptFiles({ wanted, observed: { formers = [] } }: Met): string[] {
  return filesOf(wanted, formers);
}

/** The files of which one of these is, or is in. */
function filesOf({ accessory }: Met['wanted'], paths: readonly string[]): string[] {
  return accessory.files
    .map(({ hostPath }) => hostPath)
    .filter((file) => paths.some((path) => path === file || path.startsWith(`${file}/`)));
}

function filesUnlike(met: Met): { file: MountedFile; because: string }[] {
  return met.wanted.accessory.files.flatMap((file) => {
    const because = filesToMend(met).find(({ path }) => path === file.hostPath)?.because;
    return because === undefined ? [] : [{ file, because }];
  });
}

function upload(
  { hostPath, local, mode, owner }: MountedFile,
  because: string,
): Extract<Step, { kind: 'upload-file' }> {
  return { kind: 'upload-file', path: hostPath, local, mode, ...(owner === undefined ? {} : { owner }), because };
}
