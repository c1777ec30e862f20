import { lineDirectory, lockDirectory } from '../containers/names.ts';
import { timestamp } from '../execute/record.ts';
import type { LockRequest } from '../hosts/host.ts';
import { leaseSeconds } from './lease.ts';
import type { Session } from './session.ts';

/** The three lines that Kamal shows (reference, section 3.5). */
export function lockRequest(
  { config, tree }: Session,
  { version, message, ...lasting }: Pick<LockRequest, 'lease' | 'roster'> & { version: string; message: string },
): LockRequest {
  const who = tree.userName || tree.performer;
  return {
    directory: lockDirectory(config),
    details: `Locked by: ${who} at ${timestamp()}\nVersion: ${version}\nMessage: ${message}`,
    ...lasting,
  };
}

/** A request that heeds who came before, and with `--lock-wait` stands in line, under a token, until it can be met. */
export function inLine({ run, config }: Session, token: string, request: LockRequest): LockRequest {
  const manner = run.lockWait === undefined ? 'passes-by' : 'waits';
  return { ...request, line: { directory: lineDirectory(config), token, seconds: leaseSeconds, manner } };
}
