import type { Config } from '../config/config.ts';
import { nearest } from '../config/nearest.ts';
import { Failure } from '../errors.ts';

/**
 * The file for a run that goes on without some machines, which are not even connected to: the lock is taken on the next one of the list.
 * Roles are as written, so that what replaces them is not mistaken for gone. @throws Failure `usage` for a name that is none, and when no
 * machine is left
 */
export function withoutHosts(config: Config, names: readonly string[]): Config {
  if (names.length === 0) return config;
  for (const name of names) refuseUnknown(config, name);
  const stays = (host: string) => !names.includes(host);
  const allHosts = config.allHosts.filter(stays);
  if (allHosts.length === 0) {
    throw new Failure('usage', '--without leaves no machine', { hint: `This file has: ${config.allHosts.join(', ')}` });
  }
  const inOrder = config.roles.find(({ isPrimary }) => isPrimary)?.hosts.map(({ host }) => host) ?? [];
  return {
    ...config,
    primaryHost: [config.primaryHost, ...inOrder, ...allHosts].find(stays) ?? '',
    hosts: config.hosts.filter(stays),
    allHosts,
    accessories: config.accessories.map((one) => ({ ...one, hosts: one.hosts.filter(({ host }) => stays(host)) })),
    accessoryHosts: config.accessoryHosts.filter(stays),
  };
}

/** What a run without these machines does not do, a line for each thing. */
export function whatIsLeftOut(config: Config, names: readonly string[]): string[] {
  if (names.length === 0) return [];
  const among = ({ hosts }: { readonly hosts: readonly { readonly host: string }[] }) =>
    hosts.map(({ host }) => host).filter((host) => names.includes(host));
  const lock = withoutHosts(config, names).primaryHost;
  return [
    `Going on without ${names.join(', ')}`,
    ...(lock === config.primaryHost ? [] : [`The lock is taken on ${lock}, as ${config.primaryHost} is left out`]),
    ...config.roles
      .filter((role) => role.hosts.length > 0 && among(role).length === role.hosts.length)
      .map((role) => `${role.name} is on no other machine than ${among(role).join(', ')}: nothing is done about it`),
    ...config.accessories
      .filter((one) => among(one).length > 0)
      .map((one) => `${one.name} on ${among(one).join(', ')} is not looked at`),
  ];
}

function refuseUnknown({ allHosts }: Config, name: string): void {
  if (allHosts.includes(name)) return;
  const close = nearest(name, allHosts);
  const question = close === undefined ? '' : `; did you mean ${close}?`;
  throw new Failure('usage', `--without ${name}: there is no such machine${question}`, {
    hint: `This file has: ${allHosts.join(', ')}`,
  });
}
