import type { BuilderSetup } from '../build/builder-setup.ts';
import type { BuildDetails } from '../build/details.ts';
import type { CutOff } from '../execute/execution.ts';
import type { LockHolder } from '../hosts/host.ts';
import type { AccessoryDrift } from '../plan/accessories/drift.ts';
import type { TagsSeen } from '../plan/accessories/moved.ts';
import type { Finding } from '../plan/after-restart.ts';
import type { LeftOut } from '../observe/observed.ts';
import type { Plan } from '../plan/plan.ts';
import type { PhaseTimes } from './phases.ts';

/** What a command's end is shown from; warnings have been events before. */
export interface DeployResult {
  readonly service: string;
  readonly destination?: string;
  readonly version: string;
  readonly previousVersion?: string;
  /** False when there was nothing to do. */
  readonly changed: boolean;
  readonly seconds: number;
  /** Seconds of each, in the order in which they began; absent when nothing was to do. */
  readonly phases?: PhaseTimes;
  /** Containers that were stopped with jobs in flight; absent when there was none. */
  readonly cutOff?: readonly CutOff[];
  /** Per machine: role → version that serves. */
  readonly hosts: readonly { readonly host: string; readonly roles: Readonly<Record<string, string>> }[];
  /** What was made or started before the app, and how long each was away; absent when nothing was. */
  readonly accessories?: readonly {
    readonly name: string;
    readonly host: string;
    readonly downSeconds?: number;
    readonly healthySeconds: number;
  }[];
}

export interface PlanResult {
  readonly service: string;
  readonly destination?: string;
  readonly version: string;
  /** Plan of this machine before the machines' (hooks, build and push), as lines; empty when nothing is to be done. */
  readonly build: readonly string[];
  readonly plan: Plan;
  /** Those that are unlike the file, which a deploy leaves alone. */
  readonly accessories: readonly AccessoryDrift[];
  /** Tags of theirs that moved, which is no difference, and those about which nobody knows. */
  readonly tags: TagsSeen;
  /** Machines that runs went on without, and that have not caught up. */
  readonly leftOut: readonly LeftOut[];
  /** What a deploy, or a command for its accessories, would be refused for: a text each. */
  readonly problems: readonly string[];
  /** What follows when everything serves: the post-deploy hook. */
  readonly after: readonly string[];
  readonly nothingToDo: boolean;
}

export interface StatusResult {
  readonly service: string;
  readonly destination?: string;
  readonly hosts: readonly HostStatus[];
  readonly down: readonly DownStatus[];
  /** Machines that runs went on without, and that have not caught up. */
  readonly leftOut: readonly LeftOut[];
  readonly lock?: LockHolder;
}

export interface HostStatus {
  readonly host: string;
  /** Set when the machine could not be looked at. */
  readonly problem?: string;
  readonly engineVersion?: string;
  readonly containers: readonly {
    readonly role: string;
    readonly version: string;
    readonly state: string;
    /** `Up 3 minutes (healthy)` */
    readonly status: string;
    readonly servesTraffic: boolean;
  }[];
  /** Those that the file has on this machine. */
  readonly accessories: readonly AccessoryStatus[];
  /** What runs beside and belongs to neither the service nor its accessories. */
  readonly others: readonly { readonly container: string; readonly image: string; readonly status: string }[];
  readonly proxy?: { readonly image: string; readonly state: string };
  readonly routes: readonly {
    readonly service: string;
    readonly hosts: readonly string[];
    readonly pathPrefixes: readonly string[];
    /** Container name, or the raw target when no container has that id. */
    readonly target: string;
    readonly paused: boolean;
  }[];
}

/** What is on a machine, ought to run there and does not. */
export interface DownStatus {
  readonly host: string;
  readonly kind: 'role' | 'accessory' | 'proxy';
  /** Of the role or accessory; `kamal-proxy`. */
  readonly name: string;
  readonly why: string;
  /** Docker's own words, where it could not start it. */
  readonly error?: string;
  /** A replacement that failed left it so, and a person has to decide: `command` brings the old one back. */
  readonly held?: true;
  /** What starts it. */
  readonly command: string;
}

