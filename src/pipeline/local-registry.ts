import type { BuilderSetup } from '../build/builder-setup.ts';
import type { Session } from './session.ts';

/**
 * Does work while the registry on this machine runs, if it is one, and while the machine that builds can reach it too.
 * Absent `setup`: nothing is pushed.
 */
export async function withLocalRegistry<T>(
  session: Session,
  setup: BuilderSetup | undefined,
  work: () => Promise<T>,
): Promise<T> {
  const { localPort } = session.config.registry;
  if (localPort === undefined || setup === undefined) return work();
  await startRegistry(session, localPort);
  const endpoint = setup.nodes.find(({ context }) => context !== undefined)?.context?.endpoint;
  if (endpoint === undefined || !endpoint.startsWith('ssh://')) return work();
  const { hostname, username, port } = new URL(endpoint);
  const host = await session.connect(hostname, session.run.signal, {
    user: username === '' ? session.config.ssh.user : decodeURIComponent(username),
    port: port === '' ? 22 : Number(port),
  });
  try {
    const end = await host.reachBack(localPort);
    return await work().finally(end);
  } finally {
    await host.close();
  }
}

/** Starts the registry's container here, and says so when it did not run. @throws Failure `build-failed` */
export async function startRegistry({ run }: Session, port: number): Promise<void> {
  const { localRegistryName, startLocalRegistry } = await import('../hosts/this-machine/local-registry.ts');
  const done = await startLocalRegistry(port, run);
  if (done !== 'ran') run.emit({ type: 'note', text: `${done} ${localRegistryName} at localhost:${port}` });
}
