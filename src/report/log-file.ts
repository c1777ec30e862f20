import { mkdirSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { Failure, messageOf } from '../errors.ts';
import type { Output } from './output.ts';

export interface LogFile {
  readonly directory: string;
  /** `build push` */
  readonly command: string;
  readonly destination?: string;
  readonly now: Date;
}

/**
 * Writes lines into a file of its own that only its owner reads, by Kamal's name. Each is on the disk at once, so that nothing is
 * missing from the log of a run that was killed. @throws Failure `log-not-writable`
 */
export function logFile({ directory, command, destination, now }: LogFile): Output {
  const words = [fileTime(now), destination ?? [], command.split(' ')].flat();
  const file = join(directory, `${words.join('_')}.log`);
  let descriptor: number;
  try {
    mkdirSync(directory, { recursive: true });
    descriptor = openSync(file, 'a', 0o600);
  } catch (error) {
    throw new Failure('log-not-writable', `No log can be written (output.file.path): ${messageOf(error)}`, {
      hint: 'Nothing was done. Make the directory writable, or name another one.',
      cause: error,
    });
  }
  let isFull = false;
  const append = (text: string) => {
    if (isFull) return;
    try {
      writeSync(descriptor, `${text}\n`);
    } catch {
      // A disk that is full is no reason to leave a deploy half done.
      isFull = true;
    }
  };
  return {
    write: ({ at, text }) => append(`${at.toISOString()} ${text}`),
    end({ exitStatus, seconds }) {
      append(`${new Date().toISOString()} exit status ${exitStatus} after ${seconds.toFixed(1)} s`);
      return Promise.resolve();
    },
    whereToLook: `Everything that was said is in ${file}`,
  };
}

/** Local time, as Kamal takes it. */
function fileTime(now: Date): string {
  const two = (number: number) => String(number).padStart(2, '0');
  const day = [now.getFullYear(), two(now.getMonth() + 1), two(now.getDate())].join('-');
  return `${day}T${[now.getHours(), now.getMinutes(), now.getSeconds()].map(two).join('-')}`;
}
