import { Failure } from '../errors.ts';
import type { Execution } from '../execute/execution.ts';
import type { Observed } from '../observe/observed.ts';
import type { Fleet } from './fleet.ts';
import { hookRunner } from './hooks.ts';
import type { Session } from './session.ts';

/** Everything that steps need of this run. `stop`: what ends it besides Ctrl-C. */
export function executionFor(
  session: Session,
  fleet: Fleet,
  input: { version: string; observed: Observed; stop: readonly AbortSignal[]; files?: Execution['files'] },
): Execution {
  const { version, observed, stop, files = new Map() } = input;
  const { run, config } = session;
  const hostOf = (name: string) => {
    const host = fleet.hosts.get(name);
    if (host === undefined) throw new Failure('connection-lost', `${name}: not connected`);
    return host;
  };
  return {
    hosts: fleet.hosts,
    homeDirectories: new Map(observed.hosts.map(({ host, homeDirectory }) => [host, homeDirectory])),
    variables: new Map(observed.hosts.map(({ host, variables }) => [host, variables])),
    secrets: session.secrets,
    secretsByKamal: session.secretsByKamal,
    errorPages: session.routeFiles.errorPages,
    credentialsFor: (image) => session.logins.find(({ server }) => isAt(image, server)),
    files,
    ...(config.registry.localPort === undefined ? {} : { localRegistryPort: config.registry.localPort }),
    service: config.service,
    performer: session.tree.performer,
    startedAt: session.startedAt,
    emit: run.emit,
    mask: session.mask,
    signal: AbortSignal.any([run.signal, ...stop]),
    runHook: hookRunner(session, version, hostOf),
    containerIds: new Map(),
    digests: new Map(),
  };
}

/** As Docker reads an image's name: its first part is a server when it looks like one. */
export function isAt(image: string, server: string): boolean {
  if (server !== 'docker.io') return image.startsWith(`${server}/`);
  const [first = '', ...rest] = image.split('/');
  return rest.length === 0 || first === 'docker.io' || !(/[.:]/.test(first) || first === 'localhost');
}
