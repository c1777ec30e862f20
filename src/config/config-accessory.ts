import type { DockerOption, Logging, ProxyRoute, Registry, RoleHost } from './config.ts';

/** A container beside the app, such as a database. A deploy leaves it alone. */
export interface Accessory {
  /** Its key under `accessories`. */
  readonly name: string;
  /** What its container, `service` label, route and directory are called on the machines. */
  readonly service: string;
  /** As it is pulled, with registry server and tag. */
  readonly image: string;
  /** Its own login; absent: the root's. */
  readonly registry?: Registry;
  readonly hosts: readonly RoleHost[];
  /** Split into words as a shell would; absent for the image's own. */
  readonly cmd?: readonly string[];
  readonly network: string;
  /** `docker run --publish` texts. */
  readonly publish: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly options: readonly DockerOption[];
  readonly restartPolicy: string;
  readonly logging: Logging;
  readonly files: readonly MountedFile[];
  readonly directories: readonly MountedDirectory[];
  /** `docker run --volume` texts, before files and directories in Kamal's command. */
  readonly volumes: readonly string[];
  /** Absent when the proxy does not lead to it. */
  readonly proxy?: ProxyRoute;
  /** Accessories that are started before it, and stopped after it. */
  readonly dependsOn: readonly string[];
  readonly healthcheck: Healthcheck;
  /** Seconds its container gets to stop; absent for Docker's own 10. */
  readonly stopTimeoutSeconds?: number;
  /** Absent for the image's own. */
  readonly stopSignal?: string;
  /** A command for the machine's shell; when it fails, the container is not replaced. */
  readonly beforeReplace?: { readonly command: string; readonly timeoutSeconds: number };
  /** Whether the old container may come back by itself after a new image ran with a writable mount. */
  readonly revert: boolean;
}

interface Mounted {
  /** On the machine: absolute, or relative to the login directory (`shop-db/etc/my.cnf`). */
  readonly hostPath: string;
  /** In the container. */
  readonly remote: string;
  /** As in `chmod`. */
  readonly mode?: string;
  /** As in `chown`. */
  readonly owner?: string;
  /** As in `--volume`: `ro`, `z`. */
  readonly options?: string;
}

export type MountedDirectory = Mounted;

export interface MountedFile extends Mounted {
  /** The file or directory here, as written: relative to the project, or with `~` for one's own home. */
  readonly local: string;
  /** Whether it is an ERB template that sees the accessory's environment in `ENV`. */
  readonly isTemplate: boolean;
  readonly mode: string;
}

export interface Healthcheck {
  /** Absent: the image's own check, or a connection to the container's port. */
  readonly check?:
    | { readonly kind: 'cmd'; readonly words: readonly string[] }
    | { readonly kind: 'http'; readonly path: string; readonly port: number; readonly status?: number }
    | { readonly kind: 'tcp'; readonly port: number };
  readonly intervalSeconds: number;
  readonly timeoutSeconds: number;
  /** Failures do not count before this has passed. */
  readonly startPeriodSeconds: number;
  /** Failures in a row that count. */
  readonly retries: number;
}
