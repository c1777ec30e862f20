import type { Probe, ProbeAnswer } from '../../src/hosts/host.ts';
import { findContainer, type FakeContainer } from './containers.ts';
import type { MachineState } from './machine.ts';

/** What somebody on the machine gets who asks there: a test's container listens on every port, and a proxy asks its target. */
export function probe(machine: MachineState, { address, path, host = '' }: Probe): ProbeAnswer {
  const container = [...machine.containers.values()].find((one) => one.address === address && one.state === 'running');
  if (container === undefined || container.image.behaviour.kind === 'deaf') return { answers: false };
  if (path === undefined) return { answers: true };
  const route = machine.proxy.routes.find(({ options: { hosts } }) => hosts.length === 0 || hosts.includes(host));
  const isProxy = container.name.endsWith('-proxy');
  if (isProxy && route === undefined) return { answers: true, status: 404 };
  const target = isProxy && route !== undefined ? findContainer(machine, targetOf(route)) : container;
  return { answers: true, status: statusOf(target, path) };
}

function targetOf({ active_targets: [target = ''] }: { active_targets: readonly string[] }): string {
  return target.replace(/:\d+$/, '');
}

function statusOf(container: FakeContainer | undefined, path: string): number {
  if (!answersHealthy(container)) return 503;
  const { behaviour } = container?.image ?? {};
  return (behaviour?.kind === 'healthy' ? behaviour.answers?.[path] : undefined) ?? 200;
}

/** What the proxy's check of `/up` sees right now. */
export function answersHealthy(container: FakeContainer | undefined): boolean {
  if (container?.state !== 'running') return false;
  const { behaviour } = container.image;
  if (behaviour.kind === 'never-healthy' || behaviour.kind === 'deaf') return false;
  return behaviour.kind !== 'healthy' || secondsUp(container) >= (behaviour.afterSeconds ?? 0);
}

export function secondsUp({ startedAt }: FakeContainer): number {
  return startedAt === undefined ? 0 : (Date.now() - startedAt.getTime()) / 1000;
}
