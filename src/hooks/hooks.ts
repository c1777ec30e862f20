import type { Config, HookConfig } from '../config/config.ts';
import type { HookName } from '../config/hooks.ts';
import { Failure } from '../errors.ts';

/** The deploy's hooks: the user's own scripts in `hooks_path`, by Kamal's names. */

export interface HookRules {
  /** Sees every secret when it runs on this machine, as in Kamal, unless the file names those that it sees. */
  readonly seesAllSecrets: boolean;
  /** What its failure means: nothing was swapped yet, or the new version serves and stays. */
  readonly onFailure: 'stop' | 'keep-what-serves';
}

export const hookRules: Readonly<Record<HookName, HookRules>> = {
  'docker-setup': { seesAllSecrets: false, onFailure: 'stop' },
  'pre-connect': { seesAllSecrets: true, onFailure: 'stop' },
  'pre-build': { seesAllSecrets: false, onFailure: 'stop' },
  'pre-deploy': { seesAllSecrets: true, onFailure: 'stop' },
  'pre-app-boot': { seesAllSecrets: false, onFailure: 'stop' },
  'post-app-boot': { seesAllSecrets: false, onFailure: 'stop' },
  'post-deploy': { seesAllSecrets: true, onFailure: 'keep-what-serves' },
  // It takes back what pre-deploy did, so it sees what pre-deploy sees.
  'deploy-failed': { seesAllSecrets: true, onFailure: 'stop' },
  'pre-proxy-reboot': { seesAllSecrets: false, onFailure: 'stop' },
  'post-proxy-reboot': { seesAllSecrets: false, onFailure: 'stop' },
};

export type { HookName };

/** Without an entry under `hooks:`, a script runs on this machine only. */
export const defaultHook: HookConfig = { runOn: ['local'], roles: [], timeoutSeconds: 600 };

export function hookConfigOf(config: Pick<Config, 'hooks'>, name: HookName): HookConfig {
  return config.hooks[name] ?? defaultHook;
}

/** Machines that run a hook, in the config's order; none when it runs on this machine only. */
export function hostsFor(hook: HookConfig, config: Pick<Config, 'hosts' | 'roles'>): string[] {
  if (!hook.runOn.includes('hosts')) return [];
  if (hook.roles.length === 0) return [...config.hosts];
  const roles = config.roles.filter((role) => hook.roles.includes(role.name));
  const hosts = new Set(roles.flatMap((role) => role.hosts.map(({ host }) => host)));
  return config.hosts.filter((host) => hosts.has(host));
}

/** Names of the secrets that a hook sees; `all` means every one in the secrets files. */
export function secretsFor(name: HookName, hook: HookConfig, where: 'local' | 'host'): 'all' | readonly string[] {
  return hook.secrets ?? (where === 'local' && hookRules[name].seesAllSecrets ? 'all' : []);
}

/** @throws Failure `config-invalid` when one of these files is a hook by the name it had in Kamal 1 */
export function refuseOldHooks(files: readonly string[]): void {
  for (const file of files) {
    const moment = /^(pre|post)-traefik-reboot$/.exec(file)?.[1];
    if (moment === undefined) continue;
    throw new Failure('config-invalid', `The hook ${file} would never run: there is no Traefik any more`, {
      hint: `Rename it to ${moment}-proxy-reboot`,
    });
  }
}
