import * as z from 'zod';
import type { SshConfig } from './config.ts';
import { flag, port, section, shouldBe, text, textList } from './fields.ts';
import type { Findings } from './findings.ts';
import { withForm } from './form.ts';
import { present } from './present.ts';

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
});

export type WrittenSsh = z.output<typeof sshSchema>;

/** How machines are reached. */
export function resolveSsh(written: WrittenSsh = {}, findings: Findings): SshConfig {
  if (written.key_data !== undefined) findings.notDone(['ssh', 'key_data']);
  if (written.forward_agent === true) {
    findings.warning(['ssh', 'forward_agent'], '`ssh.forward_agent` has no effect: the agent is never forwarded');
  }
  if (written.log_level !== undefined) findings.warning(['ssh', 'log_level'], '`ssh.log_level` has no effect');
  if (written.proxy !== undefined && written.proxy_command !== undefined) {
    findings.warning(['ssh', 'proxy_command'], '`ssh.proxy_command` has no effect beside `ssh.proxy`');
  }
  const user = written.user ?? 'root';
  if (!/^[^\s@:-][^\s@:]*$/.test(user)) findings.problem(['ssh', 'user'], 'this is no user name');
  if (written.proxy !== undefined && !/^([^\s@]+@)?[^\s@-][^\s@]*$/.test(written.proxy)) {
    findings.problem(['ssh', 'proxy'], 'a jump host is written as host, user@host or user@host:port');
  }
  const proxy = written.proxy?.includes('@') ? written.proxy : written.proxy && `root@${written.proxy}`;
  return present({
    user,
    port: Number(written.port ?? 22),
    keys: written.keys ?? [],
    keysOnly: written.keys_only ?? false,
    proxy,
    proxyCommand: proxy === undefined ? written.proxy_command : undefined,
    config: typeof written.config === 'string' ? [written.config] : (written.config ?? true),
  });
}

export const sshSample = `\
# How the machines are reached. User and port are these, whatever ~/.ssh/config says of them.
ssh:
  user: root
  port: 22
  # Files with private keys, besides the agent's; with keys_only, these alone.
  keys: [~/.ssh/id_ed25519]
  keys_only: false
  # A jump host: host, user@host or user@host:port. Or proxy_command.
  proxy: jump@bastion.example.com
  # false ignores every ssh_config; a path or list of paths is read instead of OpenSSH's own.
  config: true
`;
