/**
 * What the file means: defaults filled in, base and destination merged, every value in the form the other rooms need.
 * Key names and defaults are Kamal 2.12's; durations are in seconds unless the name says otherwise.
 */

import type { OutputConfig } from './output.ts';
import type { Accessory } from './config-accessory.ts';
import type { ReleaseCommand, SmokeCheck } from './config-phases.ts';
import type { Swap } from './config-swap.ts';

export interface Config {
  /** Path of the base file as the user gave it, for messages. */
  readonly file: string;
  readonly destinationFile?: string;
  readonly service: string;
  /** Kamal's destination; absent when the base file alone is deployed (also when it is called by `base_destination`). */
  readonly destination?: string;
  /** The word the user says for this destination: `destination`, or the file's `base_destination`. */
  readonly destinationName?: string;
  /** What the other destinations of these files mean, as far as they can be read; not looked for where nothing could meet. */
  readonly others: readonly Config[];
  /** Image without registry server and tag, for example `acme/shop`. */
  readonly image: string;
  /** Image with registry server, without tag: `registry.example.com/acme/shop`. */
  readonly repository: string;
  readonly registry: Registry;
  /** Primary role first, the others by name, as Kamal orders them. */
  readonly roles: readonly Role[];
  readonly primaryRole: string;
  /** The machine that holds the lock, whatever filters say: first host of the primary role, or of the first accessory. */
  readonly primaryHost: string;
  /** Every machine of every role, primary role's first, each once. */
  readonly hosts: readonly string[];
  /** In the order written. */
  readonly accessories: readonly Accessory[];
  /** Every machine of every accessory, each once. */
  readonly accessoryHosts: readonly string[];
  /** `hosts`, then those that only accessories have. */
  readonly allHosts: readonly string[];
  readonly builder: Builder;
  /** How to run the proxy's container, by machine; where nothing is said, `~/.kamal/proxy` or Kamal's defaults decide. */
  readonly proxyRuns: ReadonlyMap<string, ProxyRun>;
  readonly ssh: SshConfig;
  readonly boot: BootConfig;
  readonly release?: ReleaseCommand;
  readonly output: OutputConfig;
  /** Words that stand for commands, by name. */
  readonly aliases: Readonly<Record<string, string>>;
  /** What has to be true of the work tree before it is built or deployed from; absent: nothing. */
  readonly gitRequires?: 'clean' | 'in-sync';
  /** Names and globs of the branches that may be deployed; absent: any. */
  readonly gitBranches?: readonly string[];
  readonly readinessDelaySeconds: number;
  readonly deployTimeoutSeconds: number;
  readonly drainTimeoutSeconds: number;
  readonly retainContainers: number;
  readonly hooksPath: string;
  readonly hooks: Readonly<Record<string, HookConfig>>;
  /** Which hooks' output is shown or hidden whatever the verbosity, by hook name. */
  readonly hooksOutput?: Readonly<Record<string, 'quiet' | 'verbose'>>;
  readonly secretsPath: string;
  /** Absent: nobody has decided; what Longshore makes gets exact ones. */
  readonly values?: Values;
  /** Directory on this machine whose `4xx.html` and `5xx.html` the proxy shows instead of its own. */
  readonly errorPagesPath?: string;
  /** Things worth saying that stop nothing, each with `file:line`. */
  readonly warnings: readonly string[];
}

/** How values reach the containers: as they are written, or as Kamal 2.12 delivers them. */
export type Values = 'kamal' | 'exact';

/** A value given in the file, or the name of a secret that holds it. */
export type Value = string | SecretReference;
export interface SecretReference {
  readonly secret: string;
}

export interface Registry {
  /** Absent for Docker Hub. */
  readonly server?: string;
  /** Set when it is a container that is run on this machine, and the machines reach it over their SSH connection. */
  readonly localPort?: number;
  readonly username?: Value;
  readonly password?: Value;
}

export interface Role extends Swap {
  readonly name: string;
  readonly isPrimary: boolean;
  readonly hosts: readonly RoleHost[];
  /** Split into words as a shell would; absent for the image's own. */
  readonly cmd?: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly options: readonly DockerOption[];
  readonly restartPolicy: string;
  readonly logging: Logging;
  readonly volumes: readonly string[];
  /** Files in the image that the pages of one version may ask the other for; only of roles with traffic. */
  readonly assets?: { readonly path: string; readonly mountOptions?: string };
  /** Absent when no traffic is sent to this role. */
  readonly proxy?: ProxyRoute;
  /** Accessories that are started before it when both are. */
  readonly dependsOn: readonly string[];
  readonly smoke: readonly SmokeCheck[];
}

/** A machine, for a role or an accessory. */
export interface RoleHost {
  readonly host: string;
  /** Environment on this machine: root, then role, then the host's tags; an accessory has only its own. */
  readonly env: Env;
}

