import { sshTo } from '../config/ssh.ts';
import type { Host } from '../hosts/host.ts';
import type { Session } from './session.ts';

/** For a machine that the file does not deploy to, such as one that only builds. */
export interface SshLogin {
  readonly user: string;
  readonly port: number;
}

/** ssh2 and dockerode are heavy, so they are loaded only when a machine is connected to. */
export async function connectBySsh(
  name: string,
  {
    run,
    config,
    signal,
    secrets,
    login,
  }: Pick<Session, 'run' | 'config' | 'secrets'> & {
    signal: AbortSignal;
    login: SshLogin | undefined;
  },
): Promise<Host> {
  const { connect } = await loadConnect();
  // The file's jump host leads to the file's machines.
  const { proxy: _proxy, proxyCommand: _command, ...direct } = config.ssh;
  const keyTexts = config.ssh.keyData.map((key) =>
    typeof key === 'string'
      ? { name: 'the key in ssh.key_data', text: key }
      : { name: `the secret ${key.secret}`, text: secrets.get(key.secret) ?? '' },
  );
  return connect({
    name,
    ssh: { ...(login === undefined ? config.ssh : direct), ...(login ?? sshTo(config.ssh, name)), keyTexts },
    acceptNewHostKeys: run.acceptNewHostKeys,
    env: run.env,
    ...(run.askSecret === undefined ? {} : { askSecret: run.askSecret }),
    signal,
  });
}

export function loadConnect(): Promise<typeof import('../hosts/connect.ts')> {
  return import('../hosts/connect.ts');
}
