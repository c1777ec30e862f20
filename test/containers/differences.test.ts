import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { DockerOption } from '../../src/config/config.ts';
import { optionValues } from '../../src/config/option-values.ts';
import { createRequest, creationOf } from '../../src/containers/create-request.ts';
import { differencesOf, type ImageDefaults } from '../../src/containers/differences.ts';
import { optionTable } from '../../src/containers/options.ts';
import type { ContainerSpec } from '../../src/containers/spec.ts';
import { engines, inspected } from './engine-model.ts';

const spec: ContainerSpec = {
  name: 'shop-web-v1',
  image: 'acme/shop:v1',
  hostname: 'dal-01-0123456789ab',
  env: [
    { name: 'A', value: 'clear' },
    { name: 'S', value: { secret: 'S' } },
  ],
  labels: { service: 'shop', role: 'web', destination: '', 'longshore.values': 'exact' },
  network: 'kamal',
  restartPolicy: 'unless-stopped',
  logging: { options: { 'max-size': '10m' } },
  volumes: ['data:/data', '$PWD/files:/files:ro', '/anonymous'],
  publish: [],
  options: [],
};
const env = { A: 'clear', S: 's3cret\n\\' };
const sources = { secrets: new Map([['S', env.S]]), secretsByKamal: new Map(), variables: {} };
const plainImage: ImageDefaults = { Env: ['PATH=/bin'], Cmd: ['serve'], Labels: { service: 'shop' } };
const fullImage: ImageDefaults = {
  ...plainImage,
  User: 'app',
  WorkingDir: '/app',
  StopSignal: 'SIGQUIT',
  Healthcheck: { Test: ['CMD', 'true'], Interval: 5e9, Retries: 2 },
};

/** Values for every option that is understood, and for some that only Docker understands. */
const samples: Record<string, readonly (string | true)[]> = {
  memory: ['256m', '1g'],
  'memory-swap': ['-1', '2g'],
  'memory-reservation': ['128m'],
  cpus: ['1.5'],
  'cpu-shares': ['512'],
  'cpuset-cpus': ['0-1'],
  'cap-add': ['NET_ADMIN', 'CAP_SYS_TIME', 'sys_ptrace'],
  'cap-drop': ['ALL', 'KILL'],
  'security-opt': ['no-new-privileges', 'apparmor=unconfined', 'label=type:x', 'seccomp=/etc/profile.json'],
  'group-add': ['audio'],
  'add-host': ['db:192.0.2.7', 'six=[2001:db8::1]', 'me:host-gateway'],
  dns: ['192.0.2.53', '192.0.2.54'],
  'dns-search': ['example.com'],
  ulimit: ['nofile=4096:8192', 'core=0'],
  device: ['/dev/fuse', '/dev/x:rwm', '/dev/x:/dev/y:r', 'nvidia.com/gpu=all'],
  init: [true, 'false'],
  privileged: [true],
  'read-only': [true],
  'shm-size': ['64m', '1g'],
  'pids-limit': ['-1', '0', '100'],
  'oom-score-adj': ['-500'],
  ipc: ['host', 'shareable'],
  pid: ['host'],
  runtime: ['runsc'],
  user: ['1000'],
  workdir: ['/srv'],
  'stop-signal': ['SIGINT'],
  'stop-timeout': ['5'],
  tty: [true],
  interactive: [true],
  'health-cmd': ['curl localhost'],
  'health-interval': ['30s'],
  'health-timeout': ['1.5s'],
  'health-start-period': ['0', '1m'],
  'health-retries': ['3'],
  'no-healthcheck': [true],
  publish: ['8080:80', '127.0.0.1:9000-9001:90-91/udp', '443'],
  volume: ['~/x:/x', '/y'],
  label: ['team=a=b', 'bare'],
  env: ['B=1', 'A=over', 'EMPTY=', 'FROM_CLIENT'],
  hostname: ['named'],
  restart: ['no', 'on-failure:3'],
  'log-driver': ['json-file', 'journald'],
  'log-opt': ['max-size=5m', 'tag=x=y'],
  network: ['other'],
  gpus: ['all'],
  entrypoint: ['/start'],
  mount: ['type=tmpfs,target=/t'],
};

const all = Object.entries(samples).flatMap(([name, values]) => values.map((value): DockerOption => ({ name, value })));
const compare = (options: readonly DockerOption[], running: ReturnType<typeof inspected>, image = plainImage) =>
  differencesOf({ spec: { ...spec, options }, sources, homeDirectory: '/home/deploy', running, imageDefaults: image });
