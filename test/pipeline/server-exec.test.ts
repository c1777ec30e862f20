import { expect, test } from 'vitest';
import { serverExecWith, type ServerExecRequest } from '../../src/pipeline/server-exec.ts';
import { collectedOutput } from '../../src/report/streamed.ts';
import { sessionOf } from '../laws/session.ts';
import { makeWorld, twoMachines, type World } from '../laws/world.ts';

const yaml = `${twoMachines}accessories: {db: {image: db:1, host: three, port: "127.0.0.1:1:1"}}\n`;

async function exec(world: World, request: Partial<ServerExecRequest>) {
  const { output, lines } = collectedOutput();
  const session = { ...sessionOf(world, {}, []), mask: (text: string) => text.replaceAll('s3cret', '[secret]') };
  const whole = { words: ['true'], isInteractive: false, ...request };
  const { exitStatus } = await serverExecWith(session, whole, { output });
  return { exitStatus, lines: lines.map(({ host, line }) => `${host} ${line}`).toSorted() };
}

const ran = (world: World) =>
  [...world.machines.values()].flatMap(({ name, journal }) =>
    journal.filter((line) => line.startsWith('run ')).map((line) => `${name}: ${line}`),
  );

test('runs on every machine of the file, with and without Docker, and is written down without secrets', async () => {
  const world = makeWorld(yaml);
  const three = world.machines.get('three');
  if (three === undefined) throw new Error('there is no third machine');
  three.hasDocker = false;
  const ended = await exec(world, { words: ['echo', 's3cret'] });
  expect(ended).toEqual({ exitStatus: 0, lines: ['one s3cret', 'three s3cret', 'two s3cret'] });
  expect(three.files.get('.kamal/shop-audit.log')?.content).toMatch(
    /^\[[^\]]+Z\] \[dev@example\.com\] Executed cmd 'echo \[secret\]' on three\n$/,
  );
});

test('several words are the command as it stands, one is a line for the shell there', async () => {
  const world = makeWorld();
  await exec(world, { words: ['echo', '$HOME; a b'] });
  await exec(world, { words: ['df -h / | tail -1'] });
  expect(ran(world)).toEqual([
    "one: run echo '$HOME; a b'",
    'one: run df -h / | tail -1',
    "two: run echo '$HOME; a b'",
    'two: run df -h / | tail -1',
  ]);
});

test('with a terminal it is on the primary machine; the exit status is the largest', async () => {
  const world = makeWorld();
  expect(await exec(world, { words: ['exit 3; true'] })).toMatchObject({ exitStatus: 3 });
  await exec(world, { words: ['top'], isInteractive: true });
  expect(ran(world).filter((line) => line.endsWith('top'))).toEqual(['one: run top']);
});

test('nothing is refused', async () => {
  await expect(exec(makeWorld(), { words: [' '] })).rejects.toMatchObject({ code: 'usage' });
});
