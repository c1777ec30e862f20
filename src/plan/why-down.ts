import { whyNotStarted } from '../containers/not-started.ts';
import type { ObservedHost } from '../observe/observed.ts';

/** What is known of a container that ought to run and does not. */
export interface DownContainer {
  /** `Exited (137) 3 minutes ago` */
  readonly status: string;
  readonly error?: string;
}

/** Why it does not run, beyond what its status says; undefined when nobody knows more. */
export function whyDown(
  { status, error }: DownContainer,
  { addresses }: Pick<ObservedHost, 'addresses'>,
): string | undefined {
  if (error !== undefined) return whyNotStarted(error, addresses);
  // With `unless-stopped` the engine takes one that it had to kill, as it was stopped itself, for one that somebody stopped.
  if (status.startsWith('Exited (137)')) return 'it was killed, and Docker does not start such a one again by itself';
  return undefined;
}

/** The same as the reason for starting it. */
export function whyStarted(container: DownContainer, host: Pick<ObservedHost, 'addresses'>): string {
  const why = whyDown(container, host);
  return `it is not running: ${container.status}${why === undefined ? '' : `; ${why}`}`;
}
