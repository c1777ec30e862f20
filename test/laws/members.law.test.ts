import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { stopContainer } from '../fakes/containers.ts';
import { inVirtualTime } from '../fakes/virtual-time.ts';
import { listen, makeWorld, stopListening, twoMachines, type World } from './world.ts';

const image = 'registry.test:5000/cache:1';
const yaml = `${twoMachines}accessories:
  cache: {image: "${image}", hosts: [one, two, three], port: "127.0.0.1:6379:6379", healthcheck: {start_period: 2, retries: 1, timeout: 1}}
`;
const hosts = ['one', 'two', 'three'];

async function booted(): Promise<World> {
  const world = makeWorld(yaml);
  world.registry.push(image);
  expect((await world.accessory('boot', ['cache'])).failure).toBeUndefined();
  return world;
}

const idsOf = (world: World) =>
  hosts.map((host) => {
    const all = [...(world.machines.get(host)?.containers.values() ?? [])];
    return all.find(({ name, state }) => name === 'shop-cache' && state === 'running')?.id;
  });

/** The fewest members that ran at any moment of some work. */
async function fewest(world: World, work: () => Promise<unknown>): Promise<number> {
  const counts: number[] = [];
  listen(world, () => void counts.push(idsOf(world).filter((id) => id !== undefined).length));
  await work();
  stopListening(world);
  return Math.min(...counts);
}

describe('an accessory of three members', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it.each(['reboot', 'restart', 'upgrade'] as const)('never has two of them down in a %s', (command) =>
    inVirtualTime(async () => {
      const world = await booted();
      world.registry.push(image, { logLines: ['newer'] });
      const ended = () => world.accessory(command, ['cache']).then(({ failure }) => expect(failure).toBeUndefined());
      expect(await fewest(world, ended)).toBe(2);
    }),
  );

  it.each((['reboot', 'restart', 'upgrade'] as const).flatMap((command) => hosts.map((up) => ({ command, up }))))(
    'keeps the one that is up on $up until another one is, in a $command',
    ({ command, up }) =>
      inVirtualTime(async () => {
        const world = await booted();
        world.registry.push(image, { logLines: ['newer'] });
        for (const machine of world.machines.values())
          for (const container of machine.containers.values())
            if (machine.name !== up) stopContainer(machine, container);
        const ended = () => world.accessory(command, ['cache']).then(({ failure }) => expect(failure).toBeUndefined());
        expect(await fewest(world, ended)).toBe(1);
        expect(idsOf(world).every((id) => id !== undefined)).toBe(true);
      }),
  );

  it('has them all down at once only when that is asked for', () =>
    inVirtualTime(async () => {
      const world = await booted();
      const ended = () => world.accessory('reboot', ['cache'], { isParallel: true });
      expect(await fewest(world, ended)).toBe(0);
      expect(idsOf(world).every((id) => id !== undefined)).toBe(true);
    }));

  const asBefore = 'what it changed is as before';
  const stays = 'some of what it changed stays, as told below, and the rest of that is as before';
  const deaths = [
    { command: 'reboot', call: 'docker.createContainer', dies: 'two', same: ['one', 'three'], told: asBefore },
    { command: 'upgrade', call: 'docker.createContainer', dies: 'three', same: ['one', 'two'], told: asBefore },
    { command: 'reboot', call: 'docker.startContainer', dies: 'three', same: ['two'], told: stays },
    { command: 'restart', call: 'docker.startContainer', dies: 'three', same: ['one', 'two'], told: asBefore },
  ] as const;

  it.each(deaths)('stops none when $dies died after $call of a $command', ({ command, call, dies, same, told }) =>
    inVirtualTime(async () => {
      const world = await booted();
      world.registry.push(image, { logLines: ['newer'] });
      const before = idsOf(world);
      const counts: number[] = [];
      let isDead = false;
      listen(world, ({ name, moment }, machine) => {
        counts.push(idsOf(world).filter((id) => id !== undefined).length);
        if (isDead || machine.name !== 'one' || name !== call || moment !== 'after') return;
        isDead = true;
        const member = world.machines.get(dies) ?? expect.fail(`no machine ${dies}`);
        for (const container of member.containers.values()) stopContainer(member, container);
      });
      const { failure } = await world.accessory(command, ['cache']);
      stopListening(world);
      expect(failure).toMatchObject({ exitStatus: 5 });
      expect(failure?.message).toBe(`accessory ${command} cache failed: ${told}`);
      const said = failure?.details.join('\n');
      expect(said).toContain(`on ${dies} it is exited; type \`longshore accessory start cache\` first`);
      expect(said).toContain(`${dies}: cache does not run any more, which this run had not touched`);
      expect(Math.min(...counts)).toBe(2);
      const after = idsOf(world);
      for (const host of same) expect(after[hosts.indexOf(host)]).toBe(before[hosts.indexOf(host)]);
      expect(after[hosts.indexOf(dies)]).toBeUndefined();
      const left = [...world.machines.values()].flatMap((machine) => [...machine.containers.values()]);
      expect(left.filter(({ name }) => name.includes('_'))).toEqual([]);
      expect((await world.accessory('start', ['cache'])).failure).toBeUndefined();
      expect((await world.accessory(command, ['cache'])).failure).toBeUndefined();
    }),
  );

  it.each(hosts)('keeps those that are replaced, and leaves those to come, when the one on %s fails', (failing) =>
    inVirtualTime(async () => {
      const world = await booted();
      const before = idsOf(world);
      // Only this machine has the image that fails.
      world.registry.push(image, { behaviour: { kind: 'deaf' } });
      const docker = world.machines.get(failing)?.connect().docker;
      await docker?.pullImage(image, world.registry.credentials);
      let ended: Awaited<ReturnType<World['accessory']>> | undefined;
      expect(await fewest(world, async () => (ended = await world.accessory('reboot', ['cache'])))).toBe(2);
      expect(ended?.exitStatus).toBe(5);
      const order = ended?.events.flatMap((event) =>
        event.type === 'step-started' && event.step.kind === 'create-container' ? [event.host] : [],
      );
      const after = idsOf(world);
      for (const [index, host] of hosts.entries()) {
        const isReplaced = order?.includes(host) === true && host !== failing;
        expect([host, after[index] === before[index]]).toEqual([host, !isReplaced]);
      }
      expect(order?.at(-1)).toBe(failing);
      const done = order?.slice(0, -1) ?? [];
      if (done.length > 0) expect(ended?.failure?.message).toContain('replaced');
      for (const host of done) expect(ended?.failure?.details.join('\n')).toContain(`${host}: cache`);
    }),
  );
});
