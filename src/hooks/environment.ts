import type { Config } from '../config/config.ts';
import { handleVariable, type LockHandle, writeHandles } from './lock-handle.ts';

export interface HookMoment {
  readonly config: Pick<Config, 'service' | 'destination'>;
  /** What was typed: `deploy`, or `app` with subcommand `boot`. */
  readonly command: string;
  readonly subcommand?: string;
  readonly version: string;
  /** The version in a few characters, see `abbreviateVersion`. */
  readonly abbreviatedVersion: string;
  readonly performer: string;
  /** Machines that the command is about; of a boot group, those of the group. */
  readonly hosts: readonly string[];
  /** Roles chosen with `--roles`; empty when none were. */
  readonly roles: readonly string[];
  readonly lockHeld: boolean;
  /** What a `longshore` that the hook runs may act under. */
  readonly locks: readonly LockHandle[];
  /** How long the deploy took, for post-deploy. */
  readonly runtimeSeconds?: number;
  /** For deploy-failed: the step, in words, and what the command ends with; absent for a run that was cut off. */
  readonly failed?: { readonly step: string; readonly exitStatus?: number };
  /** ISO 8601, UTC. */
  readonly recordedAt: string;
}

/** What a hook is told, by the names that Kamal's hooks read. */
export function hookEnvironment(moment: HookMoment): Record<string, string> {
  const { config } = moment;
  return {
    KAMAL_RECORDED_AT: moment.recordedAt.replace(/\.\d+Z$/, 'Z'),
    KAMAL_PERFORMER: moment.performer,
    KAMAL_VERSION: moment.version,
    KAMAL_SERVICE_VERSION: `${config.service}@${moment.abbreviatedVersion}`,
    KAMAL_SERVICE: config.service,
    KAMAL_HOSTS: moment.hosts.join(','),
    KAMAL_COMMAND: moment.command,
    KAMAL_LOCK: String(moment.lockHeld),
    ...(moment.locks.length === 0 ? {} : { [handleVariable]: writeHandles(moment.locks) }),
    ...(moment.subcommand === undefined ? {} : { KAMAL_SUBCOMMAND: moment.subcommand }),
    ...(config.destination === undefined ? {} : { KAMAL_DESTINATION: config.destination }),
    ...(moment.roles.length === 0 ? {} : { KAMAL_ROLES: moment.roles.join(',') }),
    ...(moment.failed === undefined ? {} : failedEnvironment(moment.failed)),
    ...(moment.runtimeSeconds === undefined ? {} : { KAMAL_RUNTIME: String(Math.round(moment.runtimeSeconds)) }),
  };
}

/** Longshore's own; both are always set, so that a script with `set -u` can ask. */
function failedEnvironment({ step, exitStatus }: NonNullable<HookMoment['failed']>): Record<string, string> {
  return { LONGSHORE_FAILED_STEP: step, LONGSHORE_EXIT_STATUS: exitStatus === undefined ? '' : String(exitStatus) };
}

/** The same for a script that runs on a machine: it also learns which one it is. */
export function hookEnvironmentOnHost(moment: HookMoment, host: string): Record<string, string> {
  return { ...hookEnvironment(moment), KAMAL_HOST: host };
}