export interface AccessoryStatus {
  readonly name: string;
  readonly image: string;
  /** `missing` when there is no container. */
  readonly state: string;
  /** `Up 3 minutes (healthy)` */
  readonly status: string;
  /** Why Docker could not start it. */
  readonly error?: string;
  /** What finishes a replacement that was cut off; absent where none was, and where a person has to decide. */
  readonly unfinished?: string;
  /** `127.0.0.1:5432/tcp` */
  readonly ports: readonly string[];
}

export interface LockResult {
  readonly held: boolean;
  readonly host: string;
  readonly holder?: LockHolder;
  /** Locks on other machines, which a `kamal` with a host filter took. */
  readonly elsewhere?: readonly { readonly host: string; readonly holder: LockHolder }[];
  /** Where locks were given back. */
  readonly releasedOn?: readonly string[];
}

export interface BuildResult {
  readonly version: string;
  readonly image: string;
  /** `registry`, or what `--output` says. */
  readonly output: string;
  /** Absent when nothing was pushed. */
  readonly digest?: string;
  readonly seconds: number;
}

export interface PullResult {
  readonly version: string;
  readonly image: string;
  readonly digest: string;
  readonly hosts: readonly string[];
  readonly seconds: number;
}

export interface DeliverResult {
  readonly pushed: BuildResult;
  readonly pulled: PullResult;
}

export interface DevBuildResult {
  readonly version: string;
  readonly tags: readonly string[];
  readonly output: string;
  /** Paths in the build context that are not as they were committed. */
  readonly uncommitted: readonly string[];
  readonly untracked: readonly string[];
  readonly seconds: number;
}

export interface BuilderResult {
  readonly kind: BuilderSetup['kind'];
  readonly name?: string;
  readonly done: 'made' | 'there' | 'removed' | 'absent' | 'not-needed';
}

export interface BuildDetailsResult extends BuildDetails {
  /** What docker here has now, as it prints it; only for people. */
  readonly now?: string;
}

export interface RegistryResult {
  readonly server: string;
  readonly done: 'logged in' | 'logged out' | 'running' | 'removed';
  /** Machines where it was done, this one as `this machine`. */
  readonly places: readonly string[];
}

export interface BootstrapResult {
  readonly service: string;
  readonly destination?: string;
  readonly hosts: readonly { readonly host: string; readonly engineVersion: string; readonly installed: boolean }[];
  /** What would keep the service from coming back by itself after a restart of a machine. */
  readonly findings: readonly Finding[];
  /** What no machine could be asked about, a sentence each. */
  readonly notAsked: readonly string[];
}

/** `shop to production`, or `shop` without a destination. */
export function subject({ service, destination }: { service: string; destination?: string }): string {
  return destination === undefined ? service : `${service} to ${destination}`;
}

export interface AccessoryResult {
  readonly service: string;
  readonly destination?: string;
  /** False when there was nothing to do. */
  readonly changed: boolean;
  readonly seconds: number;
  readonly hosts: readonly string[];
  readonly accessories: readonly {
    readonly name: string;
    readonly host: string;
    readonly container: string;
    readonly image: string;
    /** From being told to stop until its successor was healthy; absent when nothing was stopped. */
    readonly downSeconds?: number;
    /** From its start until it was healthy; absent when it was not started. */
    readonly healthySeconds?: number;
  }[];
}

export interface AccessoryDetailsResult {
  readonly service: string;
  readonly destination?: string;
  readonly accessories: readonly {
    readonly name: string;
    readonly host: string;
    readonly container: string;
    readonly image: string;
    /** Docker's word, or `missing`. */
    readonly state: string;
    /** `Up 3 minutes (healthy)` */
    readonly status: string;
    readonly health?: string;
    /** Why Docker could not start it, in its own words. */
    readonly error?: string;
    /** The same in plain ones. */
    readonly why?: string;
    readonly ports: readonly string[];
    readonly mounts: readonly string[];
    /** From the file, by name, never a secret's value. */
    readonly differences: readonly string[];
    /** Files and directories where this login may not look. */
    readonly unseen: readonly string[];
    /** Containers that a run left which was cut off. */
    readonly leftovers: readonly string[];
    /** What becomes of its data when it is made anew. */
    readonly data: string;
  }[];
  /** Tags that moved, which is no difference, and those about which nobody knows. */
  readonly tags: TagsSeen;
}
