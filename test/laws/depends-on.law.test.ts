import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { inVirtualTime } from '../fakes/virtual-time.ts';
import { makeWorld, twoMachines, type Ended, type World } from './world.ts';

const image = 'registry.test:5000/db:1';
const quick = 'healthcheck: {start_period: 2, retries: 2, timeout: 1}';
const yaml = `${twoMachines.replace('web: [one, two]', 'web: {hosts: [one, two], depends_on: [db, cache]}')}accessories:
  db: {image: "${image}", host: three, port: "127.0.0.1:5432:5432", volumes: ["db:/data"], ${quick}}
  cache: {image: "${image}", hosts: [one, four], ${quick}}
  alone: {image: "${image}", host: five, ${quick}}
`;

async function deployed(): Promise<World> {
  const world = makeWorld(yaml);
  world.registry.push(image, {});
  for (const version of ['v1', 'v2', 'v3']) world.push(version);
  expect((await world.deploy('v1', { command: 'setup' })).failure).toBeUndefined();
  expect((await world.deploy('v2')).failure).toBeUndefined();
  return world;
}

const changes = (world: World) =>
  [...world.machines.values()].flatMap(({ journal }) => journal.filter((line) => !/ lock /.test(line)));
const container = (world: World, host: string, name: string) => {
  const found = [...(world.machines.get(host)?.containers.values() ?? [])].find((one) => one.name === name);
  if (found === undefined) throw new Error(`there is no ${name} on ${host}`);
  return found;
};
const notes = ({ events }: Ended) => events.flatMap((event) => (event.type === 'note' ? [event.text] : []));

const runs: Readonly<Record<string, (world: World) => Promise<Ended>>> = {
  deploy: (world) => world.deploy('v3'),
  redeploy: (world) => world.deploy('v2', { command: 'redeploy' }),
  rollback: (world) => world.rollback('v1'),
};
const downs: readonly {
  how: string;
  bring: (world: World) => unknown;
  message: RegExp;
  typed: string;
}[] = [
  {
    how: 'does not run',
    bring: (world) => world.accessory('stop', ['db']),
    message: /^web depends on db, and on three it does not run \(Exited \(\d+\)/,
    typed: 'longshore accessory start db',
  },
  {
    how: 'is not there',
    bring: (world) => world.accessory('remove', ['db']),
    message: /^web depends on db, and on three it is not on this host$/,
    typed: 'longshore accessory boot db',
  },
  {
    how: 'is not healthy',
    bring: (world) => Object.assign(container(world, 'three', 'shop-db').image, { behaviour: { kind: 'deaf' } }),
    message: /^web depends on db, and on three nothing answers on its port 5432$/,
    typed: 'longshore accessory logs db',
  },
];

describe('a role that depends on an accessory', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it.each(Object.keys(runs).flatMap((command) => downs.map((down) => ({ command, ...down }))))(
    'is not started by $command when it $how, and nothing is changed',
    ({ command, bring, message, typed }) =>
      inVirtualTime(async () => {
        const world = await deployed();
        await bring(world);
        const before = [changes(world), world.running(), world.traffic()];
        const ended = await (runs[command] ?? runs['deploy'])?.(world);
        expect(ended?.failure).toMatchObject({ code: 'accessory-down', exitStatus: 3 });
        expect(ended?.failure?.message).toMatch(message);
        expect(ended?.failure?.hint).toContain(`\`${typed}\``);
        expect([changes(world), world.running(), world.traffic()]).toEqual(before);
      }),
  );

  it('is started by setup after it, and by a deploy as soon as it is up again', () =>
    inVirtualTime(async () => {
      const world = await deployed();
      await world.accessory('stop', ['db']);
      expect((await world.deploy('v3')).exitStatus).toBe(3);
      expect((await world.deploy('v3', { command: 'setup' })).failure).toBeUndefined();
      expect(world.running()).toContain('three shop-db');
      expect(world.running()).toContain('one shop-web-v3');
      await world.accessory('stop', ['db']);
      await world.accessory('start', ['db']);
      expect((await world.deploy('v1')).failure).toBeUndefined();
    }));

  it('asks for the container on its own machine, and elsewhere for any', () =>
    inVirtualTime(async () => {
      const world = await deployed();
      await world.accessory('stop', ['cache'], { hosts: ['four'] });
      expect((await world.deploy('v3')).failure).toBeUndefined();
      await world.accessory('start', ['cache']);
      await world.accessory('stop', ['cache'], { hosts: ['one'] });
      const { failure } = await world.deploy('v1');
      expect(failure?.message).toMatch(/^web depends on cache, and on one it does not run/);
    }));

  it('that runs already is left alone, also by those that do not depend on it', () =>
    inVirtualTime(async () => {
      const world = await deployed();
      await world.accessory('stop', ['db']);
      expect((await world.deploy('v2')).failure).toBeUndefined();
      expect((await world.deploy('v3', { roles: ['worker'] })).failure).toBeUndefined();
      expect(world.running()).toContain('two shop-worker-v3');
    }));
});

