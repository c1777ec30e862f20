import { selectRoles } from '../../src/app/select.ts';
import { withoutHosts } from '../../src/app/without.ts';
import type { HookName } from '../../src/config/hooks.ts';
import { Failure } from '../../src/errors.ts';
import type { Event } from '../../src/execute/events.ts';
import { askedToHold, newHold, type HoldReason } from '../../src/pipeline/hold.ts';
import type { Host } from '../../src/hosts/host.ts';
import type { ImageInRegistry } from '../../src/hosts/this-machine/registry-image.ts';
import type { Run } from '../../src/pipeline/run.ts';
import type { Session } from '../../src/pipeline/session.ts';
import type { FakeRegistry } from '../fakes/images.ts';
import type { World } from './world.ts';

export interface RunOptions {
  /** Text by file name; absent: one page where the file names a directory of them. */
  errorPages?: ReadonlyMap<string, string>;
  /** Id of the certificate of every role that has one of its own. */
  certificate?: string;
  command?: 'setup' | 'deploy' | 'redeploy';
  signal?: AbortSignal;
  prune?: true;
  /** As `--on-failure`. */
  onFailure?: 'hold';
  /** What something in the run said. */
  hold?: HoldReason;
  /** What this run is called in the record of releases. */
  run?: string;
  /** Who answers questions; absent: nobody. */
  confirm?: NonNullable<Run['confirm']>;
  /** As `--hosts`. */
  hosts?: readonly string[];
  /** What the process is started with; absent: nothing. */
  variables?: Run['env'];
  /** As `-y`. */
  confirmed?: true;
  /** Hears that the secrets of a dead run's hook are fetched. */
  onSecretsForDeadRun?: () => void;
  /** As `--lock-wait`. */
  lockWait?: NonNullable<Run['lockWait']>;
  /** As `--without`. */
  without?: readonly string[];
  /** As `--approve-release`. */
  approveRelease?: boolean;
  /** What this machine sees of the registry; absent: it does not reach it. */
  registry?: FakeRegistry;
  /** As `--roles`. */
  roles?: readonly string[];
  /** Names of the hooks whose scripts lie in the file's `hooks_path`. */
  hooks?: readonly HookName[];
  /** Holds a call of this run back until it resolves, as if the process were stopped right before it is sent. */
  beforeCall?: (call: string, host: string) => Promise<unknown>;
  /** Once true, this run's process is dead: no connection of it works any more. */
  isDead?: () => boolean;
}

let runs = 0;

/** What a command on a world's machines knows. */
export function sessionOf(
  { config: written, machines }: Pick<World, 'config' | 'machines'>,
  options: RunOptions,
  events: Event[],
): Session {
  const config = withoutHosts(written, options.without ?? []);
  const run: Run = {
    command: options.command ?? 'deploy',
    configFile: config.file,
    hosts: options.hosts ?? [],
    roles: options.roles ?? [],
    primaryOnly: false,
    ...(options.without === undefined ? {} : { without: options.without }),
    ...(options.prune === true ? { prune: true } : {}),
    skipPush: true,
    skipHooks: false,
    noCache: false,
    acceptNewHostKeys: false,
    env: options.variables ?? {},
    ...(options.approveRelease === undefined ? {} : { approveRelease: options.approveRelease }),
    ...(options.confirm === undefined ? {} : { confirm: options.confirm }),
    ...(options.confirmed === undefined ? {} : { confirmed: options.confirmed }),
    ...(options.lockWait === undefined ? {} : { lockWait: options.lockWait }),
    emit: (event) => events.push(event),
    signal: options.signal ?? new AbortController().signal,
  };
  const session: Session = {
    run,
    config,
    selected: selectRoles(config, run),
    tree: {
      isRepository: false,
      root: '/',
      headSha: '',
      dirty: false,
      changedPaths: [],
      diffHash: '',
      userName: 'Dev',
      userEmail: 'dev@example.com',
      performer: 'dev@example.com',
    },
    startedAt: Date.now(),
    origin: {
      run: options.run ?? `0a1b2c3d${runs++}`,
      performer: 'dev@example.com',
      deployer: 'laptop',
      config: 'f00f00f00f00',
    },
    hooks: new Set(options.hooks),
    hold: newHold(options.onFailure === 'hold' ? askedToHold : options.hold),
    locks: new Set(),
    agreed: new Set(),
    secretsByKamal: new Map(),
    secrets: new Map([
      ['KEY', 's3cret'],
      ['CERT', `certificate ${options.certificate ?? 'one'}`],
      ['CERT_KEY', `key of ${options.certificate ?? 'one'}`],
    ]),
    routeFiles: {
      errorPages: options.errorPages ?? new Map([['503.html', 'sorry']]),
      accessoryCertificates: new Map(
        config.accessories.flatMap(({ name, proxy }) =>
          proxy?.certificate === undefined ? [] : [[name, options.certificate ?? 'one']],
        ),
      ),
      certificates: new Map(
        config.roles.flatMap(({ name, proxy }) =>
          proxy?.certificate === undefined ? [] : [[name, options.certificate ?? 'one']],
        ),
      ),
    },
    credentials: { server: 'registry.test:5000', username: 'x', password: 'y' },
    askRegistry: async (reference) => imageIn(options.registry, reference),
    logins: [{ server: 'registry.test:5000', username: 'x', password: 'y' }],
    mask: (text) => text,
    connect: async (name) => {
      if (options.isDead?.() === true) throw new Failure('host-unreachable', `${name}: this process is dead`);
      const machine = machines.get(name);
      if (machine === undefined) throw new Error(`no machine ${name}`);
      const host = machine.connect();
      return options.beforeCall === undefined ? host : heldBack(host, name, options.beforeCall);
    },
    async forDeadRun() {
      options.onSecretsForDeadRun?.();
      return session;
    },
    typed: (command) => `longshore ${command}`,
  };
  return session;
}

function imageIn(registry: RunOptions['registry'], reference: string): ImageInRegistry | undefined {
  const layers = registry?.images.get(reference)?.image.layers;
  if (layers === undefined) return undefined;
  return {
    platforms: [{ layerBytes: layers.map(({ bytes }) => bytes), layerIds: async () => layers.map(({ id }) => id) }],
  };
}

function heldBack(host: Host, name: string, beforeCall: NonNullable<RunOptions['beforeCall']>): Host {
  const hold = <T extends object>(object: T): T => {
    const calls = Object.entries(object).filter(([, call]) => typeof call === 'function') as [string, Call][];
    const held = calls.map(([call, make]): [string, Call] => [
      call,
      async (...given) => {
        await beforeCall(call, name);
        return make(...given);
      },
    ]);
    return { ...object, ...Object.fromEntries(held) };
  };
  return { ...hold(host), docker: hold(host.docker) };
}

type Call = (...given: unknown[]) => Promise<unknown>;
