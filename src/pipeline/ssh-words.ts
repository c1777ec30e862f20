import type { Config } from '../config/config.ts';
import { sshTo } from '../config/ssh.ts';
import { quote } from '../processes/quote.ts';

/** What a person types to reach a machine as this file says: `ssh -p 2222 deploy@192.0.2.10`. */
export function sshWords({ ssh }: Pick<Config, 'ssh'>, host: string): string {
  const { user, port } = { ...ssh, ...sshTo(ssh, host) };
  // OpenSSH takes one file besides its own; without any it takes the word `none`.
  const [file] = ssh.config === false ? ['none'] : ssh.config === true ? [] : ssh.config;
  return [
    'ssh',
    ...(file === undefined ? [] : ['-F', path(file)]),
    ...ssh.keys.flatMap((key) => ['-i', path(key)]),
    ...(ssh.proxy === undefined ? [] : ['-J', quote(ssh.proxy)]),
    ...(ssh.proxyCommand === undefined ? [] : ['-o', quote(`ProxyCommand=${ssh.proxyCommand}`)]),
    ...(port === 22 ? [] : ['-p', String(port)]),
    quote(`${user}@${host}`),
  ].join(' ');
}

/** Quoted, but for the `~/` that the shell is to make something of. */
function path(text: string): string {
  return text.startsWith('~/') ? `~/${quote(text.slice(2))}` : quote(text);
}
