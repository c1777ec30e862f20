import { expect, it } from 'vitest';
import { bootstrapWith } from '../../src/pipeline/server.ts';
import type { Event } from '../../src/execute/events.ts';
import { sessionOf } from './session.ts';
import { makeWorld, twoMachines, type World } from './world.ts';

const yaml = twoMachines.replace('run: {', 'run: {bind_ips: [203.0.113.7], ');

async function bootstrap(world: World, events: Event[] = []) {
  const session = sessionOf(world, {}, events);
  return bootstrapWith({ ...session, run: { ...session.run, command: 'server bootstrap' } });
}

it('server bootstrap installs Docker where it is missing, under the lock, and says it once', async () => {
  const world = makeWorld();
  const two = world.machines.get('two');
  if (two === undefined) throw new Error('there is no second machine');
  two.hasDocker = false;
  const locks: number[] = [];
  two.onCall = ({ name, moment }) => {
    if (name === 'installDocker' && moment === 'before') locks.push(world.machines.get('one')?.locks.size ?? 0);
  };
  const first = await bootstrap(world);
  expect(first.hosts.map(({ host, installed }) => `${host} ${installed}`)).toEqual(['one false', 'two true']);
  expect(locks).toEqual([1]);
  expect(world.machines.get('one')?.locks.size).toBe(0);
  expect((await bootstrap(world)).hosts.map(({ installed }) => installed)).toEqual([false, false]);
  expect(two.journal.filter((line) => line === 'install Docker')).toHaveLength(1);
});

it('what a restart would not survive is a warning and in the result, and nothing of it is changed', async () => {
  const world = makeWorld(yaml);
  const events: Event[] = [];
  const { findings } = await bootstrap(world, events);
  expect(findings.map(({ host, kind }) => `${host} ${kind}`)).toEqual(['one address-missing', 'two address-missing']);
  const warnings = events.flatMap((event) => (event.type === 'warning' ? [event.text] : []));
  expect(warnings).toEqual([
    expect.stringMatching(/^one: kamal-proxy publishes on 203\.0\.113\.7, .*To do: give the machine 203\.0\.113\.7/),
    expect.stringMatching(/^two: /),
  ]);
  expect(world.machines.get('one')?.journal).toEqual([
    expect.stringMatching(/^take lock/),
    expect.stringMatching(/^release lock/),
  ]);
});

it('a container that runs and would not be started again is found, one that was stopped is let be', async () => {
  const world = makeWorld(yaml.replace('bind_ips: [203.0.113.7], ', ''));
  world.push('v1');
  await world.deploy('v1', { command: 'setup' });
  const [two] = [...(world.machines.get('two')?.containers.values() ?? [])].filter(({ name }) =>
    name.includes('worker'),
  );
  if (two === undefined) throw new Error('there is no worker');
  two.body.HostConfig['RestartPolicy'] = { Name: '' };
  expect((await bootstrap(world)).findings.map(({ what }) => what)).toEqual([
    'shop-worker-v1 has the restart policy no',
  ]);
  two.state = 'exited';
  expect((await bootstrap(world)).findings).toEqual([]);
});