describe('an accessory that roles depend on', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('is stopped when a person says yes, and with a warning when nobody can be asked', () =>
    inVirtualTime(async () => {
      const world = await deployed();
      const questions: string[] = [];
      const answer = (yes: boolean) => ({ confirm: async (text: string) => (questions.push(text), yes) });
      const no = await world.accessory('stop', ['db'], answer(false));
      expect(no.failure).toMatchObject({ message: 'db was not stopped', exitStatus: 2 });
      expect(world.running()).toContain('three shop-db');
      expect((await world.accessory('stop', ['db'], answer(true))).failure).toBeUndefined();
      expect(world.running()).not.toContain('three shop-db');
      expect(questions).toEqual(Array(2).fill('web depends on db, and runs. Stop it?'));
      await world.accessory('start', ['db']);
      const { events } = await world.accessory('stop', ['db']);
      expect(events).toContainEqual({
        type: 'warning',
        text: 'web depends on db, which is stopped until `longshore accessory start db`',
      });
      expect(questions.length).toBe(2);
    }));

  it('is stopped unasked when they do not run, or nothing depends on it', () =>
    inVirtualTime(async () => {
      const world = makeWorld(yaml);
      world.registry.push(image, {});
      await world.accessory('boot', ['all']);
      const confirm = vi.fn();
      expect((await world.accessory('stop', ['alone'], { confirm })).failure).toBeUndefined();
      expect(confirm).not.toHaveBeenCalled();
    }));

  it.each(['reboot', 'restart'] as const)('is named with them before %s', (command) =>
    inVirtualTime(async () => {
      const world = await deployed();
      expect(notes(await world.accessory(command, ['db']))).toContain('web depends on db, which is away meanwhile');
    }),
  );
});

describe('a deploy that leaves accessories alone', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('says which are down or unlike the file, on machines of their own too, and what to type', () =>
    inVirtualTime(async () => {
      const world = await deployed();
      await world.accessory('stop', ['alone']);
      const changed = makeWorld(yaml.replace('volumes: ["db:/data"]', 'volumes: ["db:/data"], labels: {team: one}'));
      Object.assign(world, { config: changed.config });
      const before = world.running();
      const ended = await world.deploy('v2');
      expect(ended.failure).toBeUndefined();
      expect(world.running()).toEqual(before);
      expect(notes(ended).toSorted().toReversed()).toEqual([
        expect.stringMatching(
          /^three: db is left alone, unlike the file: label team is missing; `longshore deploy --accessories` or `longshore accessory upgrade db` applies it, which interrupts db, web; db keeps db$/,
        ),
        expect.stringMatching(
          /^five: alone is left alone, .*it does not run \(.*`longshore accessory start alone` applies it$/,
        ),
      ]);
    }));

  it('goes on when a machine that has only accessories cannot be reached, and says so', () =>
    inVirtualTime(async () => {
      const world = await deployed();
      const five = world.machines.get('five');
      if (five !== undefined) five.isDown = true;
      const ended = await world.deploy('v3');
      expect(ended.failure).toBeUndefined();
      expect(world.running()).toContain('one shop-web-v3');
      expect(notes(ended)).toEqual([expect.stringMatching(/^its accessories were not looked at: five/)]);
    }));

  it('asks a machine nothing more when the file has no accessories', () =>
    inVirtualTime(async () => {
      const world = makeWorld();
      world.push('v1');
      const asked = new Set<string>();
      for (const machine of world.machines.values()) {
        const connect = machine.connect.bind(machine);
        machine.connect = () => {
          const host = connect();
          const inspectContainer = host.docker.inspectContainer;
          return {
            ...host,
            describeFiles: (paths) => (asked.add('files'), host.describeFiles(paths)),
            docker: { ...host.docker, inspectContainer: (name) => (asked.add(name), inspectContainer(name)) },
          };
        };
      }
      expect((await world.deploy('v1')).failure).toBeUndefined();
      const byName = [...asked].filter((name) => !/^[0-9a-f]{64}$/.test(name));
      expect(byName.toSorted()).toEqual(['kamal-proxy', 'shop-web-v1', 'shop-worker-v1']);
    }));
});
