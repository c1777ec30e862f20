/** The calls we make to one machine's Docker Engine, and the parts we read of its answers (Engine API 1.41 and later). */
export interface Docker {
  /** All containers, running or not. */
  listContainers(): Promise<ContainerSummary[]>;
  /** @returns undefined when there is no such container */
  inspectContainer(nameOrId: string): Promise<ContainerInspect | undefined>;
  /** @param body the JSON of `POST /containers/create`. @returns the full id */
  createContainer(name: string, body: CreateContainerBody): Promise<string>;
  /** Does nothing when it runs already. */
  startContainer(nameOrId: string): Promise<void>;
  /** Does nothing when it is stopped or gone. `timeoutSeconds` absent: the container's own, else 10. */
  stopContainer(nameOrId: string, timeoutSeconds?: number): Promise<void>;
  /** Sends a signal to its main process. Does nothing when it does not run. */
  signalContainer(nameOrId: string, signal: string): Promise<void>;
  /** Containers that somebody told to stop in these last seconds, and that have not yet: Docker goes on when whoever asked is gone. */
  listStopping(withinSeconds: number): Promise<Stopping>;
  renameContainer(nameOrId: string, name: string): Promise<void>;
  /** Of one that runs or does not. */
  setRestartPolicy(nameOrId: string, policy: RestartPolicy): Promise<void>;
  /** Does nothing when it is gone; running containers are refused unless `force`. */
  removeContainer(nameOrId: string, options?: { force: true }): Promise<void>;
  /**
   * Resolves with the exit status when the container stops the next time; `signal` gives up waiting (Failure `interrupted`). One that
   * its policy starts again at once may be said to have exited with 0: `lastExitStatus` knows better.
   */
  waitForExit(nameOrId: string, signal: AbortSignal): Promise<number>;
  /** Of one that stands still or was started again since; undefined when it never exited, is gone, or the engine has forgotten. */
  lastExitStatus(nameOrId: string): Promise<number | undefined>;
  /** The last lines of stdout and stderr, in order. */
  logs(nameOrId: string, options: { tail: number; sinceSeconds?: number }): Promise<string[]>;
  listImages(): Promise<ImageSummary[]>;
  /** @returns undefined when the image is not on the machine */
  inspectImage(reference: string): Promise<ImageInspect | undefined>;
  /** Pulls `repository:tag`. @returns the digest the registry answered with, `sha256:…` */
  pullImage(reference: string, credentials?: RegistryCredentials, onProgress?: (text: string) => void): Promise<string>;
  /**
   * The digest that the registry has for a tag now, asked by the engine with this login; nothing is pulled.
   * @throws Failure `engine-refused` with the registry's own words, or `timed-out`
   */
  registryDigest(
    reference: string,
    ask: { readonly credentials?: RegistryCredentials; readonly timeoutSeconds: number },
  ): Promise<string>;
  tagImage(reference: string, repository: string, tag: string): Promise<void>;
  /** Removes one tag (and the image with its last tag). Does nothing when it is gone; images in use are refused. */
  removeImage(reference: string): Promise<void>;
  inspectNetwork(name: string): Promise<NetworkInspect | undefined>;
  /** Does nothing when it exists. */
  createNetwork(name: string): Promise<void>;
  /** One file out of a container, running or not; undefined when container or file is not there. */
  readFile(container: string, path: string): Promise<Buffer | undefined>;
  /** Puts files into a directory of a container, running or not, with these owners; what it mounts there gets them. */
  putFiles(container: string, directory: string, files: readonly OwnedFile[]): Promise<void>;
  /** A command that is running in a container right now; undefined when it is over. */
  inspectExec(id: string): Promise<ExecInspect | undefined>;
  info(): Promise<EngineInfo>;
}

export interface RestartPolicy {
  readonly Name: string;
  /** Of `on-failure`; 0: as often as it takes. */
  readonly MaximumRetryCount: number;
}

export interface Stopping {
  readonly names: readonly string[];
  /** False when more has happened since than the engine remembers. */
  readonly isComplete: boolean;
}

export interface RegistryCredentials {
  readonly server: string;
  readonly username: string;
  readonly password: string;
}

/** A file as its owner's only. */
export interface OwnedFile {
  readonly name: string;
  readonly content: string;
  /** For example 0o600. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

export interface ExecResult {
  readonly exitStatus: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ContainerSummary {
  Id: string;
  Names: string[];
  Image: string;
  ImageID: string;
  Labels: Record<string, string>;
  /** created, running, paused, restarting, removing, exited or dead */
  State: string;
  /** `Up 3 minutes (healthy)` */
  Status: string;
  /** Seconds since 1970. */
  Created: number;
  Ports?: { IP?: string; PrivatePort: number; PublicPort?: number; Type: string }[];
  Mounts?: { Type: string; Name?: string; Source: string; Destination: string; RW?: boolean }[];
}

/** `docker inspect` of a container; only the parts named here are read, the rest is kept for comparison. */
export interface ContainerInspect {
  Id: string;
  Name: string;
  Created: string;
  Image: string;
  RestartCount: number;
  ExecIDs: string[] | null;
  State: {
    Status: string;
    Running: boolean;
    Restarting: boolean;
    OOMKilled: boolean;
    ExitCode: number;
    Error: string;
    StartedAt: string;
    FinishedAt: string;
    Health?: { Status: string; FailingStreak?: number; Log?: { ExitCode: number; Output: string }[] };
  };
  Config: {
    Hostname: string;
    Env: string[] | null;
    Cmd: string[] | null;
    Entrypoint: string[] | null;
    Image: string;
    Labels: Record<string, string> | null;
    Volumes: Record<string, object> | null;
    User: string;
    WorkingDir: string;
    [key: string]: unknown;
  };
  HostConfig: Record<string, unknown>;
  Mounts: { Type: string; Name?: string; Source: string; Destination: string; RW: boolean; Mode?: string }[];
  NetworkSettings: {
    Networks: Record<string, { IPAddress: string; NetworkID?: string; Aliases: string[] | null } | null>;
  };
}

/** Body of `POST /containers/create`; everything optional but the image. */
export interface CreateContainerBody {
  Image: string;
  Hostname?: string;
  Cmd?: string[];
  Env?: string[];
  Labels?: Record<string, string>;
  ExposedPorts?: Record<string, object>;
  HostConfig: Record<string, unknown>;
  [key: string]: unknown;
}

export interface ImageSummary {
  Id: string;
  RepoTags: string[] | null;
  RepoDigests: string[] | null;
  Labels: Record<string, string> | null;
  Created: number;
  Size: number;
}

export interface ImageInspect {
  Id: string;
  RepoTags: string[] | null;
  RepoDigests: string[] | null;
  Architecture: string;
  /** The lowest first. */
  RootFS: { Layers?: string[] };
  Config: {
    Env: string[] | null;
    Cmd: string[] | null;
    Entrypoint?: string[] | null;
    Labels: Record<string, string> | null;
    Volumes?: Record<string, object> | null;
    ExposedPorts?: Record<string, object> | null;
    Healthcheck?: unknown;
    User?: string;
    WorkingDir?: string;
    [key: string]: unknown;
  };
}

export interface NetworkInspect {
  Name: string;
  Id: string;
}

export interface ExecInspect {
  ID: string;
  Running: boolean;
  ProcessConfig: { entrypoint: string; arguments: string[] };
}

export interface EngineInfo {
  ServerVersion: string;
  /** By the engine's own clock, RFC 3339. */
  SystemTime: string;
  Architecture: string;
  DockerRootDir: string;
}
