import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chooseAccessories } from '../../src/app/select.ts';
import { wantedContainers } from '../../src/app/wanted.ts';
import type { Config } from '../../src/config/config.ts';
import { loadConfig } from '../../src/config/load.ts';
import { Failure } from '../../src/errors.ts';
import type { Event } from '../../src/execute/events.ts';
import { changeWith } from '../../src/pipeline/accessories/change.ts';
import type { AccessoryCommand, AccessoryOptions } from '../../src/pipeline/accessories/stories.ts';
import { besideApp, connectFleet } from '../../src/pipeline/connecting.ts';
import { deployPlan, deployWith, type DeployOptions } from '../../src/pipeline/deploy.ts';
import { rollbackWith, type RollbackOptions } from '../../src/pipeline/rollback.ts';
import type { Session } from '../../src/pipeline/session.ts';
import { describeWithReason } from '../../src/plan/describe.ts';
import { sessionOf, type RunOptions } from './session.ts';
import { fakeRegistry, type Behaviour, type FakeImage, type FakeRegistry } from '../fakes/images.ts';
import { fakeMachine, type Call, type FakeMachine } from '../fakes/machine.ts';

/** A fleet in memory with a config that is deployed to it, for laws that hold for every deploy. */
export interface World {
  readonly config: Config;
  readonly registry: FakeRegistry;
  readonly machines: ReadonlyMap<string, FakeMachine>;
  /** Puts a version into the registry. */
  push(version: string, behaviour?: Behaviour, release?: FakeImage['release']): void;
  deploy(version: string, options?: RunOptions & DeployOptions): Promise<Ended>;
  rollback(version?: string, options?: RunOptions & RollbackOptions): Promise<Ended>;
  accessory(
    command: AccessoryCommand,
    names: readonly string[],
    options?: RunOptions & Partial<AccessoryOptions>,
  ): Promise<Ended>;
  /** What is left to do for a version, one line per step. */
  plan(version: string, options?: RunOptions): Promise<string[]>;
  /** Names of running containers of the service, `host name`, sorted. */
  running(): string[];
  /** Where traffic goes, `host service name`, sorted. */
  traffic(): string[];
  /** The files that routes name, `host service file`, sorted. */
  routeFiles(): string[];
  /** Assets of these versions that a request would not find where traffic goes, `host container file`. */
  missingAssets(versions: readonly string[]): string[];
  /** Containers of a version in any state. */
  remains(version: string): string[];
}

export interface Ended {
  /** 0, or the failure's exit status. */
  readonly exitStatus: number;
  readonly failure?: Failure;
  readonly events: readonly Event[];
  /** What the command answered; absent after a failure. */
  readonly result?: unknown;
}

export const twoMachines = `service: shop
image: shop
servers: {web: [one, two], worker: {hosts: [two], cmd: work}}
registry: {server: registry.test:5000, username: x, password: y}
builder: {arch: amd64, driver: docker}
env: {clear: {GREETING: hello}, secret: [KEY]}
proxy: {host: shop.example.com, run: {registry: registry.test:5000}}
deploy_timeout: 5
readiness_delay: 2
`;

/** The same with these servers. */
export function shopOn(servers: string): string {
  return twoMachines.replace(/^servers: .*$/m, `servers: ${servers}`);
}

/** From the text of a file, or what one says. */
export function makeWorld(from: string | Config = twoMachines): World {
  const config = typeof from === 'string' ? configOf(from) : from;
  const registry = fakeRegistry({ server: 'registry.test:5000', username: 'x', password: 'y' });
  registry.push('registry.test:5000/basecamp/kamal-proxy:v0.9.2');
  return worldOf(config, registry, new Map(config.allHosts.map((name) => [name, fakeMachine(name, { registry })])));
}

/** The same machines, by a file that was edited, or another one. */
export function worldOn({ registry, machines }: Pick<World, 'machines' | 'registry'>, from: string | Config): World {
  return worldOf(typeof from === 'string' ? configOf(from) : from, registry, machines);
}

