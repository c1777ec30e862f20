import type { ProxyRoute, Values } from '../config/config.ts';
import type { ValueDifference } from '../containers/delivery.ts';
import type { AccessoryHealth } from '../accessories/health.ts';
import type { Drained, Quiet } from '../config/config-swap.ts';
import type { ContainerSpec } from '../containers/spec.ts';
import type { AssetSync } from '../hosts/host.ts';
import type { Watched } from '../hosts/watch.ts';
import type { RouteFiles } from '../proxy/files.ts';
import type { PlannedRecord } from '../observe/observed.ts';
import type { Held } from './accessories/held.ts';
import type { FileStep } from './file-step.ts';
import type { NotingStep } from './noting-steps.ts';

/** A deploy as data: stages run top to bottom, the lanes of a stage side by side, the steps of a lane in order. */
export interface Plan {
  readonly service: string;
  readonly destination?: string;
  readonly version: string;
  readonly stages: readonly Stage[];
  /** Things to say before anything is done, such as "today's settings apply". */
  readonly notes: readonly string[];
  /** Values for which the file has to say how they arrive before a deploy begins; absent when there is none. */
  readonly undecided?: readonly RoleValue[];
  /** Variables that a rollback would bring back unlike the file, where nobody said whose are meant; absent when there is none. */
  readonly changedVariables?: readonly string[];
  /** Roles that must not start yet; absent when there is none. */
  readonly waiting?: readonly WaitingRole[];
}

/** A role whose accessory is down on a machine. */
export interface WaitingRole {
  readonly role: string;
  readonly accessory: string;
  /** Where it is down. */
  readonly host: string;
  readonly because: string;
  /** What mends it, or tells more; of one that is held, what brings the old one back. */
  readonly command: string;
  readonly held?: Held;
}

/** A value of a role that Kamal would deliver otherwise. */
export interface RoleValue extends ValueDifference {
  readonly role: string;
}

export interface Stage {
  readonly name: string;
  readonly lanes: readonly Lane[];
}

export interface Lane {
  readonly host: string;
  readonly role?: string;
  readonly steps: readonly Step[];
  /** Housekeeping: its failure is a warning. */
  readonly optional?: boolean;
}

/** The host of lanes that run on the deploying machine. */
export const thisMachine = 'this machine';

/** A container by its name, and by its id once it is known; the id wins. */
export interface ContainerRef {
  readonly name: string;
  readonly id?: string;
}

/** One change to one machine, planned only while it is not yet true. */
export type Step = StepKind & { readonly because: string };

