import type { Healthcheck } from './config-accessory.ts';

/** How the container of one version makes room for that of the next. */
export interface Swap {
  /** What ends its taking of new jobs, before the first container of the new version starts. */
  readonly quiet?: Quiet;
  /** Seconds a container gets to stop; absent for Docker's own 10. */
  readonly stopTimeoutSeconds?: number;
  /** Absent for the image's own. */
  readonly stopSignal?: string;
  /** False: the old one is stopped before the new one is started, so that two never run. */
  readonly mayOverlap: boolean;
  /** One container in the whole fleet, wherever the role's machine is. */
  readonly isSingleton: boolean;
  /** When it is healthy; absent: its image's own check, or staying up. */
  readonly healthcheck?: Healthcheck;
}

export interface Quiet {
  readonly by:
    { readonly kind: 'signal'; readonly signal: string } | { readonly kind: 'cmd'; readonly words: readonly string[] };
  /** Absent: nothing tells, and it is stopped at once; its stop timeout is then all it has. */
  readonly drained?: Drained;
}

export interface Drained {
  /** In the container; it ends with 0 once no job is left. */
  readonly words: readonly string[];
  /** How long that is waited for. */
  readonly timeoutSeconds: number;
}
