/** What a deploy does besides swapping containers: checks and commands of the user's. */

/** A command that is run once for each release, in its image, after it is on every machine and before anything is swapped. */
export interface ReleaseCommand {
  /** Whose environment, volumes and first machine it has. */
  readonly role: string;
  /** Split into words as a shell would. */
  readonly words: readonly string[];
  readonly timeoutSeconds: number;
  /** Destinations for which a person has to say yes to it. */
  readonly approve: readonly string[];
  /** Whether the version before can no longer serve once it has run. */
  readonly irreversible: boolean;
}

/** What the new version has to answer while the old one is still there. */
export type SmokeCheck = SmokeRequest | SmokeCommand;

/** A request through the proxy, made on the machine. */
export interface SmokeRequest {
  readonly kind: 'request';
  readonly path: string;
  /** Absent: the route's first. */
  readonly host?: string;
  /** Absent: any from 200 to 299. */
  readonly status?: number;
  readonly timeoutSeconds: number;
}

/** A command in the new container. */
export interface SmokeCommand {
  readonly kind: 'command';
  readonly words: readonly string[];
  readonly timeoutSeconds: number;
}
