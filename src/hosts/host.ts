import type { EnlistAnswer, Enlistment, Seat } from './enlistment.ts';
import type { Docker, ExecResult } from './docker.ts';
import type { LineRequest, PlaceInLine } from './lock-line.ts';
import type { StreamRun } from './stream.ts';
import type { Watch } from './watch.ts';

/**
 * One machine, over one SSH connection. Every call has a time limit and throws a `Failure` that names the machine:
 * `connection-lost` or `timed-out` when nobody knows whether the call took effect, anything else when it did not.
 * Paths that do not start with `/` are relative to the login directory.
 */
export interface Host {
  /** As written in the config. */
  readonly name: string;
  readonly docker: Docker;
  /** Over containers that are being replaced; it outlives this run. */
  readonly watch: Watch;
  /** What is not Docker's, read in one round trip. */
  readState(query: StateQuery): Promise<HostState>;
  /** How the machine comes up after a restart, as far as it can say. */
  readBootFacts(): Promise<BootFacts>;
  /** What lies at these paths; missing ones are left out of the answer. */
  describeFiles(paths: readonly string[]): Promise<Readonly<Record<string, FileFacts>>>;
  /** Writes the whole file with exactly this mode, directories made as needed; the content never passes an argv. */
  writeFile(path: string, content: string | Uint8Array, mode: string): Promise<void>;
  /** Appends whole lines, directories made as needed. */
  appendLines(path: string, lines: readonly string[]): Promise<void>;
  makeDirectory(path: string): Promise<void>;
  /** Puts a whole directory of text files in place at once, readable for everybody; what was there before is gone. */
  writeDirectory(path: string, files: ReadonlyMap<string, string>): Promise<void>;
  /** Gives a directory beside `to` its name, unless there is one of that name: then it is removed. */
  moveDirectory(from: string, to: string): Promise<void>;
  /** Gives files other names, in turn and over what is there; those that are not there are no failure. */
  moveFiles(moves: readonly { from: string; to: string }[]): Promise<void>;
  /** Removes these directories with all that is in them; those that are not there are no failure. */
  removeDirectories(paths: readonly string[]): Promise<void>;
  /**
   * Makes the directory that a container mounts over its assets: its own version's, taken out of the image, and those of the other
   * versions that it lacks; and puts its own among those of the versions that run. What is there already is never written over by another
   * version's. @returns what could not be shared, a line each. @throws Failure `image-mismatch` when the image has no such directory
   */
  syncAssets(sync: AssetSync): Promise<string[]>;
  /** Gives a file or directory, not what is in it, a mode and an owner as `chmod` and `chown` take them; by `sudo -n` where the login may not. */
  setAccess(path: string, access: { mode?: string; owner?: string }): Promise<void>;
  /** Takes the lock and its lease in one atomic act; says who holds it when somebody does. */
  acquireLock(request: LockRequest): Promise<LockAnswer>;
  /** Takes over a lock whose lease has run out by the machine's own clock, atomically; otherwise as `acquireLock`. */
  takeOverLock(request: LockRequest): Promise<LockAnswer>;
  /** As `acquireLock`, but takes nothing: `taken` says that the lock is free, and nobody stands before this run. */
  lookAtLock(request: LockRequest): Promise<LockAnswer>;
  /** Gives up a place in the line for a lock. */
  leaveLine(line: Pick<LineRequest, 'directory' | 'token'>): Promise<void>;
  /** Renews the lease. @returns false when the lock is no longer ours */
  refreshLock(directory: string, ownerToken: string): Promise<boolean>;
  /** Gives back our own lock (token given), or anybody's (no token). @returns false when it was not there, or not ours; true for one that it gave back before */
  releaseLock(request: LockRelease): Promise<boolean>;
  /**
   * Says here that this connection is that of the run which has the lock, ends the connections of runs that died, and counts what these
   * began and is not over. Refused for a run whose turn is over.
   */
  enlist(enlistment: Enlistment): Promise<EnlistAnswer>;
  /**
   * Creates a container by `docker create` with these words, for options the API table does not know. The secret variables arrive
   * exactly as given, and no process list on the machine shows them. @returns the id
   */
  createByCommandLine(words: readonly string[], secretEnv: Readonly<Record<string, string>>): Promise<string>;
  /** Runs the user's script in a process group of its own; see `ScriptRun`. @returns its exit status */
  runScript(run: ScriptRun): Promise<number>;
  /** Runs a command in a running container over the shell and waits for its end: one round trip where the API takes three. */
  execInContainer(container: string, words: readonly string[], timeoutSeconds: number): Promise<ExecResult>;
  /**
   * Shows what a container says as it says it, with a terminal or a pipe for what it reads; see `StreamRun`. What runs there ends with
   * the signal, and with the connection. @returns its exit status, 128 + n when a signal ended it
   */
  stream(run: StreamRun): Promise<number>;
  /**
   * Lets the machine reach a port of this one as its own `localhost:port`, until the answer is called.
   * @throws Failure `forwarding-refused` when nothing listens here, or its sshd does not do it
   */
  reachBack(port: number): Promise<() => void>;
  /** Asks on the machine whether something listens at an address of its networks, such as a container's own. */
  probe(probe: Probe): Promise<ProbeAnswer>;
  /** Makes sure Docker is installed and runs, and that the login user may use it. @returns what was done, one line each */
  installDocker(onLine: (line: string) => void): Promise<string[]>;
  /** Resolves when the connection has ended, for whatever reason. */
  readonly closed: Promise<void>;
  close(): Promise<void>;
}

