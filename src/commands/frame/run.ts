import { existsSync } from 'node:fs';
import { Failure } from '../../errors.ts';
import type { Run } from '../../pipeline.ts';

/** Flags and arguments as parsed; those that a command does not have are absent. */
export interface Given {
  readonly flags: {
    readonly destination?: string;
    readonly 'config-file': string;
    readonly 'no-exec'?: boolean;
    readonly erb?: 'ruby';
    readonly hosts?: readonly string[];
    readonly roles?: readonly string[];
    readonly without?: readonly string[];
    readonly primary?: boolean;
    readonly version?: string;
    readonly 'skip-hooks'?: boolean;
    readonly 'skip-push'?: boolean;
    readonly 'no-cache'?: boolean;
    readonly 'skip-git-check'?: boolean;
    readonly 'approve-release'?: boolean;
    readonly 'on-failure'?: string;
    readonly prune?: boolean;
    readonly 'lock-wait'?: boolean;
    readonly 'lock-wait-timeout': number;
    readonly 'lock-wait-interval': number;
    readonly 'accept-new-host-keys'?: boolean;
    readonly json?: boolean;
    readonly verbose?: boolean;
    readonly quiet?: boolean;
    readonly check?: boolean;
    readonly confirmed?: boolean;
    readonly message?: string;
  };
  readonly args: { readonly destination?: string; readonly version?: string };
}

type Surroundings = Pick<Run, 'command' | 'typed' | 'env' | 'emit' | 'addOutput' | 'signal' | 'askSecret' | 'confirm'>;

/** What was typed, as the pipeline takes it. Throws `usage` when it contradicts itself. */
export function toRun(given: Given, surroundings: Surroundings): Run {
  const { flags } = given;
  const destination = pickDestination(given);
  return {
    ...surroundings,
    configFile: flags['config-file'],
    ...(flags['no-exec'] ? { noExec: true } : {}),
    ...(flags.erb === undefined ? {} : { erb: flags.erb }),
    ...(destination === undefined ? {} : { destination }),
    ...(flags.version === undefined ? {} : { version: flags.version }),
    hosts: trimmed(flags.hosts),
    roles: trimmed(flags.roles),
    ...(flags.without === undefined ? {} : { without: trimmed(flags.without) }),
    primaryOnly: flags.primary ?? false,
    skipPush: flags['skip-push'] ?? false,
    skipHooks: flags['skip-hooks'] ?? false,
    noCache: flags['no-cache'] ?? false,
    ...(flags['skip-git-check'] ? { skipGitCheck: true } : {}),
    ...(flags['approve-release'] || flags.confirmed ? { approveRelease: true } : {}),
    ...(flags.confirmed ? { confirmed: true } : {}),
    ...(flags['on-failure'] === 'hold' ? { onFailure: 'hold' } : {}),
    ...(flags.prune ? { prune: true } : {}),
    ...(flags['lock-wait']
      ? {
          lockWait: {
            timeoutSeconds: flags['lock-wait-timeout'],
            intervalSeconds: flags['lock-wait-interval'],
          },
        }
      : {}),
    acceptNewHostKeys: flags['accept-new-host-keys'] ?? false,
  };
}

/** The version to roll back to, if one was given. Throws `usage` when it is a destination's name. */
export function pickVersion({ flags, args }: Given): string | undefined {
  const { version } = args;
  if (version === undefined) return flags.version;
  if (flags.version !== undefined && flags.version !== version) {
    throw new Failure('usage', `two versions: ${version}, and --version ${flags.version}`, {
      hint: 'give one of them',
    });
  }
  const destinationFile = flags['config-file'].replace(/(\.[^./]+)?$/, `.${version}$1`);
  if (existsSync(destinationFile)) {
    throw new Failure('usage', `${version} is a destination (${destinationFile}), and rollback takes a version`, {
      hint: `longshore rollback -d ${version}`,
    });
  }
  return version;
}

function pickDestination({ flags, args }: Given): string | undefined {
  if (args.destination !== undefined && flags.destination !== undefined && args.destination !== flags.destination) {
    throw new Failure('usage', `two destinations: ${args.destination}, and -d ${flags.destination}`, {
      hint: 'give one of them',
    });
  }
  return args.destination ?? flags.destination;
}

function trimmed(words: readonly string[] | undefined): string[] {
  return (words ?? []).map((word) => word.trim()).filter((word) => word !== '');
}