export type StepKind =
  | { readonly kind: 'create-network'; readonly name: string }
  | {
      readonly kind: 'write-env-file';
      readonly path: string;
      readonly variables: ContainerSpec['env'];
      readonly values?: Values;
    }
  | { readonly kind: 'boot-proxy'; readonly spec: ContainerSpec }
  | { readonly kind: 'start-proxy' }
  | { readonly kind: 'write-error-pages'; readonly directory: string }
  /** `certificate` and `privateKey` are names of secrets. */
  | {
      readonly kind: 'write-certificate';
      readonly directory: string;
      readonly id: string;
      readonly certificate: string;
      readonly privateKey: string;
    }
  | { readonly kind: 'pull-image'; readonly image: string; readonly digest?: string }
  | { readonly kind: 'create-container'; readonly spec: ContainerSpec }
  | { readonly kind: 'sync-assets'; readonly sync: AssetSync }
  | { readonly kind: 'rename-container'; readonly container: ContainerRef; readonly name: string }
  | {
      readonly kind: 'start-container';
      readonly container: ContainerRef;
      /** In their place, and never beside one of them; they are watched over until it is ready. */
      readonly takesOver?: { readonly from: readonly ContainerRef[]; readonly directory: string };
    }
  | {
      readonly kind: 'wait-until-ready';
      readonly container: ContainerRef;
      readonly readinessDelaySeconds: number;
      readonly timeoutSeconds: number;
    }
  | {
      readonly kind: 'send-traffic';
      readonly service: string;
      readonly container: ContainerRef;
      readonly route: ProxyRoute;
      readonly files: RouteFiles;
      readonly deployTimeoutSeconds: number;
      readonly drainTimeoutSeconds: number;
    }
  /**
   * `check` absent: its image's own, else a connection to its port, else that it stays up. `crashes`: after so many it has
   * failed, absent: it may crash as often as the time allows.
   */
  | {
      readonly kind: 'wait-until-healthy';
      readonly container: ContainerRef;
      readonly health: AccessoryHealth;
      readonly crashes?: number;
    }
  /** Fails when a container of this name does not run on one of these machines: another one of them is about to be stopped. */
  | {
      readonly kind: 'check-members';
      readonly name: string;
      readonly hosts: readonly string[];
      /** What starts one that does not run. */
      readonly command: string;
    }
  | FileStep
  /** A command of the user's, such as a dump, by the machine's shell. */
  | { readonly kind: 'run-command'; readonly name: string; readonly command: string; readonly timeoutSeconds: number }
  /** With a time for it, requests in flight are answered first, while new ones are refused. */
  | { readonly kind: 'remove-route'; readonly service: string; readonly drainTimeoutSeconds?: number }
  /** Through the machine's proxy; `container` is the one that is to answer. */
  | {
      readonly kind: 'smoke-request';
      readonly container: ContainerRef;
      readonly scheme: 'http' | 'https';
      readonly host?: string;
      readonly path: string;
      /** Absent: any from 200 to 299. */
      readonly status?: number;
      readonly timeoutSeconds: number;
    }
  | {
      readonly kind: 'smoke-command';
      readonly container: ContainerRef;
      readonly words: readonly string[];
      readonly timeoutSeconds: number;
    }
  /** Fails when it exited or was restarted since its start. */
  | { readonly kind: 'check-running'; readonly container: ContainerRef }
  /** From now on its machine starts it again, should this run die and nobody else do its work. */
  | { readonly kind: 'watch-container'; readonly container: ContainerRef; readonly watched: WatchedAs }
  /** Watched, and told to take no new jobs. */
  | {
      readonly kind: 'quiet-container';
      readonly container: ContainerRef;
      readonly by: Quiet['by'];
      readonly watched: WatchedAs;
    }
  /** Of one that has stopped. */
  | { readonly kind: 'end-watch'; readonly container: ContainerRef; readonly directory: string }
  /** Jobs that are left when the time is over are told. */
  | { readonly kind: 'wait-until-drained'; readonly container: ContainerRef; readonly drained: Drained }
  /** Of one that was left quiet: restarted, so that it takes jobs again. */
  | {
      readonly kind: 'wake-container';
      readonly container: ContainerRef;
      readonly directory: string;
      readonly timeoutSeconds?: number;
    }
  | {
      readonly kind: 'stop-container';
      readonly container: ContainerRef;
      readonly timeoutSeconds?: number;
      /** Absent: the container's own. */
      readonly signal?: string;
      /** It may be at work on jobs: told when it had to be killed. */
      readonly hasJobs?: true;
      /** Where its watch is noted, which ends when it has stopped. */
      readonly watched?: string;
    }
  | { readonly kind: 'remove-container'; readonly container: ContainerRef }
  /** As in `docker run --restart`. */
  | { readonly kind: 'set-restart-policy'; readonly container: ContainerRef; readonly policy: string }
  | { readonly kind: 'tag-image'; readonly image: string; readonly repository: string; readonly tag: string }
  | { readonly kind: 'remove-image'; readonly image: string }
  /** Fails when fewer bytes are free where Docker keeps its data. */
  | { readonly kind: 'check-space'; readonly bytes: number }
  | { readonly kind: 'remove-directories'; readonly paths: readonly string[] }
  /** Once, in a container of its own; that it ran is written down on the same machine. */
  | {
      readonly kind: 'run-release';
      readonly spec: ContainerSpec;
      readonly timeoutSeconds: number;
      /** Images by digest that it ran for; a pull tells which one it is. */
      readonly ranFor: readonly string[];
      /** Directory for what it says. */
      readonly logs: string;
      readonly file: string;
      readonly record: PlannedRecord;
    }
  | { readonly kind: 'wait-until-ended'; readonly container: ContainerRef; readonly timeoutSeconds: number }
  | {
      readonly kind: 'run-hook';
      readonly hook: string;
      readonly where: 'local' | 'host';
      readonly hosts: readonly string[];
      /** Of deploy-failed. */
      readonly failed?: FailedRun;
    }
  | { readonly kind: 'wait'; readonly seconds: number }
  | NotingStep;

/** What deploy-failed is told of the run that did not complete. */
export interface FailedRun {
  readonly command: string;
  readonly version: string;
  /** In words; empty when nobody knows. */
  readonly step: string;
  /** Absent when nobody knows. */
  readonly exitStatus?: number;
  /** Machines on which its pre-deploy ran. */
  readonly hookedHosts: readonly string[];
}

/** What the machine has to know to put a container back to work. */
export type WatchedAs = Omit<Watched, 'container' | 'state'>;
