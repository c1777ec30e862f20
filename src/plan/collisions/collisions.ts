import type { Config } from '../../config/config.ts';
import { overlaps } from '../../config/ports.ts';
import { proxyContainerName } from '../../containers/names.ts';
import type { ContainerSpec } from '../../containers/spec.ts';
import type { Observed, ObservedHost } from '../../observe/observed.ts';
import { nameOf } from '../owners.ts';
import type { ContainerRef, Plan, Step } from '../plan.ts';
import { absentStandings, takenFromAbsent, type Absent } from './absent.ts';
import { sharedPlaces } from './places.ts';
import { takePort, type Taken } from './port-takers.ts';
import { takeRoute, type Routes } from './routes.ts';
import { madeStanding, observedStandings, type Standing } from './standing.ts';

export interface CollisionRequest {
  /** The whole file. */
  readonly config: Config;
  readonly observed: Observed;
  /** What is going to be carried out, one after the other. */
  readonly plans: readonly Plan[];
}

export interface Collisions {
  /** What cannot be, or must not, a text for each that names both owners. */
  readonly refused: readonly string[];
  /** What may be meant. */
  readonly told: readonly string[];
}

/**
 * What plans would take that somebody else on a machine has: names, ports, directories, routes. They are gone through step by step, so
 * that what a plan itself takes away, or makes room with, is in nobody's way.
 */
export function collisions({ config, observed, plans }: CollisionRequest): Collisions {
  const machines = new Map(observed.hosts.map((host) => [host.host, machineOf(host, config)]));
  const [refused, told] = [new Set<string>(), new Set<string>()];
  for (const { host, role, steps } of plans.flatMap(({ stages }) => stages.flatMap(({ lanes }) => lanes))) {
    for (const step of steps) {
      const machine = machines.get(host);
      if (machine === undefined) continue;
      const after = afterStep(machine, step, `${role ?? nameIn(step)} of ${nameOf(config)}`);
      machines.set(host, { ...machine, ...after.now });
      for (const text of after.refused ?? []) refused.add(`${host}: ${text}`);
      for (const text of after.told ?? []) told.add(`${host}: ${text}`);
    }
  }
  return { refused: [...refused], told: [...told] };
}

interface Machine extends Taken, Routes {
  readonly homeDirectory: string;
  readonly absent: readonly Absent[];
}

/** What of the machine is different after a step, and what was in the step's way. */
interface After extends Partial<Collisions> {
  readonly now: Partial<Machine>;
}

function machineOf({ host, containers, homeDirectory, proxy, listening = [] }: ObservedHost, config: Config): Machine {
  const published = containers.flatMap(({ ports }) => ports);
  return {
    homeDirectory,
    absent: absentStandings(config, host, homeDirectory),
    standings: observedStandings(containers, config),
    routes: proxy.routes,
    outside: listening.filter((port) => !published.some((other) => overlaps(port, other))),
  };
}

function nameIn(step: Step): string {
  if (step.kind === 'boot-proxy' || step.kind === 'start-proxy') return 'the proxy';
  return 'container' in step ? step.container.name : '';
}

function afterStep(machine: Machine, step: Step, who: string): After {
  switch (step.kind) {
    case 'create-container':
      return create(machine, step.spec, who);
    case 'boot-proxy': {
      // Everybody's: of several plans the first brings it.
      if (find(machine.standings, { name: proxyContainerName })?.isUp === true) return { now: {} };
      const made = create(machine, step.spec, who);
      const started = start({ ...machine, ...made.now }, step.spec, who);
      return { ...started, refused: [made, started].flatMap(({ refused = [] }) => refused) };
    }
    case 'start-proxy':
      return start(machine, { name: proxyContainerName }, who);
    case 'start-container':
      return start(machine, step.container, who);
    case 'rename-container':
      return change(machine, step.container, { who, to: (one) => [{ ...one, name: step.name }] });
    case 'stop-container':
      return change(machine, step.container, { who, to: (one) => [{ ...one, isUp: false, ports: [] }] });
    case 'remove-container':
      return change(machine, step.container, { who, to: () => [] });
    case 'send-traffic': {
      const { routes, texts } = takeRoute(machine, step);
      return { now: { routes }, refused: texts.map((text) => `${who} ${text}`) };
    }
    case 'remove-route':
      return { now: { routes: machine.routes.filter(({ service }) => service !== step.service) } };
    default:
      return { now: {} };
  }
}

function create({ standings, absent, homeDirectory }: Machine, spec: ContainerSpec, who: string): After {
  const made = madeStanding(spec, { who, homeDirectory });
  const named = standings.filter(({ name }) => name === spec.name);
  const { names, ports, places } = takenFromAbsent(made, { absent, standings });
  const shared = [...sharedPlaces(made, standings), ...places].map((text) => `${who} ${text}`);
  // The app's files may be another app's too, as with Kamal; a server's data never are.
  const isApp = spec.labels['role'] !== undefined;
  return {
    now: { standings: [...standings.filter((one) => !named.includes(one)), made] },
    refused: [
      ...named.map((one) => wantsName(one, who)),
      ...[...names, ...ports].map((text) => `${who} ${text}`),
      ...(isApp ? [] : shared),
    ],
    told: isApp ? shared : [],
  };
}

/** A plan that touches what is another owner's has mistaken it for its own, for the sake of its name. */
function change(
  { standings }: Machine,
  container: ContainerRef,
  { who, to }: { who: string; to: (standing: Standing) => readonly Standing[] },
): After {
  const found = find(standings, container);
  return {
    now: { standings: standings.flatMap((one) => (one === found ? to(one) : [one])) },
    refused: found === undefined || found.isMine ? [] : [wantsName(found, who)],
  };
}

function wantsName(taken: Standing, who: string): string {
  return `${who} wants the name ${taken.name}, which ${taken.who} has`;
}

function start(machine: Machine, container: ContainerRef, who: string): After {
  const found = find(machine.standings, container);
  if (found === undefined || found.isUp) return { now: {} };
  const taken = found.wants.map((wanted) => takePort(wanted, found, machine));
  const ports = taken.flatMap(({ port }) => port ?? []);
  const changed = change(machine, container, { who, to: (one) => [{ ...one, isUp: true, ports }] });
  return {
    now: changed.now,
    refused: [
      ...(changed.refused ?? []),
      ...taken.flatMap(({ text }) => (text === undefined ? [] : [`${who} ${text}`])),
    ],
  };
}

function find(standings: readonly Standing[], { id, name }: ContainerRef): Standing | undefined {
  return standings.find((one) => (id === undefined ? one.name === name : one.id === id));
}
