import { statSync } from 'node:fs';

/** Undefined also for a path that no file can have, and for what nobody here may look at. */
export function whatIsAt(path: string): 'file' | 'directory' | undefined {
  try {
    const found = statSync(path, { throwIfNoEntry: false });
    return found?.isFile() ? 'file' : found?.isDirectory() ? 'directory' : undefined;
  } catch {
    return undefined;
  }
}
