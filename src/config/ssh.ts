import * as z from 'zod';
import type { SshConfig, Value } from './config.ts';
import { flag, integer, mapOf, port, seconds, section, shouldBe, text, textList } from './fields.ts';
import type { Findings } from './findings.ts';
import { withForm } from './form.ts';
import { nearest } from './nearest.ts';
import { present } from './present.ts';
import type { Path } from './sheet.ts';

const portOrText = withForm(
  z.custom<number | string>(
    (value) => port.safeParse(typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value).success,
    {
      error: (issue) => shouldBe('a port from 1 to 65535', issue.input),
    },
  ),
  {
    anyOf: [
      { type: 'integer', minimum: 1, maximum: 65_535 },
      { type: 'string', pattern: '^\\d+$' },
    ],
  },
);

const configFiles = withForm(
  z.custom<boolean | string | string[]>(
    (value) => typeof value === 'boolean' || [value].flat().every((file) => typeof file === 'string' && file !== ''),
    { error: (issue) => shouldBe('true, false, or paths of ssh_config files', issue.input) },
  ),
  { anyOf: [{ type: ['boolean', 'string'] }, { type: 'array', items: { type: 'string' } }] },
);

export const sshSchema = section({
  user: text.exactOptional(),
  port: portOrText.exactOptional(),
  proxy: text.exactOptional(),
  proxy_command: text.exactOptional(),
  keys: textList.exactOptional(),
  keys_only: flag.exactOptional(),
  key_data: textList.exactOptional(),
  config: configFiles.exactOptional(),
  forward_agent: flag.exactOptional(),
  log_level: text.exactOptional(),
  // Longshore's own.
  hosts: mapOf(section({ user: text.exactOptional(), port: portOrText.exactOptional() })).exactOptional(),
});

export const sshkitSchema = section({
  max_concurrent_starts: integer({ from: 1 }).exactOptional(),
  pool_idle_timeout: seconds.exactOptional(),
  dns_retries: integer({ from: 0 }).exactOptional(),
});

export interface WrittenReach {
  readonly ssh?: z.output<typeof sshSchema>;
  readonly sshkit?: z.output<typeof sshkitSchema>;
  /** Every machine of the file. */
  readonly machines: readonly string[];
}

/** How machines are reached. */
export function resolveSsh({ ssh: written = {}, sshkit, machines }: WrittenReach, findings: Findings): SshConfig {
  if (written.forward_agent === true) {
    const message =
      '`ssh.forward_agent` lets whoever is root on a machine use your agent’s keys while a hook runs there';
    findings.warning(['ssh', 'forward_agent'], message);
  }
  if (written.proxy !== undefined && written.proxy_command !== undefined) {
    findings.warning(['ssh', 'proxy_command'], '`ssh.proxy_command` has no effect beside `ssh.proxy`');
  }
  const user = written.user ?? 'root';
  checkUser(user, ['ssh', 'user'], findings);
  if (written.proxy !== undefined && !/^([^\s@]+@)?[^\s@-][^\s@]*$/.test(written.proxy)) {
    findings.problem(['ssh', 'proxy'], 'a jump host is written as host, user@host or user@host:port');
  }
  const proxy = written.proxy?.includes('@') ? written.proxy : written.proxy && `root@${written.proxy}`;
  return present({
    user,
    port: Number(written.port ?? 22),
    keys: written.keys ?? [],
    keysOnly: written.keys_only ?? false,
    keyData: (written.key_data ?? []).map((key, index) => resolveKeyData(key, index, findings)),
    forwardAgent: written.forward_agent ?? false,
    hosts: resolveSshHosts(written.hosts ?? {}, machines, findings),
    startsAtOnce: sshkit?.max_concurrent_starts ?? 30,
    dnsRetries: sshkit?.dns_retries ?? 3,
    proxy,
    proxyCommand: proxy === undefined ? written.proxy_command : undefined,
    config: typeof written.config === 'string' ? [written.config] : (written.config ?? true),
  });
}

/** The user and port of one machine. */
export function sshTo(ssh: SshConfig, host: string): { readonly user: string; readonly port: number } {
  const own = Object.hasOwn(ssh.hosts, host) ? ssh.hosts[host] : undefined;
  return { user: own?.user ?? ssh.user, port: own?.port ?? ssh.port };
}

/** A key's text has several words; the name of a secret is one. */
function resolveKeyData(key: string, index: number, findings: Findings): Value {
  if (/^[\w.]+$/.test(key)) return { secret: key };
  const path = ['ssh', 'key_data', index];
  if (key.includes('PRIVATE KEY')) {
    findings.warning(path, 'a private key should not stand in this file; write the name of a secret that holds it');
  } else {
    findings.problem(path, 'this should be the name of a secret that holds a private key');
  }
  return key;
}

function resolveSshHosts(
  written: Readonly<Record<string, { user?: string; port?: number | string }>>,
  machines: readonly string[],
  findings: Findings,
): SshConfig['hosts'] {
  const hosts = Object.entries(written).map(([host, { user, port: own }]) => {
    const path = ['ssh', 'hosts', host];
    if (!machines.includes(host)) {
      const guess = nearest(host, machines);
      const hint = guess === undefined ? '' : `; did you mean \`${guess}\`?`;
      findings.problemWithKey(path, `no machine of this file is called \`${host}\`${hint}`);
    }
    if (user !== undefined) checkUser(user, [...path, 'user'], findings);
    return [host, present({ user, port: own === undefined ? undefined : Number(own) })] as const;
  });
  return Object.fromEntries(hosts);
}

function checkUser(user: string, path: Path, findings: Findings): void {
  if (!/^[^\s@:-][^\s@:]*$/.test(user)) findings.problem(path, 'this is no user name');
}

export const sshSample = `\
# How the machines are reached. User and port are these, whatever ~/.ssh/config says of them.
ssh:
  user: root
  port: 22
  # Files with private keys, besides the agent's; with keys_only, these alone.
  keys: [~/.ssh/id_ed25519]
  keys_only: false
  # Secrets that hold private keys; they are tried first, and are never written to a disk.
  key_data: [DEPLOY_KEY]
  # Lets hooks on the machines use this machine's ssh agent, and root there too. Kamal forwards it unless this is false.
  forward_agent: false
  # Accepted for Kamal, without effect: a connection that fails tells its whole story anyway.
  log_level: fatal
  # Longshore's own (under x-longshore in a file that Kamal reads too): machines whose user or port differs.
  hosts:
    192.0.2.1:
      user: ubuntu
      port: 2222
  # A jump host: host, user@host or user@host:port. Or proxy_command.
  proxy: jump@bastion.example.com
  # false ignores every ssh_config; a path or list of paths is read instead of OpenSSH's own.
  config: true
sshkit:
  # How many connections are opened at the same time.
  max_concurrent_starts: 30
  # Accepted for Kamal, without effect: a connection lasts as long as its command.
  pool_idle_timeout: 900
  # How often a name that DNS did not resolve is asked for again.
  dns_retries: 3
`;
