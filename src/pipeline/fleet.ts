import type { WantedContainer } from '../app/wanted.ts';
import { rolePrefix, watchedDirectory } from '../containers/names.ts';
import { Failure } from '../errors.ts';
import { pause } from '../execute/ready.ts';
import { handleFor } from '../hooks/lock-handle.ts';
import type { Host } from '../hosts/host.ts';
import type { AccessoryLook } from '../observe/accessories.ts';
import { observeHost } from '../observe/observe.ts';
import type { Observed, ObservedHost } from '../observe/observed.ts';
import type { Session } from './session.ts';
import { together } from './together.ts';

const reconnectSeconds = 20;

export interface FleetLook {
  readonly version?: string;
  readonly wanted?: readonly WantedContainer[];
  readonly accessories?: AccessoryLook;
}

/** The connected machines of one run. */
export interface Fleet {
  readonly hosts: Map<string, Host>;
  /** Looks at all machines at once; waits while a dead run's request to the proxy is still at work. @throws Failure */
  observe(look: FleetLook): Promise<Observed>;
  /** As `observe`, connecting again to machines whose connection is gone; those that stay away are named instead. */
  observeReachable(look: FleetLook): Promise<{ observed: Observed; away: string[] }>;
  /** The machine as it is connected, after one attempt to connect again where that ended. @throws Failure */
  connected(name: string): Promise<Host>;
  /** Connects again to these machines. @returns those that stay away */
  reconnect(hosts: readonly string[]): Promise<string[]>;
  close(): Promise<void>;
}

/** What a run does on its machines, once they are connected. */
export function fleetOf(session: Session, hosts: Map<string, Host>): Fleet {
  const { run, config, secrets, secretsByKamal } = session;
  const names = [...hosts.keys()];
  const ours = config.roles.map(({ name }) => rolePrefix(config, name));
  const gone = new Set<string>();
  /** Machines that stayed away once: from then on they are tried, but no longer waited for. */
  const givenUp = new Set<string>();
  const connecting = new Map<string, Promise<Host>>();
  const watch = (name: string, host: Host) => {
    gone.delete(name);
    void host.closed.then(() => hosts.get(name) === host && gone.add(name));
  };
  for (const [name, host] of hosts) watch(name, host);

  const lookAt = async (name: string, look: FleetLook): Promise<ObservedHost> => {
    const observed = await observeHost(hosts.get(name) ?? missing(name), {
      config,
      ...(look.version === undefined ? {} : { version: look.version }),
      wanted: look.wanted ?? [],
      secrets,
      secretsByKamal,
      ...(look.accessories === undefined ? {} : { accessories: look.accessories }),
    });
    // Called by a hook: what is unfinished is the run that called it.
    const { unfinished: _calling, ...others } = observed;
    return handleFor(config, run.env) === undefined ? observed : others;
  };

  /** Looks again and again at a machine while it is busy with what another run left it to do for this service. */
  async function lookWhenQuiet(name: string, look: FleetLook): Promise<ObservedHost> {
    const deadline = Date.now() + (config.deployTimeoutSeconds + config.drainTimeoutSeconds + 10) * 1000;
    for (let waited = false; ; waited = true) {
      const observed = await lookAt(name, look);
      const what = atWork(observed, ours) ?? (await wakesThere(observed));
      if (what === undefined) return observed;
      if (!waited) run.emit({ type: 'note', text: `${name}: waiting for ${what} to end` });
      if (Date.now() > deadline) {
        const text = `${name}: ${what} has not ended; going on from what is there now`;
        run.emit({ type: 'warning', text });
        return observed;
      }
      await pause(500);
    }
  }

  /** A file says so; whether it is still true the machine is asked only then. */
  async function wakesThere({ host, watched }: ObservedHost): Promise<string | undefined> {
    if (!watched.some(({ state }) => state === 'waking')) return undefined;
    const wakes = await (hosts.get(host) ?? missing(host)).watch.isWaking(watchedDirectory(config));
    return wakes ? 'the restart of what a dead run left quiet' : undefined;
  }

  return {
    hosts,
    async observe(look) {
      const settled = await Promise.allSettled([...hosts.keys()].map((name) => lookWhenQuiet(name, look)));
      const problems = settled.flatMap((result): unknown[] => (result.status === 'rejected' ? [result.reason] : []));
      if (problems.length > 0) throw together(problems);
      return { hosts: settled.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : [])) };
    },
    async observeReachable(look) {
      const away: string[] = [];
      const looked = await Promise.all(
        names.map(async (name) => {
          for (let attempt = 1; attempt <= 2; attempt += 1) {
            if ((gone.has(name) || !hosts.has(name)) && !(await connectAgain(name))) break;
            try {
              return [await lookWhenQuiet(name, look)];
            } catch (error) {
              if (!(error instanceof Failure)) throw error;
              gone.add(name);
            }
          }
          away.push(name);
          return [];
        }),
      );
      return { observed: { hosts: looked.flat() }, away };
    },
    async connected(name) {
      const host = hosts.get(name);
      return host === undefined || gone.has(name) ? connectOnce(name) : host;
    },
    async reconnect(again) {
      const results = await Promise.all(again.map((name) => connectAgain(name)));
      return again.filter((_name, index) => results[index] === false);
    },
    async close() {
      await Promise.all([...hosts.values()].map((host) => host.close()));
    },
  };

  /** Not ended by Ctrl-C: a machine that cannot be reached again cannot be brought back either. */
  async function connectAgain(name: string): Promise<boolean> {
    const deadline = givenUp.has(name) ? 0 : Date.now() + reconnectSeconds * 1000;
    for (;;) {
      try {
        await connectOnce(name);
        givenUp.delete(name);
        return true;
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
        if (Date.now() > deadline) {
          givenUp.add(name);
          hosts.delete(name);
          return false;
        }
        await pause(1000);
      }
    }
  }

  /** One attempt for all that ask at the same time. */
  function connectOnce(name: string): Promise<Host> {
    const attempt = connecting.get(name) ?? connectNew(name).finally(() => connecting.delete(name));
    return connecting.set(name, attempt) && attempt;
  }

  async function connectNew(name: string): Promise<Host> {
    await hosts.get(name)?.close();
    const host = await session.connect(name, new AbortController().signal);
    hosts.set(name, host);
    watch(name, host);
    return host;
  }
}

/** What a run that may be dead has set going there. */
function atWork({ proxy }: ObservedHost, ours: readonly string[]): string | undefined {
  return proxy.inFlight.some((service) => ours.includes(service)) ? 'an earlier request to the proxy' : undefined;
}

function missing(name: string): never {
  throw new Failure('connection-lost', `${name}: not connected`);
}
