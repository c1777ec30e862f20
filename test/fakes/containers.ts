import type { CreateContainerBody, RestartPolicy } from '../../src/hosts/docker.ts';
import { findImage, hash, refused, type Behaviour, type FakeImage } from './images.ts';
import type { MachineState } from './machine.ts';
import { makeSources } from './mounted.ts';
import { portBindings, portTaker } from './ports.ts';

/** One container, from its making to its removal. */
export interface FakeContainer {
  readonly id: string;
  name: string;
  readonly body: CreateContainerBody;
  readonly image: FakeImage;
  readonly imageId: string;
  readonly createdAt: Date;
  state: 'created' | 'running' | 'restarting' | 'exited';
  exitStatus: number;
  /** As the engine's events tell it, also after it was started again. */
  lastExitStatus: number | undefined;
  startedAt: Date | undefined;
  finishedAt: Date | undefined;
  restartCount: number;
  /** Since its last start. */
  isStoppedByHand: boolean;
  /** Why it could not be started the last time. */
  startError: string;
  /** When it was told to take no new jobs; its next start ends that. */
  quietSince: number | undefined;
  networkId: string;
  /** Its own on its network, while it is up. */
  readonly address: string;
  readonly logLines: { readonly at: Date; readonly text: string }[];
  /** Hear of the next exit. */
  readonly waiters: Set<(exitStatus: number) => void>;
  timer?: NodeJS.Timeout | undefined;
}

const firstBackoffMilliseconds = 100;

export function createContainer(machine: MachineState, name: string, body: CreateContainerBody): FakeContainer {
  if (findContainer(machine, name) !== undefined) {
    throw refused(machine, `create container ${name}`, `Conflict. The container name "/${name}" is already in use`);
  }
  const image = findImage(machine, body.Image);
  if (image === undefined) throw refused(machine, `create container ${name}`, `No such image: ${body.Image}`);
  const container: FakeContainer = {
    id: hash(`${machine.name} ${name} ${machine.callCount} ${machine.containers.size}`),
    name,
    body: structuredClone(body),
    image,
    imageId: image.id,
    createdAt: new Date(),
    state: 'created',
    exitStatus: 0,
    lastExitStatus: undefined,
    startedAt: undefined,
    finishedAt: undefined,
    restartCount: 0,
    isStoppedByHand: false,
    startError: '',
    quietSince: undefined,
    networkId: '',
    address: `172.20.${Math.floor(machine.containerCount / 250)}.${(machine.containerCount % 250) + 2}`,
    logLines: [],
    waiters: new Set(),
  };
  machine.containerCount += 1;
  machine.containers.set(container.id, container);
  machine.journal.push(`create container ${name}`);
  return container;
}

/** By id, the beginning of one, or name. */
export function findContainer(machine: MachineState, nameOrId: string): FakeContainer | undefined {
  const all = [...machine.containers.values()];
  return (
    machine.containers.get(nameOrId) ??
    all.find(({ name }) => name === nameOrId) ??
    (/^[0-9a-f]{8,}$/.test(nameOrId) ? all.find(({ id }) => id.startsWith(nameOrId)) : undefined)
  );
}

/** @throws Failure `engine-refused` */
export function mustFind(machine: MachineState, nameOrId: string, what: string): FakeContainer {
  const container = findContainer(machine, nameOrId);
  if (container === undefined) throw refused(machine, `${what} ${nameOrId}`, `No such container: ${nameOrId}`);
  return container;
}

export function startContainer(machine: MachineState, container: FakeContainer): void {
  if (container.state === 'running' || container.state === 'restarting') return;
  const network = String(container.body.HostConfig['NetworkMode'] ?? 'bridge');
  const networkId = machine.networks.get(network);
  if (network !== 'bridge' && networkId === undefined) {
    throw refused(machine, `start container ${container.name}`, `network ${network} not found`);
  }
  listen(machine, container);
  const taker = portTaker(machine, container);
  if (taker !== undefined) {
    throw refused(machine, `start container ${container.name}`, `Bind for ${taker} failed: port is already allocated`);
  }
  makeSources(machine, container);
  container.networkId = networkId ?? 'bridge';
  container.restartCount = 0;
  container.isStoppedByHand = false;
  machine.journal.push(`start container ${container.name}`);
  launch(container);
}

/** As Docker: what could not be started says why, until it is started. */
function listen(machine: MachineState, container: FakeContainer): void {
  container.startError = '';
  for (const [port, [binding]] of Object.entries(portBindings(container))) {
    const { HostIp: address = '', HostPort: number = '' } = binding ?? {};
    if (!machine.missingAddresses.has(address)) continue;
    const endpoint = `driver failed programming external connectivity on endpoint ${container.name} (${hash('endpoint')})`;
    const protocol = port.split('/')[1] ?? 'tcp';
    container.startError = `${endpoint}: Error starting userland proxy: listen ${protocol}4 ${address}:${number}: bind: cannot assign requested address`;
    throw refused(machine, `start container ${container.name}`, container.startError);
  }
}

