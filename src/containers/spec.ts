import type { DockerOption, Logging, Value, Values } from '../config/config.ts';

/** A container we want, as data: everything but the secret values, which are put in when it is made. */
export interface ContainerSpec {
  readonly name: string;
  /** `repository:version`; never a digest, or Kamal's prune would lose its way. */
  readonly image: string;
  readonly hostname?: string;
  readonly cmd?: readonly string[];
  readonly env: readonly EnvVariable[];
  readonly labels: Readonly<Record<string, string>>;
  readonly network: string;
  /** `no`, `always`, `unless-stopped` or `on-failure[:N]`. */
  readonly restartPolicy: string;
  readonly logging: Logging;
  /** `docker run --volume` texts; paths relative to the login directory start with `$PWD/`. */
  readonly volumes: readonly string[];
  /** `docker run --publish` texts. */
  readonly publish: readonly string[];
  readonly options: readonly DockerOption[];
  /** Absent: what is made gets exact values, and in what Kamal made both ways are right. */
  readonly values?: Values;
}

export interface EnvVariable {
  readonly name: string;
  readonly value: Value;
}
