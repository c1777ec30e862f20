import { homedir, userInfo } from 'node:os';
import type { SshConfig } from '../config/config.ts';
import { Failure } from '../errors.ts';
import { run } from '../processes/run.ts';
import { nameOf } from './known-hosts.ts';

/** How to reach and log in to one machine: what deploy.yml says, and what ssh_config says of the rest. */
export interface SshSettings {
  /** The address to dial. */
  readonly address: string;
  readonly port: number;
  readonly user: string;
  /** What known_hosts calls the machine: its HostKeyAlias as it is, or its address, with a port that is not 22. */
  readonly keyName: string;
  /** Private key files to try, those of deploy.yml first; some may not exist. */
  readonly keyFiles: readonly string[];
  /** Private keys themselves, each with what to call it. */
  readonly keyTexts: readonly KeyText[];
  /** Socket of the agent; absent when none is to be used. */
  readonly agent?: string;
  /** Whether scripts on the machine reach that agent. */
  readonly forwardsAgent: boolean;
  /** Of the agent's keys, offer only those that a key file names. */
  readonly identitiesOnly: boolean;
  /** `[user@]host[:port]` of every jump host, nearest first. */
  readonly jumps: readonly string[];
  readonly proxyCommand?: string;
  readonly userKnownHosts: readonly string[];
  readonly globalKnownHosts: readonly string[];
  /** `StrictHostKeyChecking accept-new`, `no` or `off`. */
  readonly acceptsNewKeys: boolean;
}

/** What deploy.yml says; a jump host has neither user nor port of its own there, so ssh_config may say them. */
export type Asked = Pick<SshConfig, 'keys' | 'keysOnly' | 'proxy' | 'proxyCommand' | 'config'> & {
  readonly user?: string;
  readonly port?: number;
  readonly keyTexts?: readonly KeyText[];
  readonly forwardAgent?: boolean;
  readonly dnsRetries?: number;
};

export interface KeyText {
  /** The name of the secret, for messages. */
  readonly name: string;
  readonly text: string;
}

/** User and port come from deploy.yml; the rest from `ssh -G`, as OpenSSH itself reads its files, or OpenSSH's defaults. */
export async function sshSettings(
  host: string,
  ssh: Asked,
  env: Readonly<Record<string, string | undefined>>,
): Promise<SshSettings> {
  const said = await askSsh(host, ssh, env);
  const first = (key: string) => said.get(key)?.[0];
  const files = (key: string, fallback: string[]) =>
    (first(key)?.split(' ') ?? fallback).filter((file) => file !== 'none').map((file) => expand(file, env));
  const identityFiles = said.get('identityfile') ?? defaultKeyFiles;
  const agent = agentOf(first('identityagent'), env);
  const port = ssh.port ?? Number(first('port') ?? 22);
  const address = first('hostname') ?? host;
  const proxyCommand = ssh.proxyCommand ?? none(first('proxycommand'));
  return {
    address,
    port,
    user: ssh.user ?? first('user') ?? userInfo().username,
    keyName: first('hostkeyalias')?.toLowerCase() ?? nameOf(address, port),
    keyFiles: [...new Set([...ssh.keys, ...(ssh.keysOnly ? [] : identityFiles)])].map((file) => expand(file, env)),
    keyTexts: ssh.keyTexts ?? [],
    ...(agent === undefined ? {} : { agent }),
    forwardsAgent: ssh.forwardAgent === true && agent !== undefined,
    identitiesOnly: ssh.keysOnly || first('identitiesonly') === 'yes',
    jumps: ssh.proxy === undefined ? (none(first('proxyjump'))?.split(',') ?? []) : ssh.proxy.split(','),
    ...(proxyCommand === undefined || ssh.proxy !== undefined ? {} : { proxyCommand }),
    userKnownHosts: files('userknownhostsfile', ['~/.ssh/known_hosts', '~/.ssh/known_hosts2']),
    globalKnownHosts: files('globalknownhostsfile', ['/etc/ssh/ssh_known_hosts', '/etc/ssh/ssh_known_hosts2']),
    acceptsNewKeys: ['accept-new', 'no', 'off', 'false'].includes(first('stricthostkeychecking') ?? ''),
  };
}

const defaultKeyFiles = ['~/.ssh/id_rsa', '~/.ssh/id_ecdsa', '~/.ssh/id_ed25519'];

/** Every line of `ssh -G`, by its lower-case key; empty where there is no ssh. @throws Failure for a file ssh cannot read */
async function askSsh(
  host: string,
  { user, port, config }: Asked,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Map<string, string[]>> {
  const files = typeof config === 'boolean' ? [] : config.map((path) => expand(path, env));
  const which = config === false ? ['-F', 'none'] : files.length > 0 ? ['-F', files[0] ?? ''] : [];
  const who = [...(user === undefined ? [] : ['-l', user]), ...(port === undefined ? [] : ['-p', String(port)])];
  const args = ['-G', ...which, ...who, '--', host];
  const { exitStatus, stdout, stderr } =
    files.length > 1
      ? // ssh reads one file only, so it is given one that includes them all.
        await run('sh', ['-c', 'cat | ssh "$@"', 'sh', ...args.with(2, '/dev/stdin')], {
          env,
          input: files.map((path) => `Include "${path}"\n`).join(''),
          timeoutSeconds: 10,
        })
      : await run('ssh', args, { env, timeoutSeconds: 10 });
  if (exitStatus === 127) return new Map();
  if (exitStatus !== 0) {
    throw new Failure('host-unreachable', `ssh_config cannot be read for ${host}: ${stderr.trim().split('\n')[0]}.`, {
      hint: 'Correct the file, or say ssh: { config: false } in deploy.yml.',
    });
  }
  const said = new Map<string, string[]>();
  for (const line of stdout.split('\n')) {
    const [key = '', ...value] = line.split(' ');
    said.set(key, [...(said.get(key) ?? []), value.join(' ')]);
  }
  return said;
}

function agentOf(
  identityAgent: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): string | undefined {
  if (identityAgent === 'none') return undefined;
  if (identityAgent === undefined || identityAgent === 'SSH_AUTH_SOCK') return env['SSH_AUTH_SOCK'];
  return expand(identityAgent.startsWith('$') ? (env[identityAgent.replace(/[${}]/g, '')] ?? '') : identityAgent, env);
}

function none(value: string | undefined): string | undefined {
  return value === 'none' ? undefined : value;
}

function expand(path: string, env: Readonly<Record<string, string | undefined>>): string {
  return path.replace(/^~(?=\/|$)/, env['HOME'] ?? homedir());
}
