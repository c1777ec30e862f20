import type { ValueSources } from '../containers/delivery.ts';
import { Failure } from '../errors.ts';
import type { RegistryCredentials } from '../hosts/docker.ts';
import type { Host } from '../hosts/host.ts';
import type { ContainerRef, Step } from '../plan/plan.ts';
import type { Emit } from './events.ts';

/** What performing a step needs besides the step: the machines, the secret values and what earlier steps found out. */
export interface Execution {
  /** Behind the lock's fence. */
  readonly hosts: Pick<ReadonlyMap<string, Host>, 'get'>;
  /** Has a change to what all services of a machine share made by this run alone; others wait. @throws Failure `lock-held` */
  exclusively<T>(host: string, what: string, work: (host: Host) => Promise<T>): Promise<T>;
  readonly homeDirectories: ReadonlyMap<string, string>;
  readonly secrets: ReadonlyMap<string, string>;
  readonly secretsByKamal: ReadonlyMap<string, string>;
  /** Of the login session, by machine. */
  readonly variables: ReadonlyMap<string, Readonly<Record<string, string>>>;
  /** Text by file name. */
  readonly errorPages: ReadonlyMap<string, string>;
  /** Port of the registry on this machine, which the machines reach over SSH; absent when the registry is elsewhere. */
  readonly localRegistryPort?: number;
  /** The login for an image's registry; undefined for one that needs none. */
  credentialsFor(image: string): RegistryCredentials | undefined;
  /** What the files of accessories hold, by host and by their path there; read and rendered here. */
  readonly files: ReadonlyMap<string, readonly UploadedFile[]>;
  readonly service: string;
  readonly performer: string;
  /** When the command began, as `Date.now()` says it. */
  readonly startedAt: number;
  readonly emit: Emit;
  /** Hides the secrets in what a machine said. */
  readonly mask: (text: string) => string;
  /** First Ctrl-C: steps in hand finish, no further one is begun. */
  readonly signal: AbortSignal;
  /** What lanes of other roles and accessories do after a problem; absent: they stop too. */
  readonly afterProblem?: 'stop' | 'go-on';
  /** Runs a hook's script here or on a machine until the signal; rejects when it fails. */
  runHook(step: Extract<Step, { kind: 'run-hook' }>, where: { host: string; signal: AbortSignal }): Promise<void>;
  /** Takes what a script or command wrote into its `$LONGSHORE_OUTPUT`. */
  heed(who: string, text: string): void;
  /** From here on the version before cannot serve any more. */
  leaveBehind(because: string): void;
  /** What release commands that ran in this run came to, by image. */
  readonly released: Map<string, Released>;
  /** Ids of containers made in this run, by `host/name`. */
  readonly containerIds: Map<string, string>;
  /** Containers whose jobs were cut off, by `host/name`. */
  readonly cutOff: Map<string, CutOff>;
  /** Digest that every machine's pull of an image must answer with, by image. */
  readonly digests: Map<string, string>;
}

export interface Released {
  readonly seconds: number;
  readonly irreversible: boolean;
}

export interface CutOff {
  readonly host: string;
  readonly role: string;
  readonly container: string;
  readonly because: string;
  /** The last line of the role's `drained` command. */
  readonly said?: string;
}

/** One file to write; a directory is several. */
export interface UploadedFile {
  /** Below the step's path; empty for the path itself. */
  readonly below: string;
  readonly content: Uint8Array;
}

export function hostOf(execution: Execution, name: string): Host {
  const host = execution.hosts.get(name);
  if (host === undefined) throw new Error(`no connection to ${name}`);
  return host;
}

/** The id when it is known, else the name; Docker takes both. */
export function idOf(execution: Execution, host: string, container: ContainerRef): string {
  return container.id ?? execution.containerIds.get(`${host}/${container.name}`) ?? container.name;
}

/** Where the values of containers on a machine come from. */
export function sourcesOf({ secrets, secretsByKamal, variables }: Execution, host: string): ValueSources {
  return { secrets, secretsByKamal, variables: variables.get(host) ?? {} };
}

/** Nobody knows whether a change took effect whose reply was lost. */
export function isUnknown(error: unknown): boolean {
  return error instanceof Failure && (error.code === 'connection-lost' || error.code === 'timed-out');
}
