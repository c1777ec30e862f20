import { Failure } from '../errors.ts';
import type { Execution } from '../execute/execution.ts';
import { fenced, type Fence } from '../hosts/fence.ts';
import type { Host } from '../hosts/host.ts';
import type { Observed } from '../observe/observed.ts';
import { thisMachine } from '../plan/plan.ts';
import type { Fleet } from './fleet.ts';
import { heed, hookRunner } from './hooks.ts';
import type { HeldLock } from './held-lock.ts';
import { exclusively, machineLocks } from './machine-lock.ts';
import type { Session } from './session.ts';

/** Everything that steps need of this run, which ends when the lock is lost or somebody types Ctrl-C. */
export function executionFor(
  session: Session,
  fleet: Fleet,
  input: { version: string; observed: Observed; lock: HeldLock; files?: Execution['files'] },
): Execution {
  const { version, observed, lock, files = new Map() } = input;
  const { run, config } = session;
  return {
    ...behind(lock.fence, { session, fleet, version, lock }),
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
    signal: AbortSignal.any([run.signal, lock.lost]),
    heed: (who, text) => heed(session, who, text),
    leaveBehind: (because) => session.hold.say({ because, oldVersion: 'cannot-serve' }),
    released: new Map(),
    containerIds: new Map(),
    cutOff: new Map(),
    digests: new Map(),
  };
}

/** What brings back what was before: not ended by the Ctrl-C that caused it, only by another run that has the lock. */
export function executionBack(
  execution: Execution,
  to: { session: Session; fleet: Fleet; version: string; lock: HeldLock },
): Execution {
  return { ...execution, ...behind(to.lock.fenceBack, to), signal: to.lock.taken };
}

/** The machines and the hooks, which nothing reaches but through the fence. */
function behind(
  fence: Fence,
  { session, fleet, version, lock }: { session: Session; fleet: Fleet; version: string; lock: HeldLock },
): Pick<Execution, 'hosts' | 'runHook' | 'exclusively'> {
  const hosts = behindFence(fleet, lock, fence);
  const runHook = hookRunner(session, version, (name) => {
    const host = hosts.get(name);
    if (host === undefined) throw new Failure('connection-lost', `${name}: not connected`);
    return host;
  });
  return {
    hosts,
    exclusively: exclusively(machineLocks(session, fleet), hosts),
    async runHook(step, where) {
      if (where.host === thisMachine && !fence.isOpen()) await fence.pass();
      return runHook(step, where);
    },
  };
}

/** The fleet's machines as they are connected at the time, behind one of the lock's fences. */
export function behindFence(fleet: Fleet, lock: HeldLock, fence: Fence): Execution['hosts'] {
  const known = new WeakMap<Host, Host>();
  return {
    get(name) {
      const host = fleet.hosts.get(name);
      if (host === undefined) return undefined;
      const behindIt = known.get(host) ?? fenced(host, lock.before(host, fence));
      known.set(host, behindIt);
      return behindIt;
    },
  };
}

/** As Docker reads an image's name: its first part is a server when it looks like one. */
export function isAt(image: string, server: string): boolean {
  if (server !== 'docker.io') return image.startsWith(`${server}/`);
  const [first = '', ...rest] = image.split('/');
  return rest.length === 0 || first === 'docker.io' || !(/[.:]/.test(first) || first === 'localhost');
}
