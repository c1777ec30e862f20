import { Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { chooseAccessories } from '../../src/app/select.ts';
import { madeForOnce, runOnce } from '../../src/containers/run-once.ts';
import type { Failure } from '../../src/errors.ts';
import type { Event } from '../../src/execute/events.ts';
import { commandWords, execWith, type ExecRequest } from '../../src/pipeline/accessories/exec.ts';
import { grepWords, logOptions, logsWith, type LogsRequest } from '../../src/pipeline/accessories/logs.ts';
import type { Surroundings } from '../../src/pipeline/streams.ts';
import { collectedOutput } from '../../src/report/streamed.ts';
import { sessionOf } from '../laws/session.ts';
import { makeWorld, type World } from '../laws/world.ts';

const file = `service: shop
image: shop
servers: [one]
registry: {server: registry.test:5000, username: x, password: y}
builder: {arch: amd64, driver: docker}
accessories:
  db: {image: registry.test:5000/db:1, hosts: [one, two], port: 127.0.0.1:1:1, network: bridge, volumes: ['data:/data'],
    env: {clear: {MODE: clear}, secret: [KEY]}, options: {memory: 1g, network-alias: db, health-cmd: x}}
  cache: {image: registry.test:5000/db:1, host: two, network: bridge}
`;

async function booted(): Promise<World> {
  const world = makeWorld(file);
  const image = 'registry.test:5000/db:1';
  world.registry.push(image, { logLines: ['one', 'two $x', 'three'] });
  for (const [host, names] of Object.entries({ one: ['shop-db'], two: ['shop-db', 'shop-cache'] })) {
    const docker = world.machines.get(host)?.connect().docker;
    await docker?.pullImage(image, { server: 'registry.test:5000', username: 'x', password: 'y' });
    for (const name of names)
      await docker?.startContainer(await docker.createContainer(name, { Image: image, HostConfig: {} }));
  }
  return world;
}

function session(world: World, names: readonly string[], events: Event[] = [], signal?: AbortSignal) {
  const made = sessionOf(world, signal === undefined ? {} : { signal }, events);
  const mask = (text: string) => text.replaceAll('s3cret', '[secret]');
  return { ...made, mask, selected: chooseAccessories(made.config, made.selected, names) };
}

async function exec(world: World, request: Partial<ExecRequest>, more: Partial<Surroundings> = {}) {
  const { output, lines } = collectedOutput();
  const events: Event[] = [];
  const whole = { name: 'db', words: ['true'], isInteractive: false, reuse: true, ...request };
  const result = await execWith(session(world, ['db'], events), whole, { output, ...more });
  return { ...result, lines: lines.map(({ host, line }) => `${host} ${line}`), events };
}

const containersOf = (world: World) =>
  [...world.machines.values()].flatMap(({ containers }) => [...containers.values()]);
const auditOf = (world: World, host: string) =>
  (world.machines.get(host)?.files.get('.kamal/shop-audit.log')?.content ?? '').trim().split('\n').at(-1);

describe('a command', () => {
  test.each([
    [
      ['psql', '-c', "select 'a b'"],
      ['psql', '-c', "select 'a b'"],
    ],
    [['bash'], ['bash']],
    [["psql -c 'select 1'"], ['psql', '-c', 'select 1']],
    [['echo "a  b" c\\ d'], ['echo', 'a  b', 'c d']],
    [['echo $HOME'], ['sh', '-c', 'echo $HOME']],
    [['pg_dump shop | gzip'], ['sh', '-c', 'pg_dump shop | gzip']],
    [['ls *.sql'], ['sh', '-c', 'ls *.sql']],
    [['a; b'], ['sh', '-c', 'a; b']],
    [
      ['echo', '$HOME; id'],
      ['echo', '$HOME; id'],
    ],
  ])('typed as %j is run as %j', (typed, words) => {
    expect(commandWords(typed)).toEqual(words);
  });

  test('that is empty is refused', () => {
    expect(() => commandWords([' '])).toThrow('there is no command');
  });

  test('runs in the container of each machine, and is written down without secrets', async () => {
    const world = await booted();
    const { lines, exitStatus } = await exec(world, { words: ['echo', 'hello', 's3cret'] });
    expect([lines.toSorted(), exitStatus]).toEqual([['one hello s3cret', 'two hello s3cret'], 0]);
    expect(auditOf(world, 'two')).toMatch(
      /^\[[^\]]+Z\] \[dev@example\.com\] Executed cmd 'echo hello '?\[secret\]'? on db accessory$/,
    );
  });

  test('with -i runs on the first machine only', async () => {
    const { lines, events } = await exec(await booted(), { words: ['echo', 'hello'], isInteractive: true });
    expect(lines).toEqual(['one hello']);
    expect(events).toContainEqual({ type: 'note', text: 'on one, the first of 2 machines; -h chooses another' });
  });

  test('gives its exit status, of several the largest', async () => {
    expect((await exec(await booted(), { words: ['sh', '-c', 'exit 4'] })).exitStatus).toBe(4);
  });

  test('reads what is piped in, on every machine', async () => {
    const { lines } = await exec(await booted(), { words: ['cat'] }, { stdin: Readable.from([Buffer.from('a\nb')]) });
    expect(lines.toSorted()).toEqual(['one a', 'one b', 'two a', 'two b']);
  });

  test('runs nowhere when one container is not there or does not run', async () => {
    const world = await booted();
    const [first, second] = ['one', 'two'].map((name) =>
      [...(world.machines.get(name)?.containers.values() ?? [])].find((one) => one.name === 'shop-db'),
    );
    if (first === undefined || second === undefined) throw new Error('not booted');
    first.state = 'exited';
    world.machines.get('two')?.containers.delete(second.id);
    const failure = (await exec(world, { words: ['echo', 'x'] }).catch((error: unknown) => error)) as Failure;
    expect(failure.details).toEqual(['one: shop-db does not run (exited)', 'two: there is no container shop-db']);
    expect(auditOf(world, 'one')).not.toContain('Executed');
  });

  test('without --reuse has a container of its own, with the values of the accessory, and leaves none', async () => {
    const world = await booted();
    const before = containersOf(world).length;
    const made: unknown[] = [];
    for (const machine of world.machines.values())
      machine.onCall = ({ name, args, moment }) => {
        if (name === 'docker.createContainer' && moment === 'before') made.push(args[1]);
      };
    const { lines } = await exec(world, { reuse: false, words: ['printenv', 'KEY'] });
    expect(lines.toSorted()).toEqual(['one s3cret', 'two s3cret']);
    expect(containersOf(world)).toHaveLength(before);
    expect(made[0]).toMatchObject({
      Image: 'registry.test:5000/db:1',
      Labels: {},
      ExposedPorts: {},
      HostConfig: { AutoRemove: true, Binds: ['data:/data'], Memory: 1_073_741_824, RestartPolicy: { Name: 'no' } },
    });
  });
});