export interface Env {
  readonly clear: Readonly<Record<string, string>>;
  /** Variable name → key in the secrets files. */
  readonly secret: Readonly<Record<string, string>>;
}

/** One `docker run` option by its long name, without dashes. `true` is a bare flag. */
export interface DockerOption {
  readonly name: string;
  readonly value: string | true;
}

export interface Logging {
  readonly driver?: string;
  readonly options: Readonly<Record<string, string>>;
}

export interface ProxyRoute {
  /** Empty means every host name. */
  readonly hosts: readonly string[];
  readonly pathPrefixes: readonly string[];
  readonly stripPathPrefix?: boolean;
  readonly appPort: number;
  readonly ssl: boolean;
  /** Of one's own instead of Let's Encrypt's: the names of the secrets that hold certificate and key. */
  readonly certificate?: { readonly certificate: string; readonly privateKey: string };
  readonly sslRedirect?: boolean;
  readonly forwardHeaders?: boolean;
  readonly responseTimeoutSeconds?: number;
  readonly healthcheck: { readonly path?: string; readonly intervalSeconds?: number; readonly timeoutSeconds?: number };
  readonly buffering: {
    readonly requests: boolean;
    readonly responses: boolean;
    readonly memoryBytes?: number;
    readonly maxRequestBodyBytes?: number;
    readonly maxResponseBodyBytes?: number;
  };
  readonly logRequestHeaders: readonly string[];
  readonly logResponseHeaders: readonly string[];
}

export interface ProxyRun {
  readonly publish: boolean;
  readonly httpPort: number;
  readonly httpsPort: number;
  readonly metricsPort?: number;
  readonly debug: boolean;
  /** Empty disables Docker's log limit. */
  readonly logMaxSize: string;
  readonly bindIps: readonly string[];
  readonly registry?: string;
  readonly repository: string;
  readonly version: string;
  readonly options: readonly DockerOption[];
}

export interface Builder {
  readonly arch: readonly string[];
  /** `docker-container`, `docker` (the engine itself), or `cloud org/builder`. */
  readonly driver: string;
  /** Whether the file names it; if not, the engine itself may stand in for a builder that cannot be started. */
  readonly driverIsGiven: boolean;
  /** Absent: build from a clean clone of HEAD. */
  readonly context?: string;
  readonly dockerfile: string;
  readonly target?: string;
  /** Null: the variable of that name on the machine that deploys, if it is set. */
  readonly args: Readonly<Record<string, string | null>>;
  /** Names in the secrets files, handed to the build as BuildKit secrets. */
  readonly secrets: readonly string[];
  /** Docker endpoint such as `ssh://user@host:port`, for processors that this machine has not. */
  readonly remote?: string;
  /** False: everything is built on `remote`. */
  readonly local: boolean;
  /** Buildpacks build instead of a Dockerfile. */
  readonly pack?: { readonly builder: string; readonly buildpacks: readonly string[] };
  /** `default=$SSH_AUTH_SOCK`; variables are those of the environment that builds. */
  readonly ssh?: string;
  readonly cache?: BuildCache;
  readonly provenance?: string;
  readonly sbom?: string;
}

export interface BuildCache {
  readonly type: 'gha' | 'registry';
  /** More options for writing it, comma-separated. */
  readonly options?: string;
  /** Image without registry server; absent: the app's own with `-build-cache` after it. */
  readonly image?: string;
}

export interface SshConfig {
  readonly user: string;
  readonly port: number;
  readonly keys: readonly string[];
  readonly keysOnly: boolean;
  /** Private keys themselves: names of secrets, or, as Kamal still takes them, their text. */
  readonly keyData: readonly Value[];
  /** Whether hooks on the machines reach this machine's ssh agent. */
  readonly forwardAgent: boolean;
  /** Longshore's own: what differs for single machines, by their names. */
  readonly hosts: Readonly<Record<string, { readonly user?: string; readonly port?: number }>>;
  /** How many connections are opened at the same time. */
  readonly startsAtOnce: number;
  /** How often a name that DNS did not resolve is asked for again. */
  readonly dnsRetries: number;
  /** `user@host:port` of a jump host. */
  readonly proxy?: string;
  readonly proxyCommand?: string;
  /** `false`: ignore every ssh_config; paths: read these; `true`: OpenSSH's own. */
  readonly config: boolean | readonly string[];
}

export interface BootConfig {
  /** Machines of the primary role per group; absent: all at once. */
  readonly limit?: number;
  readonly waitSeconds: number;
}

export interface HookConfig {
  readonly runOn: readonly ('local' | 'hosts')[];
  /** Roles whose machines run it; empty means every machine. */
  readonly roles: readonly string[];
  /** Names in the secrets files that the script sees, here too; absent: on machines none, here what Kamal's hook sees. */
  readonly secrets?: readonly string[];
  readonly timeoutSeconds: number;
}
