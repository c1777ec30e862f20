import type { ClockOffset, LockHolder } from '../hosts/host.ts';
import type { RecordedRoute } from '../proxy/state.ts';

/** What is on the machines, as data: everything a plan may look at. Holds no secret values. */
export interface Observed {
  readonly hosts: readonly ObservedHost[];
}

export interface ObservedHost {
  readonly host: string;
  readonly engineVersion: string;
  readonly architecture: string;
  readonly homeDirectory: string;
  /** Those variables of the login session that Kamal's way of delivering values looks at. */
  readonly variables: Readonly<Record<string, string>>;
  readonly freeBytes: number;
  readonly clock?: ClockOffset;
  readonly containers: readonly ObservedContainer[];
  readonly images: readonly ObservedImage[];
  readonly networkExists: boolean;
  /** What the machine has now; asked only where Docker could not start a container for the lack of one. */
  readonly addresses?: readonly string[];
  readonly proxy: ObservedProxy;
  readonly lock?: LockHolder;
  /** Oldest first. */
  readonly releases: readonly ReleaseRecord[];
  /** A run whose pre-deploy hooks began, and which has not ended: dead, unless it is at work now. */
  readonly unfinished?: UnfinishedRun;
  /** Machines that runs went on without, and that have not caught up as far as this one knows. */
  readonly leftOut: readonly LeftOut[];
  /** Names of the logs of release commands, oldest first. */
  readonly releaseLogs: readonly string[];
  /** Names of what lies in the directories of assets; both empty when there are none. */
  readonly assets: { readonly extracted: readonly string[]; readonly volumes: readonly string[] };
  /** Containers that are watched over while a run replaces them, perhaps one that is dead; `waking`: being put back to work. */
  readonly watched: readonly WatchedContainer[];
  /** Versions whose error pages are there. */
  readonly errorPages: readonly string[];
  /** By role or accessory: what lies in its directory of certificates, those of its own by their ids. */
  readonly certificates: Readonly<Record<string, readonly string[]>>;
  /** By role: the id of the certificate in the place where Kamal puts it. */
  readonly kamalCertificates: Readonly<Record<string, string>>;
  /** Of the accessories that were asked about. */
  readonly accessories: readonly ObservedAccessory[];
  /** Where something listens, also what is no container's; only when it was asked. */
  readonly listening?: readonly ObservedPort[];
  /** Text of the deprecated boot-config files in `~/.kamal/proxy`, by file name. */
  readonly proxyFiles: Readonly<Record<string, string>>;
}

export interface WatchedContainer {
  /** Its id. */
  readonly container: string;
  readonly state: 'quiet' | 'working' | 'waking';
  /** What says so, by its name. */
  readonly file: string;
}

export interface ObservedContainer {
  readonly id: string;
  readonly name: string;
  /** As named when it was made, `repository:version`. */
  readonly image: string;
  readonly imageId: string;
  readonly state: string;
  /** `Up 3 minutes (healthy)` */
  readonly status: string;
  readonly createdSeconds: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly mounts: readonly ObservedMount[];
  /** Published ones of a container that runs. */
  readonly ports: readonly ObservedPort[];
  /** Which it gets at each start, and whether Docker starts it by itself; only of those that were inspected. */
  readonly atStart?: { readonly ports: readonly ObservedPort[]; readonly restartPolicy: string };
  /** Of wanted names only: how it differs from what the file asks for, by name, never a secret value. */
  readonly differences?: readonly string[];
  /** Of wanted names only: what it needs and is gone, such as its network or a bind source, which Docker would replace by an empty directory. */
  readonly missing?: readonly string[];
  /** Of wanted names that do not run: why Docker could not start it, in its own words; absent when it could. */
  readonly error?: string;
}

export interface ObservedMount {
  /** `bind`, `volume` or `tmpfs`. */
  readonly type: string;
  /** A volume's; 64 hex digits where nobody gave it one. */
  readonly name?: string;
  readonly source: string;
  readonly destination: string;
  readonly isWritable: boolean;
}

export interface ObservedPort {
  /** Empty or `::`: every address; `0.0.0.0`: every one of IPv4. */
  readonly address: string;
  readonly port: number;
  readonly protocol: string;
  /** Of the container. */
  readonly target?: number;
}