/** The engine is stopped and started again: what its policy brings back runs afterwards, as far as it can be started. */
export function restartEngine(machine: MachineState): void {
  const up = [...machine.containers.values()].filter(({ state }) => state === 'running' || state === 'restarting');
  const back = [...machine.containers.values()].filter(startsWithEngine);
  for (const container of up) {
    clearTimeout(container.timer);
    ended(container, machine.stopStatus);
  }
  for (const container of back) {
    try {
      startContainer(machine, container);
    } catch {
      // It stays down, and says why.
    }
  }
}

/**
 * Whether an engine that starts would start it. `always` brings back what was stopped too, `on-failure` what ended with another status
 * than 0 however it was stopped, `unless-stopped` what nobody had stopped; what never ran stays so.
 */
export function startsWithEngine(container: FakeContainer): boolean {
  const policy = policyOf(container);
  if (container.state === 'running' || container.state === 'restarting') return policy !== 'no';
  if (container.state !== 'exited') return false;
  if (policy === 'on-failure') return container.exitStatus !== 0;
  return policy === 'always' || (policy === 'unless-stopped' && !container.isStoppedByHand);
}

function policyOf({ body }: FakeContainer): string {
  const { Name: policy = '' } = (body.HostConfig['RestartPolicy'] ?? {}) as { Name?: string };
  return policy === '' ? 'no' : policy;
}

function launch(container: FakeContainer): void {
  const { logLines } = container.image;
  const behaviour = behaviourOf(container);
  container.state = 'running';
  container.exitStatus = 0;
  container.quietSince = undefined;
  container.startedAt = new Date();
  container.logLines.push(...logLines.map((text) => ({ at: new Date(), text })));
  if (behaviour.kind !== 'exits') return;
  container.timer = setTimeout(() => exit(container, behaviour.exitStatus), behaviour.afterSeconds * 1000);
  container.timer.unref?.();
}

function behaviourOf({ body, image }: FakeContainer): Behaviour {
  if (body.Labels?.['longshore.release'] === undefined) return image.behaviour;
  return { kind: 'exits', ...(image.release ?? { afterSeconds: 1, exitStatus: 0 }) };
}

/** The process ended by itself: the restart policy decides what comes next. */
function exit(container: FakeContainer, exitStatus: number): void {
  const policy = policyOf(container);
  const isStartedAgain = policy !== 'no' && (policy !== 'on-failure' || exitStatus !== 0);
  // As Docker 20.10 does when it is busy: it reads the status for those that wait after the restart.
  ended(container, exitStatus, isStartedAgain ? 0 : exitStatus);
  if (!isStartedAgain) return;
  container.state = 'restarting';
  container.timer = setTimeout(
    () => {
      container.restartCount += 1;
      launch(container);
    },
    Math.min(60_000, firstBackoffMilliseconds * 2 ** container.restartCount),
  );
  container.timer.unref?.();
}

/** A container that a test makes crash, whatever its image does. */
export function crash(container: FakeContainer, exitStatus = 1): void {
  clearTimeout(container.timer);
  exit(container, exitStatus);
}

export function stopContainer(machine: MachineState, container: FakeContainer): void {
  if (container.state !== 'running' && container.state !== 'restarting') return;
  clearTimeout(container.timer);
  container.isStoppedByHand = true;
  ended(container, machine.stopStatus);
  machine.journal.push(`stop container ${container.name}`);
}

function ended(container: FakeContainer, exitStatus: number, told = exitStatus): void {
  container.state = 'exited';
  container.exitStatus = exitStatus;
  container.lastExitStatus = exitStatus;
  container.finishedAt = new Date();
  const waiters = [...container.waiters];
  container.waiters.clear();
  for (const tell of waiters) tell(told);
}

export function renameContainer(machine: MachineState, container: FakeContainer, name: string): void {
  if (findContainer(machine, name) !== undefined) {
    throw refused(
      machine,
      `rename container ${container.name} to ${name}`,
      `Conflict. The container name "/${name}" is already in use`,
    );
  }
  machine.journal.push(`rename container ${container.name} to ${name}`);
  container.name = name;
}

export function setRestartPolicy(machine: MachineState, container: FakeContainer, policy: RestartPolicy): void {
  container.body.HostConfig['RestartPolicy'] = { ...policy };
  machine.journal.push(`set the restart policy of container ${container.name} to ${policy.Name}`);
}

export function removeContainer(machine: MachineState, container: FakeContainer, force: boolean): void {
  if (!force && (container.state === 'running' || container.state === 'restarting')) {
    throw refused(machine, `remove container ${container.name}`, 'You cannot remove a running container');
  }
  clearTimeout(container.timer);
  if (container.state !== 'exited') ended(container, 137);
  machine.containers.delete(container.id);
  machine.journal.push(`remove container ${container.name}`);
}
