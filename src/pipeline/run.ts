import type { Emit } from '../execute/events.ts';
import type { Plan, Stage } from '../plan/plan.ts';
import type { LockHolder } from '../hosts/host.ts';

/** What every command hands over: parsed flags, and where to say what happens. */
export interface Run {
  readonly command: string;
  readonly configFile: string;
  readonly destination?: string;
  readonly version?: string;
  /** Globs of `--hosts` and `--roles`; empty means all. */
  readonly hosts: readonly string[];
  readonly roles: readonly string[];
  readonly primaryOnly: boolean;
  readonly skipPush: boolean;
  readonly skipHooks: boolean;
  readonly noCache: boolean;
  readonly lockWait?: { readonly timeoutSeconds: number; readonly intervalSeconds: number };
  readonly acceptNewHostKeys: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly emit: Emit;
  /** First Ctrl-C. */
  readonly signal: AbortSignal;
  /** Asks on the terminal for a passphrase, without echo; absent when nobody is there to answer. */
  readonly askSecret?: (question: string) => Promise<string>;
}

export interface DeployResult {
  readonly service: string;
  readonly destination?: string;
  readonly version: string;
  readonly previousVersion?: string;
  /** False when there was nothing to do. */
  readonly changed: boolean;
  readonly seconds: number;
  readonly hosts: readonly { readonly host: string; readonly roles: Readonly<Record<string, string>> }[];
}

export interface PlanResult {
  readonly service: string;
  readonly destination?: string;
  readonly version: string;
  /** Plan of this machine (build and push), as lines, empty when nothing is to be built. */
  readonly build: readonly string[];
  readonly plan: Plan;
  readonly stages: readonly Stage[];
  /** One line per step, as a person reads it. */
  readonly lines: readonly string[];
  readonly nothingToDo: boolean;
  readonly warnings: readonly string[];
}

export interface StatusResult {
  readonly service: string;
  readonly destination?: string;
  readonly hosts: readonly HostStatus[];
  readonly lock?: LockHolder;
  readonly warnings: readonly string[];
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

export interface LockResult {
  readonly held: boolean;
  readonly host: string;
  readonly holder?: LockHolder;
}
