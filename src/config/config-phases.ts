/** What a deploy does besides swapping containers: checks and commands of the user's. */

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