/** One accessory on one machine. */
export interface ObservedAccessory {
  readonly name: string;
  /** The container of its name, or the one that was renamed to make room and whose successor never came. */
  readonly container?: AccessoryContainer;
  /** Paths that its container mounts, as the file does, and that are not on the disk: Docker would make an empty directory of each. */
  readonly gone?: readonly string[];
  /** What a replacement that was cut off left behind: `<service>_next_…` and `<service>_replaced_…`, newest first. */
  readonly leftovers: readonly ObservedContainer[];
  /** The wanted image on this machine. */
  readonly image?: { readonly id: string; readonly digests: readonly string[]; readonly volumes: readonly string[] };
  /** Why it is not healthy, of those that were asked; absent when it is, or does not run. */
  readonly unhealthy?: string;
  /** Of one that runs in another one's place, which is still there: why it has failed. */
  readonly givenUp?: string;
  /** Where other destinations have an accessory of the same name: who may have made the container. */
  readonly claims?: Claims;
  /** Files of which a replacement keeps what was there before it, or one that was cut off did; absent: none. */
  readonly formers?: readonly string[];
  /** Files beside whose place a run that was cut off left what was to be there; absent: none. */
  readonly nexts?: readonly string[];
  /** Files and directories that are not there as the file says, by path, and why. */
  readonly files: readonly {
    readonly path: string;
    readonly because: string;
    /** This login may not look there: what has a container is taken to be as it should. */
    readonly isUnseen?: true;
  }[];
}

/** Destinations by the paths of their accessory's env file. */
export interface Claims {
  /** Whose file is there, so that they made such a container once. */
  readonly envFiles: readonly string[];
  /** Whose config describes the container, but for its environment. */
  readonly describedBy: readonly string[];
}

export interface AccessoryContainer extends ObservedContainer {
  /** What its image's health check says; absent without one. */
  readonly health?: string;
  readonly exitStatus: number;
  /** The image as it was named then; `image` is an id once that tag names another one. */
  readonly madeFrom: string;
}

export interface ObservedImage {
  readonly id: string;
  readonly tags: readonly string[];
  readonly digests: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly bytes: number;
}

export interface ObservedProxy {
  /** Absent: there is no proxy container. */
  readonly container?: {
    readonly id: string;
    readonly image: string;
    readonly state: string;
    /** As a container's. */
    readonly error?: string;
  };
  readonly routes: readonly RecordedRoute[];
  /** Services with a `kamal-proxy deploy`, `remove` or `stop` still running, of a run that may be dead. */
  readonly inFlight: readonly string[];
}

/** A line of a machine's record of releases. Lines of earlier versions of Longshore lack some of it. */
export interface ReleaseRecord extends ReleaseOrigin {
  readonly version: string;
  /** UTC, ISO 8601. */
  readonly at: string;
  readonly command: 'setup' | 'deploy' | 'redeploy' | 'rollback';
  /** `live`: it served after this run; `failed`: the run was reverted; `held`: it failed and was left as it was; `released`: its release command ran. */
  readonly outcome: 'live' | 'failed' | 'held' | 'released';
  /** Of `released`: the version before can no longer serve. */
  readonly irreversible?: true;
  /** The version that served before. */
  readonly from?: string;
  readonly digest?: string;
  /** Names of the variables that its containers on this machine have, by role; never their values. */
  readonly env?: Readonly<Record<string, readonly string[]>>;
  /** From the beginning of the run until this was written; of `released`, what the command took. */
  readonly seconds?: number;
}

/** Who makes a release, from where and of what; the same on all machines of one run. */
export interface ReleaseOrigin {
  /** Hex digits that no other run has. */
  readonly run?: string;
  /** As in Kamal's audit log. */
  readonly performer?: string;
  /** Name of the machine that the run was started on. */
  readonly deployer?: string;
  /** What was checked out there. */
  readonly commit?: string;
  /** Changes with every setting in the file (`fingerprintOf`). */
  readonly config?: string;
}

/** What a plan says of a record; when it is written is known only then. */
export type PlannedRecord = Omit<ReleaseRecord, 'at'>;

/** A machine that a run went on without. */
export interface LeftOut extends Pick<ReleaseOrigin, 'performer'> {
  readonly host: string;
  /** The first version that it missed. */
  readonly version: string;
  /** UTC, ISO 8601. */
  readonly at: string;
}

export interface UnfinishedRun extends Pick<ReleaseOrigin, 'run' | 'performer'> {
  readonly command: ReleaseRecord['command'];
  readonly version: string;
  /** UTC, ISO 8601. */
  readonly at: string;
  /** Machines on which pre-deploy ran, or was to run; empty when it runs on the deploying machine only. */
  readonly hookedHosts: readonly string[];
}
