import { formerPlace, nextPlace } from '../accessories/places.ts';
import { Failure } from '../errors.ts';
import type { Host } from '../hosts/host.ts';
import type { Step } from '../plan/plan.ts';
import { megabytes } from '../plan/room.ts';
import type { Execution, UploadedFile } from './execution.ts';

/** Steps on the machine itself, besides Docker's. */

export async function uploadFile(
  step: Extract<Step, { kind: 'upload-file' }>,
  host: Host,
  execution: Execution,
): Promise<void> {
  for (const { below, content } of filesAt(step.path, host, execution)) {
    const path = step.place === 'beside' ? nextPlace(`${step.path}${below}`) : `${step.path}${below}`;
    await host.writeFile(path, content, step.mode);
    await giveAccess({ path, ...(step.owner === undefined ? {} : { owner: step.owner }) }, host);
  }
}

export async function swapFile(
  { path, way }: Extract<Step, { kind: 'swap-file' }>,
  host: Host,
  execution: Execution,
): Promise<void> {
  const places = filesAt(path, host, execution).map(({ below }) => `${path}${below}`);
  if (way === 'end') return host.removeDirectories(places.map(formerPlace));
  if (way === 'drop') return host.removeDirectories(places.map(nextPlace));
  const moves = (place: string) =>
    way === 'back'
      ? [{ from: formerPlace(place), to: place }]
      : [
          { from: place, to: formerPlace(place) },
          { from: nextPlace(place), to: place },
        ];
  return host.moveFiles(places.flatMap(moves));
}

function filesAt(path: string, host: Host, { files }: Execution): readonly UploadedFile[] {
  const found = files.get(`${host.name}:${path}`);
  if (found === undefined) throw new Error(`what belongs to ${path} was not read for ${host.name}`);
  return found;
}

export async function giveAccess(
  { path, mode, owner }: { path: string; mode?: string; owner?: string },
  host: Host,
): Promise<void> {
  if (mode === undefined && owner === undefined) return;
  await host.setAccess(path, { ...(mode === undefined ? {} : { mode }), ...(owner === undefined ? {} : { owner }) });
}

/** One that takes too long has failed: it was stopped, and is not run again by itself. @throws Failure `hook-failed` or `interrupted` */
export async function runCommand(
  step: Extract<Step, { kind: 'run-command' }>,
  { host, role }: { host: Host; role: string | undefined },
  execution: Execution,
  onProgress: (text: string) => void,
): Promise<void> {
  const lines: string[] = [];
  const running = host.runScript({
    // Of several accessories each has its own.
    start: `${execution.startedAt} ${role ?? ''} ${step.name}`,
    script: `#!/bin/sh\n${step.command}\n`,
    name: step.name,
    env: {},
    secretEnv: {},
    timeoutSeconds: step.timeoutSeconds,
    onLine(line) {
      lines.push(execution.mask(line));
      onProgress(execution.mask(line));
    },
    signal: execution.signal,
  });
  const status = await running.catch((error: unknown) => {
    if (!(error instanceof Failure) || error.code !== 'timed-out') throw error;
    throw new Failure('hook-failed', error.message, { details: lines.slice(-20) });
  });
  if (status === 0) return;
  throw new Failure('hook-failed', `${host.name}: ${step.name} ended with status ${status}`, {
    details: lines.slice(-20),
  });
}

/** @throws Failure `host-without-space` */
export async function checkSpace({ bytes }: Extract<Step, { kind: 'check-space' }>, host: Host): Promise<void> {
  const nothing = { lockDirectory: '/dev/null', releasesFile: '/dev/null', files: [], paths: [] };
  const { freeBytes } = await host.readState(nothing);
  if (freeBytes >= bytes) return;
  throw new Failure(
    'host-without-space',
    `${host.name}: ${megabytes(freeBytes)} free even now, and the image may need ${megabytes(bytes)}`,
    { hint: `\`docker system df\` on ${host.name} shows what takes the space.` },
  );
}