test('a container for one command has nothing that the first one is known by', () => {
  const spec = {
    ...{ name: 'shop-db', image: 'db:1', env: [], network: 'kamal', restartPolicy: 'always', logging: { options: {} } },
    ...{ labels: { service: 'shop-db' }, volumes: ['data:/data'], publish: ['1:1'], hostname: 'db' },
    options: ['memory', 'network-alias', 'publish', 'ip', 'health-cmd', 'tty'].map((name) => ({ name, value: '1' })),
  };
  expect(runOnce(spec, { name: 'x', words: ['y'] })).toEqual({
    ...{ name: 'x', image: 'db:1', cmd: ['y'], env: [], network: 'kamal', restartPolicy: 'no' },
    ...{ labels: {}, volumes: ['data:/data'], publish: [], logging: { options: {} } },
    options: [{ name: 'memory', value: '1' }],
  });
  const byWords = madeForOnce(
    { way: 'command-line', words: ['--gpus=all', 'db:1'], secretEnv: {} },
    { stdin: true, terminal: true },
  );
  expect(byWords).toMatchObject({
    words: ['--rm', '--no-healthcheck', '--interactive', '--tty', '--gpus=all', 'db:1'],
  });
});

describe('logs', () => {
  const request = { name: 'db', isFollowed: false, hasTimestamps: true };
  test.each<[Partial<LogsRequest>, string]>([
    [{}, '--tail=100 --timestamps'],
    [{ lines: 5, hasTimestamps: false }, '--tail=5'],
    [{ since: '10m' }, '--since=10m --timestamps'],
    [{ grep: 'x' }, '--timestamps'],
    [{ isFollowed: true }, '--tail=10 --timestamps --follow'],
    [{ isFollowed: true, since: '1h' }, '--since=1h --timestamps --follow'],
    [{ isFollowed: true, grep: 'x' }, '--tail=10 --timestamps --follow'],
  ])('%j asks docker for %s', (more, words) => {
    expect(logOptions({ ...request, ...more }).join(' ')).toBe(words);
  });

  test('grep gets its options as words and the pattern as one', () => {
    expect(grepWords({ grep: "-x'; rm", grepOptions: `-i -A 3 --label="a b"` })).toEqual([
      '-i',
      '-A',
      '3',
      '--label=a b',
      '-e',
      "-x'; rm",
    ]);
    expect(grepWords({})).toBeUndefined();
    expect(() => grepWords({ grepOptions: '-i' })).toThrow('what for');
  });

  const logs = async (world: World, name: string, grep?: string[]) => {
    const { output, lines } = collectedOutput();
    const events: Event[] = [];
    const result = await logsWith(session(world, [name], events), { name, options: [], grep }, { output });
    return { ...result, lines: lines.map(({ host, name: of, line }) => `${host} ${of} ${line}`), events };
  };

  test('come from all machines, and with `all` from all accessories', async () => {
    const world = await booted();
    expect((await logs(world, 'db', ['-e', 'two'])).lines.toSorted()).toEqual([
      'one undefined two $x',
      'two undefined two $x',
    ]);
    expect((await logs(world, 'all', ['-e', 'three'])).lines.toSorted()).toEqual([
      'one db three',
      'two cache three',
      'two db three',
    ]);
  });

  test('where nothing is found say so, and that is no failure', async () => {
    const { exitStatus, events } = await logs(await booted(), 'db', ['-e', 'nowhere']);
    expect(exitStatus).toBe(0);
    expect(events).toContainEqual({ type: 'note', text: 'two: nothing found' });
  });

  test('of a machine without the container are a warning, of none a failure', async () => {
    const world = await booted();
    const remove = (host: string) => world.machines.get(host)?.containers.clear();
    remove('one');
    const { lines, events } = await logs(world, 'db');
    expect(lines).toHaveLength(3);
    expect(events).toContainEqual({ type: 'warning', text: 'one: there is no container shop-db' });
    remove('two');
    await expect(logs(world, 'db')).rejects.toMatchObject({ code: 'host-command-failed' });
  });
});