function worldOf(config: Config, registry: FakeRegistry, machines: World['machines']): World {
  const world: World = {
    config,
    registry,
    machines,
    push(version, behaviour = { kind: 'healthy' }, release = undefined) {
      registry.push(`registry.test:5000/shop:${version}`, {
        labels: { service: config.service },
        behaviour,
        ...(release === undefined ? {} : { release }),
        files: { [`/assets/app-${version}.js`]: version, '/assets/manifest.json': version },
      });
    },
    deploy: (version, options = {}) =>
      ended(options, (session) =>
        deployWith({ ...session, run: { ...session.run, version } }, options.command ?? 'deploy', options),
      ),
    rollback: (version, options = {}) => ended(options, (session) => rollbackWith(session, version, options)),
    plan: (version, options) => planLines(world, version, options),
    accessory: (command, names, options = {}) =>
      ended(options, (session) => {
        const selected = chooseAccessories(config, session.selected, names);
        const run = { ...session.run, command: `accessory ${command}` };
        return changeWith({ ...session, run, selected }, command, { ...options, names });
      }),
    running: () =>
      [...machines.values()]
        .flatMap((machine) =>
          [...machine.containers.values()]
            .filter(({ state }) => state === 'running')
            .map(({ name }) => `${machine.name} ${name}`),
        )
        .filter((line) => !line.endsWith('kamal-proxy'))
        .sort(),
    traffic: () =>
      [...machines.values()]
        .flatMap((machine) =>
          machine.proxy.routes.map(
            ({ name }) => `${machine.name} ${name} ${machine.trafficTarget(name)?.name ?? 'nothing'}`,
          ),
        )
        .sort(),
    routeFiles: () =>
      [...machines.values()]
        .flatMap((machine) =>
          machine.proxy.routes.flatMap(({ name, options }) =>
            [options['error_page_path'], options['tls_certificate_path']]
              .filter((path) => path !== '')
              .map(
                (path) => `${machine.name} ${name} ${String(path).replace('/home/kamal-proxy/.apps-config/shop/', '')}`,
              ),
          ),
        )
        .sort(),
    missingAssets: (versions) =>
      [...machines.values()].flatMap((machine) => {
        const container = machine.trafficTarget('shop-web');
        const own = container?.name.replace(/^shop-web-|_replaced_.*/g, '') ?? '';
        const place = `.kamal/apps/shop/assets/volumes/web-${own}`;
        const lost = versions.filter((version) => !machine.files.has(`${place}/app-${version}.js`));
        const isOwn = machine.files.get(`${place}/manifest.json`)?.content === own;
        return container === undefined
          ? []
          : [...lost.map((version) => `app-${version}.js`), ...(isOwn ? [] : ['manifest.json'])].map(
              (file) => `${machine.name} ${container.name} ${file}`,
            );
      }),
    remains: (version) =>
      [...machines.values()].flatMap((machine) =>
        [...machine.containers.values()].map(({ name }) => name).filter((name) => name.endsWith(`-${version}`)),
      ),
  };
  return world;

  async function ended(options: RunOptions, work: (session: Session) => Promise<unknown>): Promise<Ended> {
    const events: Event[] = [];
    try {
      const result = await work(sessionOf(world, options, events));
      return { exitStatus: 0, events, result };
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      return { exitStatus: error.exitStatus, failure: error, events };
    }
  }
}

const configs = new Map<string, Config>();

/** Read once: the laws make thousands of worlds of the same file. */
function configOf(yaml: string): Config {
  const known = configs.get(yaml);
  if (known !== undefined) return known;
  const place = mkdtempSync(join(tmpdir(), 'longshore-law-'));
  mkdirSync(join(place, 'config'));
  writeFileSync(join(place, 'config/deploy.yml'), yaml);
  const config = loadConfig({ file: 'config/deploy.yml', cwd: place, env: {} });
  rmSync(place, { recursive: true });
  configs.set(yaml, config);
  return config;
}

/** What is left to do for a version on a world's machines, by the world's file, one line per step. */
export async function planLines(world: World, version: string, options: RunOptions = {}): Promise<string[]> {
  const session = sessionOf(world, options, []);
  const fleet = await connectFleet(session, session.config.hosts, besideApp(session));
  const observed = await fleet.observe({ version, wanted: wantedContainers(session.config, version) });
  await fleet.close();
  const plan = deployPlan(session, { observed, version, digest: undefined, command: 'deploy' });
  return plan.stages.flatMap(({ lanes }) =>
    lanes.flatMap(({ host, steps }) => steps.map((step) => `${host}: ${describeWithReason(step)}`)),
  );
}

/** Hears of every changing call on every machine. */
export function listen(world: World, onCall: (call: Call, machine: FakeMachine) => 'cut' | void): void {
  for (const machine of world.machines.values()) machine.onCall = (call) => onCall(call, machine);
}

export function stopListening(world: World): void {
  for (const machine of world.machines.values()) delete machine.onCall;
}

/** Deploys, and the process dies with all its connections in the first changing call of which this is so. */
export async function dyingIn(
  world: World,
  version: string,
  isMoment: (call: Call, machine: FakeMachine) => boolean,
  options: RunOptions = {},
): Promise<void> {
  let isDead = false;
  listen(world, (call, machine) => {
    if (isDead) return 'cut';
    if (!isMoment(call, machine)) return undefined;
    isDead = true;
    for (const one of world.machines.values()) one.cutAll();
    return 'cut';
  });
  await world.deploy(version, { ...options, isDead: () => isDead });
  stopListening(world);
  if (!isDead) throw new Error('that moment never came');
}

/** Does something, and the process dies at its `number`th changing call. @returns the call's name; empty when it never came */
export async function dyingAt(
  world: World,
  { number, moment }: { number: number; moment: 'before' | 'after' },
  act: (options: RunOptions) => Promise<unknown>,
): Promise<string> {
  let [counted, wasCut] = [0, ''];
  listen(world, (heard) => {
    if (wasCut !== '') return 'cut';
    if (heard.moment === 'before') counted += 1;
    if (counted !== number || heard.moment !== moment) return undefined;
    wasCut = heard.name;
    return 'cut';
  });
  await act({ isDead: () => wasCut !== '' });
  stopListening(world);
  return wasCut;
}
