import type { LockElsewhere } from '../../src/hosts/enlistment.ts';
import type { BootFacts, Host } from '../../src/hosts/host.ts';
import type { FakeContainer } from './containers.ts';
import { fakeHost } from './host.ts';
import type { FakeImage, FakeRegistry } from './images.ts';
import { targetContainer, type FakeProxy } from './proxy.ts';

/** One call that changes a machine, at one moment of its life. */
export interface Call {
  /** `docker.startContainer`, `execInContainer`, `writeFile` … */
  readonly name: string;
  readonly args: readonly unknown[];
  /**
   * `before`: not done yet. `during`: only of `kamal-proxy deploy`, whose request has arrived but not switched anything.
   * `after`: done, but not answered.
   */
  readonly moment: 'before' | 'during' | 'after';
  /** Counts the changing calls of this machine from 1, whichever the connection. */
  readonly number: number;
}

/** Everything a machine is, whoever is connected. All of it may be looked at and changed by a test. */
export interface MachineState {
  readonly name: string;
  user: string;
  homeDirectory: string;
  /** Of a login session. */
  variables: Readonly<Record<string, string>>;
  architecture: string;
  engineVersion: string;
  freeBytes: number;
  /** How far its clock is ahead of this process's. */
  clockAheadSeconds: number;
  bootFacts: BootFacts;
  /** Of its addresses those that it lacks at the moment, so that nothing can listen there. */
  readonly missingAddresses: Set<string>;
  /** False until `installDocker`. */
  hasDocker: boolean;
  /** Nobody gets through. */
  isDown: boolean;
  readonly containers: Map<string, FakeContainer>;
  readonly images: Map<string, FakeImage>;
  /** Name → id. */
  readonly networks: Map<string, string>;
  readonly files: Map<string, { content: string; mode: string; owner?: number }>;
  readonly directories: Set<string>;
  /** Where its login may not look, absolute. */
  closedDirectories: readonly string[];
  readonly locks: Map<string, FakeLock>;
  /** Tickets of those that wait for a lock, in their order. */
  readonly lines: Map<string, FakeTicket[]>;
  readonly rosters: Map<string, FakeRoster>;
  /** How long a container takes to stop. */
  stopSeconds: number;
  /** Containers that were told to, and have not yet. */
  readonly stopping: Set<FakeContainer>;
  readonly proxy: FakeProxy;
  readonly registry: FakeRegistry;
  /** Whether its sshd allows `reachBack`. */
  forwardsPorts: boolean;
  /** Ports that lead to the deploying machine. */
  readonly reachedBack: Set<number>;
  /** Every change in order, as a line such as `start container shop-web-v1`. */
  readonly journal: string[];
  /** What a hook script does here; absent: it succeeds. */
  onScript?: (script: string, env: Readonly<Record<string, string>>) => number | Promise<number>;
  /** What a command in a container ends with; absent: it is not found there. */
  onExec?: (container: string, words: readonly string[]) => number;
  /** Hears of every changing call; the answer `cut` ends the connection it came by, a throw is what the call throws. */
  onCall?: (call: Call) => 'cut' | void;
  /** Scripts by the start that they were told to be, at work or over. */
  readonly starts: Map<string, Promise<number>>;
  callCount: number;
  /** How long the jobs of a quiet worker take. */
  jobSeconds: number;
  /** What a container that was asked to stop ends with. */
  stopStatus: number;
  /** Ever made. */
  connectionCount: number;
  /** Ever made. */
  containerCount: number;
}

export interface FakeTicket {
  readonly token: string;
  readonly seconds: number;
  renewedAtSeconds: number;
  readonly details: string;
}

export interface FakeLock {
  details: string;
  lease?: { ownerToken: string; seconds: number; renewedAtSeconds: number };
}

export interface FakeConnection {
  readonly end: () => void;
  readonly isOpen: () => boolean;
}

/** Which runs are at work, each with its connections. */
export interface FakeRoster {
  turn: number;
  /** Whose turn it is. */
  by: string;
  readonly runs: Map<string, Set<FakeConnection>>;
  /** Of runs whose lock lies on another machine. */
  readonly away: Map<string, LockElsewhere & { renewedAtSeconds: number }>;
  /** Runs that gave their lock back, the last first. */
  readonly given: string[];
}

export interface FakeMachine extends MachineState {
  /** A new connection to the same machine. @throws Failure `host-unreachable` when it is down */
  connect(): Host;
  /** Ends every connection, as if the machine's network went. */
  cutAll(): void;
  /** Where the proxy sends a service's traffic; undefined when it has no route, or no container answers to its target. */
  trafficTarget(service: string): FakeContainer | undefined;
  /** Services whose route names a container that does not run, one line each: always empty but for a broken deploy. */
  brokenRoutes(): string[];
}

/** A machine in memory. Time is this process's own: with fake timers it is virtual, clock and all. */
export function fakeMachine(name: string, options: { registry: FakeRegistry } & Partial<MachineState>): FakeMachine {
  const cuts = new Set<() => void>();
  const machine: FakeMachine = {
    user: 'deploy',
    homeDirectory: '/home/deploy',
    variables: { HOME: '/home/deploy', USER: 'deploy' },
    architecture: 'x86_64',
    engineVersion: '20.10.24',
    freeBytes: 50_000_000_000,
    clockAheadSeconds: 0,
    bootFacts: {
      addresses: [
        { address: '127.0.0.1', device: 'lo', isTunnel: false },
        { address: '192.0.2.10', device: 'eth0', isTunnel: false },
      ],
      bindsAhead: { ipv4: false, ipv6: false },
      init: 'systemd',
      docker: { enabled: 'enabled', after: ['network-online.target', 'containerd.service'] },
    },
    missingAddresses: new Set(),
    hasDocker: true,
    isDown: false,
    containers: new Map(),
    images: new Map(),
    networks: new Map(),
    files: new Map(),
    directories: new Set(['.']),
    locks: new Map(),
    lines: new Map(),
    rosters: new Map(),
    stopSeconds: 0,
    stopping: new Set(),
    proxy: { routes: [], execs: new Map() },
    journal: [],
    forwardsPorts: true,
    closedDirectories: [],
    reachedBack: new Set(),
    starts: new Map(),
    callCount: 0,
    jobSeconds: 0,
    stopStatus: 143,
    connectionCount: 0,
    containerCount: 0,
    ...options,
    name,
    connect() {
      const { host, cut } = fakeHost(machine, () => cuts.delete(cut));
      cuts.add(cut);
      return host;
    },
    cutAll() {
      for (const cut of cuts) cut();
    },
    trafficTarget(service) {
      const route = machine.proxy.routes.find((one) => one.name === service);
      return route === undefined ? undefined : targetContainer(machine, route);
    },
    brokenRoutes() {
      return machine.proxy.routes.flatMap((route) => {
        const container = targetContainer(machine, route);
        if (container?.state === 'running') return [];
        return [
          `${name}: ${route.name} goes to ${container?.name ?? route.active_targets[0]}, which is ${container?.state ?? 'gone'}`,
        ];
      });
    },
  };
  return machine;
}
