/**
 * Every foreseen failure. A `Failure` says what went wrong and where, what to do next, and which exit status it ends with;
 * anything else thrown is a bug in Longshore.
 */

/** Exit status of each kind of failure; see docs/architecture.md, section 6, for what the numbers promise. */
export const exitStatusOf = {
  usage: 2,
  'config-missing': 2,
  'config-invalid': 2,
  'destination-unknown': 2,
  'log-not-writable': 2,
  'secrets-missing': 3,
  'secrets-invalid': 2,
  'secret-provider-failed': 3,
  'secret-provider-missing': 3,
  'secret-provider-locked': 3,
  'secret-provider-limited': 3,
  'secret-provider-unreachable': 3,
  'secret-not-found': 3,
  'values-undecided': 3,
  'rollback-env-undecided': 3,
  'version-unknown': 3,
  'version-not-found': 3,
  'git-failed': 3,
  'source-not-clean': 3,
  'source-not-in-sync': 3,
  'branch-not-allowed': 3,
  'build-failed': 3,
  'push-failed': 3,
  'registry-refused': 3,
  'host-unreachable': 3,
  'host-key-unknown': 3,
  'host-key-changed': 3,
  'host-login-refused': 3,
  'host-without-docker': 3,
  'host-without-space': 3,
  'hosts-not-ready': 3,
  'would-collide': 3,
  'host-command-failed': 3,
  'engine-refused': 3,
  'image-pull-failed': 3,
  'image-mismatch': 3,
  'accessory-down': 3,
  'hook-failed': 3,
  'release-failed': 3,
  'release-not-approved': 3,
  'release-irreversible': 3,
  'shared-not-agreed': 3,
  'lock-held': 4,
  'lock-missing': 2,
  'forwarding-refused': 3,
  'connection-lost': 3,
  'timed-out': 3,
  'container-not-ready': 5,
  'container-exited': 5,
  'route-refused': 5,
  'smoke-failed': 5,
  'run-given-up': 5,
  'quiet-failed': 5,
  'deploy-reverted': 5,
  'deploy-held': 6,
  'deploy-unsettled': 6,
  'post-deploy-hook-failed': 6,
  'drift-found': 7,
  interrupted: 130,
} as const;

export type FailureCode = keyof typeof exitStatusOf;

export interface FailureOptions {
  /** What to do or type next. */
  hint?: string;
  /** More lines that explain, such as a log's end or one line per problem; never a secret. */
  details?: readonly string[];
  /** Overrides the table when the stage at which it happened decides, for example once containers were swapped. */
  exitStatus?: number;
  cause?: unknown;
}

export class Failure extends Error {
  readonly code: FailureCode;
  readonly hint: string | undefined;
  readonly details: readonly string[];
  readonly exitStatus: number;

  constructor(code: FailureCode, message: string, options: FailureOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'Failure';
    this.code = code;
    this.hint = options.hint;
    this.details = options.details ?? [];
    this.exitStatus = options.exitStatus ?? exitStatusOf[code];
  }
}

/** The message of anything thrown, also of the strings and objects that libraries throw. */
export function messageOf(thrown: unknown): string {
  if (thrown instanceof Error) return thrown.message;
  return typeof thrown === 'string' ? thrown : JSON.stringify(thrown);
}
