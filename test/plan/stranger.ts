import { expect } from 'vitest';
import type { CreateContainerBody } from '../../src/hosts/docker.ts';
import { makeWorld, twoMachines, type Ended, type World } from '../laws/world.ts';

/** Machines on which somebody else has containers, and what a command is refused for there. */

export const image = 'registry.test:5000/db:1';
const soon = 'healthcheck: {start_period: 2, retries: 1, timeout: 1}';

export function worldWith(accessories: Readonly<Record<string, string>>): World {
  const entries = Object.entries(accessories).map(
    ([name, text]) => `  ${name}: {image: ${image}, host: one, ${text}, ${soon}}`,
  );
  const world = makeWorld(`${twoMachines}accessories:\n${entries.join('\n')}\n`);
  world.registry.push(image, {});
  world.push('v1');
  return world;
}

export interface Stranger {
  readonly name?: string;
  readonly labels?: Record<string, string>;
  /** `127.0.0.1:5432` */
  readonly port?: string;
  readonly protocol?: string;
  readonly binds?: string[];
  readonly restart?: string;
  readonly isStopped?: boolean;
}

/** A container that somebody else made on the first machine. */
export async function strange(world: World, stranger: Stranger): Promise<void> {
  const { name = 'stranger', labels = {}, port, protocol = 'tcp', binds = [], restart = 'no' } = stranger;
  const docker = world.machines.get('one')?.connect().docker;
  const [HostIp, HostPort = ''] = port === undefined ? [] : [port.replace(/:\d+$/, ''), port.replace(/^.*:/, '')];
  const body: CreateContainerBody = {
    Image: image,
    Labels: labels,
    HostConfig: {
      Binds: binds,
      RestartPolicy: { Name: restart },
      ...(port === undefined ? {} : { PortBindings: { [`80/${protocol}`]: [{ HostIp, HostPort }] } }),
    },
  };
  await docker?.pullImage(image, { server: 'registry.test:5000', username: 'x', password: 'y' });
  const id = await docker?.createContainer(name, body);
  await docker?.startContainer(id ?? '');
  if (stranger.isStopped) await docker?.stopContainer(id ?? '');
}

/** What a command was refused for, and that nothing was done. */
export async function refusal(world: World, command: () => Promise<Ended>): Promise<readonly string[]> {
  const before = world.running();
  const { failure } = await command();
  if (failure === undefined) return [];
  expect(failure).toMatchObject({ code: 'would-collide', exitStatus: 3 });
  expect(world.running()).toEqual(before);
  return failure.details.length === 0 ? [failure.message] : failure.details;
}

export const boot = (world: World) => refusal(world, () => world.accessory('boot', ['all']));
