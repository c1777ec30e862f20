import type { WantedContainer } from '../app/wanted.ts';
import type { Config } from '../config/config.ts';
import { rolePrefix } from '../containers/names.ts';
import { Failure, messageOf } from '../errors.ts';
import { pause } from '../execute/ready.ts';
import type { Host } from '../hosts/host.ts';
import { observeHost } from '../observe/observe.ts';
import type { Observed } from '../observe/observed.ts';
import { runHookHere } from './hooks.ts';
import type { Session } from './session.ts';

const reconnectSeconds = 20;

/** The connected machines of one run. */
export interface Fleet {
  readonly hosts: Map<string, Host>;
  /** Looks at these machines, all at once; waits while a dead run's request to the proxy is still at work. */
  observe(look: {
    version?: string;
    wanted?: readonly WantedContainer[];
    hosts?: readonly string[];
  }): Promise<Observed>;
  /** Connects again to machines whose connection was lost. @returns those that stay away */
  reconnect(hosts: readonly string[]): Promise<string[]>;
  close(): Promise<void>;
}

/** Connects to all machines side by side. @throws Failure that names every machine that could not be reached, and why */
export async function connectFleet(session: Session, names: readonly string[]): Promise<Fleet> {
  const settled = await Promise.allSettled(names.map((name) => session.connect(name)));
  const hosts = new Map<string, Host>();
  for (const [index, result] of settled.entries()) {
    if (result.status === 'fulfilled') hosts.set(names[index] ?? '', result.value);
  }
  const fleet = fleetOf(session, hosts);
  const problems = settled.flatMap((result): unknown[] => (result.status === 'rejected' ? [result.reason] : []));
  if (problems.length > 0) {
    // All at once: what else is wrong with the machines that could be reached is told in the same breath.
    const others = await Promise.all([...hosts.values()].map((host) => unready(host, session)));
    await fleet.close();
    throw together([...problems, ...others.flat()], 'Nothing was changed.');
  }
  return fleet;
}

async function unready(host: Host, { run }: Session): Promise<Failure[]> {
  if (run.command === 'setup') return [];
  return host.docker.info().then(
    () => [],
    (error: unknown) => (error instanceof Failure ? [error] : []),
  );
}

function fleetOf(session: Session, hosts: Map<string, Host>): Fleet {
  const { run, config, secrets } = session;
  const observeOnce = async (look: Parameters<Fleet['observe']>[0]): Promise<Observed> => {
    const names = look.hosts ?? [...hosts.keys()];
    const settled = await Promise.allSettled(
      names.map((name) =>
        observeHost(hosts.get(name) ?? missing(name), {
          config,
          ...(look.version === undefined ? {} : { version: look.version }),
          wanted: look.wanted ?? [],
          secrets,
        }),
      ),
    );
    const problems = settled.flatMap((result): unknown[] => (result.status === 'rejected' ? [result.reason] : []));
    if (problems.length > 0) throw together(problems);
    return { hosts: settled.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : [])) };
  };
  return {
    hosts,
    async observe(look) {
      const deadline = Date.now() + (config.deployTimeoutSeconds + config.drainTimeoutSeconds + 10) * 1000;
      for (let waited = false; ; waited = true) {
        const observed = await observeOnce(look);
        const busy = observed.hosts.filter(({ proxy }) => proxy.inFlight.some((service) => isOurs(service, config)));
        if (busy.length === 0) return observed;
        if (Date.now() > deadline) {
          const text = 'The proxy is still at work on an earlier run’s request; going on from what is there now';
          run.emit({ type: 'warning', text });
          return observed;
        }
        if (!waited) {
          const where = busy.map(({ host }) => host).join(', ');
          run.emit({ type: 'note', text: `Waiting for an earlier run's request to the proxy on ${where} to end` });
        }
        await pause(500);
      }
    },
    async reconnect(names) {
      const results = await Promise.all(names.map((name) => connectAgain(name)));
      return names.filter((_name, index) => results[index] === false);
    },
    async close() {
      await Promise.all([...hosts.values()].map((host) => host.close()));
    },
  };

  async function connectAgain(name: string): Promise<boolean> {
    await hosts.get(name)?.close();
    hosts.delete(name);
    const deadline = Date.now() + reconnectSeconds * 1000;
    for (;;) {
      try {
        hosts.set(name, await session.connect(name));
        return true;
      } catch (error) {
        if (!(error instanceof Failure) || Date.now() > deadline) return false;
        await pause(1000);
      }
    }
  }
}

function missing(name: string): never {
  throw new Failure('connection-lost', `${name}: not connected`);
}

function isOurs(service: string, config: Config): boolean {
  return config.roles.some(({ name }) => rolePrefix(config, name) === service);
}

/** One failure of many machines; a bug among them is thrown as it is. */
export function together(problems: readonly unknown[], conclusion?: string): Error {
  const bug = problems.find((problem) => !(problem instanceof Failure));
  if (bug !== undefined) return bug instanceof Error ? bug : new Error(messageOf(bug));
  const failures = problems as Failure[];
  const [first] = failures;
  if (failures.length === 1 && first !== undefined) return first;
  return new Failure('hosts-not-ready', `${failures.length} machines are not ready`, {
    details: failures.flatMap(({ message, hint, details }) => [
      message,
      ...details,
      ...(hint === undefined ? [] : [`  → ${hint}`]),
    ]),
    ...(conclusion === undefined ? {} : { hint: conclusion }),
  });
}

/** Connects to the machines for the length of some work. */
export async function withFleet<T>(session: Session, version: string, work: (fleet: Fleet) => Promise<T>): Promise<T> {
  const { config, selected } = session;
  await runHookHere(session, { hook: 'pre-connect', version, hosts: selected.hosts, lockHeld: false });
  const fleet = await connectFleet(session, [...new Set([config.primaryHost, ...selected.hosts])]);
  try {
    return await work(fleet);
  } finally {
    await fleet.close();
  }
}