const made = (options: readonly DockerOption[], image: ImageDefaults = plainImage, engine = engines[0]) => {
  const body = createRequest({ spec: { ...spec, options }, env, homeDirectory: '/home/deploy' });
  const clients = {
    ...(options.some(({ name }) => name === 'entrypoint') ? { Entrypoint: ['/start'] } : {}),
    ...(options.some(({ value }) => value === 'FROM_CLIENT')
      ? { Env: [...(body['Env'] as string[]), 'FROM_CLIENT=x'] }
      : {}),
  };
  const profile = options.some(({ value }) => String(value).startsWith('seccomp=/')) ? ['seccomp={"a": 1}'] : [];
  const SecurityOpt = [...((body.HostConfig['SecurityOpt'] ?? []) as string[]), ...profile];
  const HostConfig = { ...body.HostConfig, ...(SecurityOpt.length === 0 ? {} : { SecurityOpt }) };
  return inspected({ ...body, ...clients, HostConfig }, image, engine ?? (engines[0] as never));
};

describe('a container made from a spec', () => {
  test('there are samples of every option', () => {
    const names = new Set([...Object.keys(optionTable), ...Object.keys(optionValues)]);
    expect([...names].filter((name) => samples[name] === undefined)).toEqual([]);
  });

  test.each(engines)('never differs from it, on Docker $name', (engine) => {
    const some = fc.subarray(all, { minLength: 0, maxLength: 12 });
    fc.assert(
      fc.property(some, fc.constantFrom(plainImage, fullImage), (options, image) => {
        expect(compare(options, made(options, image, engine), image)).toEqual([]);
      }),
      { numRuns: 500, examples: all.map((option) => [[option], fullImage]) },
    );
  });

  test('differs from one without the option, but for what Docker takes for the same, or adds by itself', () => {
    const unseen = (isSeen: (option: DockerOption) => boolean) =>
      all.filter((option) => !isSeen(option)).map(({ name, value }) => `${name}=${value}`);
    const sameAsNone = ['init=false', 'shm-size=64m', 'pids-limit=-1', 'pids-limit=0', 'health-start-period=0'];
    expect(unseen((option) => compare([option], made([])).length > 0)).toEqual(sameAsNone);
    expect(unseen((option) => compare([], made([option])).length > 0)).toEqual(sameAsNone);
  });

  test('so does one with other logging of the file', () => {
    const logging = { driver: 'json-file', options: { 'max-size': '5m' } };
    const running = inspected(
      createRequest({ spec: { ...spec, logging }, env, homeDirectory: '/home/deploy' }),
      plainImage,
      engines[0] as never,
    );
    expect(compare([], running)).toEqual(['logging differs']);
    const withDefaults = {
      ...spec,
      logging: { driver: 'json-file', options: { 'max-size': '10m', compress: 'true' } },
    };
    const made = inspected(
      createRequest({ spec: withDefaults, env, homeDirectory: '/home/deploy' }),
      plainImage,
      engines[0] as never,
    );
    expect(compare([], made)).toEqual(['docker options differ']);
    const Labels = { service: 'shop', role: 'web', destination: '' };
    expect(compare([], { ...made, Config: { ...made.Config, Labels } }), 'of Kamal’s nobody knows').toEqual([]);
  });

  test('of another image, it is that image that is told, and not what the image brings with it', () => {
    const old: ImageDefaults = { Env: ['PATH=/usr/bin', 'EDITION=1'], Cmd: ['old'], Labels: { build: '1' } };
    const of = (change: Partial<ContainerSpec>) =>
      inspected(
        createRequest({ spec: { ...spec, image: 'acme/shop:v0', ...change }, env, homeDirectory: '/home/deploy' }),
        old,
        engines[0] as never,
      );
    expect(compare([], of({}))).toEqual(['image is acme/shop:v0']);
    expect(compare([], of({ labels: { ...spec.labels, role: 'worker' } }))).toEqual([
      'image is acme/shop:v0',
      'label role differs',
    ]);
  });

  test('the image’s health check comes back when the file’s is taken away', () => {
    expect(compare([], made([{ name: 'health-cmd', value: 'x' }], fullImage), fullImage)).toEqual([
      'health check differs',
    ]);
  });
});

test('docker create gets secrets beside its words, and everything else in them, the options last', () => {
  const options = [
    { name: 'gpus', value: 'all' },
    { name: 'volume', value: '~/x:/x' },
    { name: 'init', value: true as const },
    { name: 'env', value: 'B=1' },
    { name: 'log-opt', value: 'max-size=5m' },
  ];
  const creation = creationOf({ spec: { ...spec, options }, env, homeDirectory: '/root' });
  if (creation.way !== 'command-line') throw new Error('not by the command line');
  expect(creation.secretEnv).toEqual({ S: 's3cret\n\\' });
  expect(creation.words.join(' ').replace(/longshore\.options=\w{16}/, 'longshore.options=…')).toBe(
    '--name shop-web-v1 --network kamal --restart unless-stopped --hostname dal-01-0123456789ab --env A=clear --env B=1 ' +
      '--log-opt max-size=5m --volume data:/data --volume /root/files:/files:ro --volume /anonymous --volume /root/x:/x ' +
      '--label service=shop --label role=web --label destination= --label longshore.values=exact --label longshore.options=… --gpus=all --init acme/shop:v1',
  );
});
