import { proxyContainerName } from '../containers/names.ts';
import { Failure } from '../errors.ts';
import type { Host } from '../hosts/host.ts';
import type { Step } from '../plan/plan.ts';
import { inProxy } from '../proxy/files.ts';
import type { Execution } from './execution.ts';

/**
 * Writes a certificate and its key as files that only the proxy's user may read. That user is another one than who logs in, so the engine
 * writes them through the proxy's mount; the directory belongs to who logs in, so that it can be removed. It gets its name last, whole.
 */
export async function writeCertificate(
  step: Extract<Step, { kind: 'write-certificate' }>,
  host: Host,
  { secrets }: Execution,
): Promise<void> {
  const unfinished = `${step.directory}/.${step.id}`;
  const [proxy, users] = await Promise.all([
    host.docker.inspectContainer(proxyContainerName),
    host.docker.readFile(proxyContainerName, '/etc/passwd'),
    host.makeDirectory(unfinished),
  ]);
  const owner = ownerOf(proxy?.Config.User ?? '', users?.toString('utf8') ?? '');
  if (owner === undefined) {
    throw new Failure(
      'route-refused',
      `${host.name}: the proxy runs as ${proxy?.Config.User}, whose number is not known`,
      {
        hint: 'Run a proxy image whose user is a number, or stands in its /etc/passwd.',
        exitStatus: 3,
      },
    );
  }
  const file = (name: string, secret: string) => ({
    name,
    content: `${(secrets.get(secret) ?? '').trim()}\n`,
    mode: 0o600,
    ...owner,
  });
  await host.docker.putFiles(proxyContainerName, inProxy(unfinished), [
    file('cert.pem', step.certificate),
    file('key.pem', step.privateKey),
  ]);
  await host.moveDirectory(unfinished, `${step.directory}/${step.id}`);
}

/** Numbers of an image's `USER`, which is a name or a number, with or without a group. */
export function ownerOf(user: string, passwd: string): { uid: number; gid: number } | undefined {
  const [name = '', group] = user.split(':');
  const lines = passwd.split('\n').map((line) => line.split(':'));
  const entry = lines.find(([login, , uid]) => login === name || uid === name);
  const uid = /^\d+$/.test(name) ? Number(name) : name === '' ? 0 : Number(entry?.[2] ?? NaN);
  const gid = group !== undefined && /^\d+$/.test(group) ? Number(group) : Number(entry?.[3] ?? 0);
  return Number.isNaN(uid) ? undefined : { uid, gid };
}
