import { expect, test } from 'vitest';
import { buildImage } from '../../src/hosts/this-machine/image-builder.ts';
import { build, building, digest, machine, setupFor, writeMetadata } from './docker-machine.ts';

const name = 'kamal-local-docker-container';
const isThere = `printf 'Driver: docker-container\\nNodes:\\nName: x\\nStatus: STATUS\\nEndpoint: unix:///var/run/docker.sock\\n'`;

test('the builder of the driver docker-container is made as Kamal names it', async () => {
  const on = machine(
    `case "$*" in "buildx inspect ${name}") exit 1 ;; "buildx "[cir]*) exit 0 ;; esac\n${writeMetadata}`,
  );
  const run = building(on, { build: { ...build, setup: setupFor({}) } });
  await buildImage(run);
  expect(on.calls().slice(0, 4)).toEqual([
    `buildx inspect ${name}`,
    `buildx rm ${name}`,
    `buildx create --name ${name} --driver=docker-container`,
    `buildx inspect --bootstrap ${name}`,
  ]);
  expect(on.calls()[4]).toContain(`--builder ${name}`);
  expect(run.lines[0]).toBe(`making the builder ${name}: there is none of this name`);
});

test('a builder that is there and runs is used at once', async () => {
  const on = machine(`case "$2" in inspect) ${isThere.replace('STATUS', 'running')}; exit 0 ;; esac\n${writeMetadata}`);
  await buildImage(building(on, { build: { ...build, setup: setupFor({}) } }));
  expect(on.calls().map((call) => call.split(' ').slice(0, 2).join(' '))).toEqual(['buildx inspect', 'buildx build']);
});

test('a remote builder that leads elsewhere is made anew, with its context', async () => {
  const setup = setupFor({ arch: ['arm64'], remote: 'ssh://app@host' });
  const on = machine(
    `case "$*" in "buildx inspect kamal"*) ${isThere.replace('unix:///var/run/docker.sock', 'kamal-remote-ssh---app-host-context')}; exit 0 ;;
context\\ inspect*) echo ssh://old; exit 0 ;; esac\n${writeMetadata}`,
  );
  const run = building(on, { build: { ...build, setup } });
  await buildImage(run);
  expect(run.lines[0]).toContain('kamal-remote-ssh---app-host-context leads to ssh://old, not to ssh://app@host');
  expect(
    on
      .calls()
      .slice(2, 6)
      .map((call) => call.split(' ').slice(0, 2).join(' ')),
  ).toEqual(['buildx rm', 'context rm', 'context create', 'buildx create']);
});

const cannotStart = `case "$1 $2" in "buildx inspect") echo "ERROR: no such host" >&2; exit 1 ;; "version --format") echo amd64; exit 0 ;; esac`;

test('where the file names no driver, the engine stands in for a builder that cannot be started', async () => {
  const on = machine(`${cannotStart}\n${writeMetadata}`);
  const run = building(on, { build: { ...build, setup: setupFor({}) } });
  expect(await buildImage(run)).toEqual({ image: build.image, digest });
  expect(run.lines[1]).toBe(`${name} cannot be started (no such host): the engine here builds by itself`);
  expect(on.calls().at(-1)).not.toContain('--builder');
});

test('a builder that cannot be started is taken away again, and the driver docker is named', async () => {
  const on = machine(cannotStart);
  const run = building(on, { build: { ...build, setup: setupFor({ driverIsGiven: true }) } });
  await expect(buildImage(run)).rejects.toMatchObject({
    code: 'build-failed',
    hint: expect.stringContaining('builder: {driver: docker}'),
    details: ['ERROR: no such host'],
  });
  expect(on.calls().at(-1)).toBe(`buildx rm ${name}`);
});

test('an engine that cannot build the processor does not stand in', async () => {
  const run = building(machine(cannotStart), { build: { ...build, setup: setupFor({ arch: ['arm64'] }) } });
  await expect(buildImage(run)).rejects.toMatchObject({ message: expect.stringContaining('cannot be started') });
});

test('an old client without buildx builds one image only, and here', async () => {
  const setup = setupFor({ arch: ['amd64', 'arm64'], remote: 'ssh://app@host' });
  await expect(buildImage(building(machine('', '20.10.24'), { build: { ...build, setup } }))).rejects.toMatchObject({
    message: expect.stringContaining('building for linux/amd64 and linux/arm64 at once, building on kamal-hybrid'),
  });
});