export interface FileFacts {
  /** `hidden`: behind a directory that this login may not enter, so that nobody knows. */
  readonly kind: 'file' | 'directory' | 'other' | 'hidden';
  /** Permission bits in octal, such as `644`. */
  readonly mode: string;
  /** By name and by number. */
  readonly owner: { readonly user: string; readonly uid: string; readonly group: string; readonly gid: string };
  /** SHA-256 of its content in hex; absent for what is no file, or may not be read. */
  readonly sha256?: string;
}

export interface StateQuery {
  /** Lock directory to look at, for example `.kamal/lock-shop`. */
  lockDirectory: string;
  /** `.kamal/shop-releases.jsonl` */
  releasesFile: string;
  /** Small files whose text is wanted; missing ones are left out of the answer. */
  files: readonly string[];
  /** Paths whose existence is wanted. */
  paths: readonly string[];
  /** Directories whose entries' names are wanted; missing ones are left out of the answer. */
  directories?: readonly string[];
  /** Variables of the login session whose value is wanted; those that are not set are left out of the answer. */
  variables?: readonly string[];
}

export interface HostState {
  readonly user: string;
  readonly homeDirectory: string;
  readonly architecture: string;
  /** Free bytes where Docker keeps its data (or the root filesystem when that cannot be seen). */
  readonly freeBytes: number;
  /** Absent when the machine does not tell the time. */
  readonly clock?: ClockOffset;
  readonly lock?: LockHolder;
  readonly releasesText: string;
  readonly files: Readonly<Record<string, string>>;
  readonly existingPaths: readonly string[];
  readonly directories: Readonly<Record<string, readonly string[]>>;
  readonly variables: Readonly<Record<string, string>>;
}

/** How far a machine's clock is ahead of this one's: somewhere between these, as the question and the answer took their time. */
export interface ClockOffset {
  readonly leastSeconds: number;
  readonly mostSeconds: number;
}

export interface BootFacts {
  /** Those that it has now, of every network. */
  readonly addresses: readonly {
    readonly address: string;
    /** `eth0`; `-` where that could not be seen. */
    readonly device: string;
    /** Made by a program, such as that of a tailnet. */
    readonly isTunnel: boolean;
  }[];
  /** Whether one may listen at addresses that are not there (`ip_nonlocal_bind`); absent: it could not be read. */
  readonly bindsAhead: { readonly ipv4?: boolean; readonly ipv6?: boolean };
  /** Name of the machine's first process, such as `systemd`. */
  readonly init: string;
  /** What systemd has for docker.service; absent where nobody can be asked. */
  readonly docker?: {
    /** `enabled`, `disabled`, `masked` … */
    readonly enabled: string;
    /** Names of what is started before it. */
    readonly after: readonly string[];
  };
}

/** In Kamal's places below `directory`: `extracted/<name>` is what an image has, `volumes/<name>` what a container mounts. */
export interface AssetSync {
  /** `.kamal/apps/shop/assets` */
  readonly directory: string;
  /** Made to copy out of, and removed again. */
  readonly temporaryContainer: string;
  /** In the image. */
  readonly path: string;
  /** `web-4be1`; `anew`: what was extracted before is of another image. */
  readonly own: { readonly name: string; readonly image: string; readonly anew: boolean };
  /** Newest first. */
  readonly others: readonly { readonly name: string; readonly image: string; readonly isUp: boolean }[];
}

export interface LockRequest {
  directory: string;
  /** The three lines Kamal shows: `Locked by: … at …`, `Version: …`, `Message: …`. */
  details: string;
  /** Absent for a lock held by hand, which never runs out. */
  lease?: { ownerToken: string; seconds: number };
  /** Where the runs that had this lock are listed; with it, and a lease, this run is enlisted at once. */
  roster?: string;
  /** Where those stand that wait for this lock; absent: nobody is heeded. */
  line?: LineRequest;
}

export interface LockRelease {
  readonly directory: string;
  readonly ownerToken?: string;
  /** Where this run is listed, from which it is taken off. */
  readonly roster?: string;
  /** As for `Enlistment`. */
  readonly leaves?: 'used' | 'unused';
}

export type LockAnswer =
  | { readonly taken: true; readonly seat?: Seat }
  | { readonly taken: false; readonly holder: LockHolder; readonly place?: PlaceInLine };

export interface LockHolder {
  /** Decoded details; empty when the directory has none. */
  readonly details: string;
  /** Absent for Kamal's own locks and those taken by hand. */
  readonly lease?: { readonly ownerToken: string; readonly seconds: number; readonly secondsLeft: number };
}

export interface ScriptRun {
  /** Full text, with its interpreter line. */
  script: string;
  /** Of two starts that are called the same the later one begins when the earlier, whose connection was lost, is over. */
  start?: string;
  /** File name to show in process lists, for example `pre-deploy`. */
  name: string;
  env: Readonly<Record<string, string>>;
  /** Variables that must reach the script by file only. */
  secretEnv: Readonly<Record<string, string>>;
  timeoutSeconds: number;
  onLine(line: string, stream: 'stdout' | 'stderr'): void;
  /** Present: the script is given `$LONGSHORE_OUTPUT`, and what it wrote there is said when it has ended, however it did. */
  onOutput?(text: string): void;
  /** TERM, then KILL to the whole process group. */
  signal: AbortSignal;
}

export interface Probe {
  readonly address: string;
  readonly port: number;
  /** Asks by `GET` for this path; absent: a TCP connection is enough. */
  readonly path?: string;
  /** Whose answer is wanted, of a `GET`; absent: the address's. */
  readonly host?: string;
  /** Absent: `http`. By `https`, whoever's certificate it is: the machine asks itself. */
  readonly scheme?: 'http' | 'https';
  readonly timeoutSeconds: number;
}

export interface ProbeAnswer {
  /** Whether somebody listens there, and with a path: speaks HTTP. */
  readonly answers: boolean;
  /** Of the answer to a `GET`. */
  readonly status?: number;
}
