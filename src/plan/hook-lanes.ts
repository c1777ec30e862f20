import type { Config } from '../config/config.ts';
import { thisMachine, type Stage } from './plan.ts';

/** The stages of one hook: here first, then side by side on the machines that the file names for it. */
export function hookLanes(
  hook: string,
  hosts: readonly string[],
  config: Config,
  present: ReadonlySet<string>,
): Stage[] {
  if (!present.has(hook)) return [];
  const settings = config.hooks[hook];
  const runOn = settings?.runOn ?? ['local'];
  const because = `${config.hooksPath}/${hook} is there`;
  const roleHosts = config.roles
    .filter(({ name }) => settings === undefined || settings.roles.length === 0 || settings.roles.includes(name))
    .flatMap((role) => role.hosts.map(({ host }) => host));
  const remote = hosts.filter((host) => roleHosts.includes(host));
  const local: Stage[] = runOn.includes('local')
    ? [
        {
          name: hook,
          lanes: [{ host: thisMachine, steps: [{ kind: 'run-hook', hook, where: 'local', hosts, because }] }],
        },
      ]
    : [];
  const onHosts: Stage[] =
    runOn.includes('hosts') && remote.length > 0
      ? [
          {
            name: `${hook} on hosts`,
            lanes: remote.map((host) => ({ host, steps: [{ kind: 'run-hook', hook, where: 'host', hosts, because }] })),
          },
        ]
      : [];
  return [...local, ...onHosts];
}
