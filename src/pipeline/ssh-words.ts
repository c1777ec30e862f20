import type { Config } from '../config/config.ts';
import { sshTo } from '../config/ssh.ts';
import { quote } from '../processes/quote.ts';

/** What a person types to reach a machine as this file says: `ssh -p 2222 deploy@192.0.2.10`. */
export function sshWords({ ssh }: Pick<Config, 'ssh'>, host: string): string {
  const { user, port } = { ...ssh, ...sshTo(ssh, host) };
  return ['ssh', ...(port === 22 ? [] : ['-p', String(port)]), quote(`${user}@${host}`)].join(' ');
}
