import { describe, expect, test } from 'vitest';
import { builderSetup, createCommands, environmentOf, removeCommands } from '../../src/build/builder-setup.ts';
import { builderDifference, parseBuilder } from '../../src/build/builder-state.ts';
import type { Builder, Config } from '../../src/config/config.ts';

const builder: Builder = {
  arch: ['amd64'],
  driver: 'docker-container',
  driverIsGiven: false,
  dockerfile: 'Dockerfile',
  args: {},
  secrets: [],
  local: true,
};

function setup(more: Partial<Builder>, registry: Config['registry'] = {}) {
  return builderSetup({ builder: { ...builder, ...more }, registry }, 'amd64');
}

const localRegistry = { server: 'localhost:5000', localPort: 5000 };
const both = ['amd64', 'arm64'];
const remote = 'ssh://app@1.1.1.5';

/** Kamal's own command lines, without quotes and with the commands in the order they are run. */
describe('the builder is set up as Kamal does it', () => {
  test.each<[string, Partial<Builder>, Config['registry'], string[]]>([
    ['local', {}, {}, ['buildx create --name kamal-local-docker-container --driver=docker-container']],
    [
      'local, of two',
      { arch: both },
      {},
      ['buildx create --name kamal-local-docker-container --driver=docker-container'],
    ],
    [
      'local, as a remote is not needed',
      { remote },
      {},
      ['buildx create --name kamal-local-docker-container --driver=docker-container'],
    ],
    [
      'local, for a local registry',
      {},
      localRegistry,
      [
        'buildx create --name kamal-local-registry-docker-container --driver=docker-container --driver-opt network=host',
      ],
    ],
    [
      'remote',
      { arch: ['arm64'], remote: `${remote}:2122` },
      {},
      [
        'context create kamal-remote-ssh---app-1-1-1-5-2122-context --description kamal-remote-ssh---app-1-1-1-5-2122 host --docker host=ssh://app@1.1.1.5:2122',
        'buildx create --name kamal-remote-ssh---app-1-1-1-5-2122 kamal-remote-ssh---app-1-1-1-5-2122-context',
      ],
    ],
    [
      'remote, for a local registry',
      { arch: ['arm64'], remote },
      localRegistry,
      [
        'context create kamal-remote-ssh---app-1-1-1-5-local-registry-context --description kamal-remote-ssh---app-1-1-1-5-local-registry host --docker host=ssh://app@1.1.1.5',
        'buildx create --name kamal-remote-ssh---app-1-1-1-5-local-registry --driver-opt network=host kamal-remote-ssh---app-1-1-1-5-local-registry-context',
      ],
    ],
    [
      'hybrid',
      { arch: both, remote },
      {},
      [
        'buildx create --platform linux/amd64 --name kamal-hybrid-docker-container-ssh---app-1-1-1-5 --driver=docker-container',
        'context create kamal-hybrid-docker-container-ssh---app-1-1-1-5-context --description kamal-hybrid-docker-container-ssh---app-1-1-1-5 host --docker host=ssh://app@1.1.1.5',
        'buildx create --platform linux/arm64 --append --name kamal-hybrid-docker-container-ssh---app-1-1-1-5 kamal-hybrid-docker-container-ssh---app-1-1-1-5-context',
      ],
    ],
    ['cloud', { driver: 'cloud acme/fast', driverIsGiven: true }, {}, ['buildx create --driver cloud acme/fast']],
    ['engine', { driver: 'docker', driverIsGiven: true }, {}, []],
    ['pack', { pack: { builder: 'b', buildpacks: [] } }, {}, []],
  ])('%s', (what, more, registry, commands) => {
    const made = setup(more, registry);
    expect(what).toContain(made.kind);
    expect(createCommands(made).map((words) => words.join(' '))).toEqual(commands);
  });

  test('everything on the remote, when nothing is to be built here', () => {
    const made = setup({ arch: both, remote, local: false });
    expect(made).toMatchObject({
      kind: 'remote',
      name: 'kamal-remote-ssh---app-1-1-1-5',
      platforms: ['linux/amd64', 'linux/arm64'],
    });
    expect(environmentOf(made)).toEqual({ BUILDKIT_NO_CLIENT_TOKEN: '1' });
    expect(environmentOf(setup({}))).toEqual({});
  });

  test('what is removed is the builder, then its context', () => {
    expect(removeCommands(setup({ arch: both, remote })).map((words) => words.join(' '))).toEqual([
      'buildx rm kamal-hybrid-docker-container-ssh---app-1-1-1-5',
      'context rm kamal-hybrid-docker-container-ssh---app-1-1-1-5-context',
    ]);
    expect(setup({ driver: 'cloud acme/fast' }).name).toBe('cloud-acme-fast');
  });

  test.each<[boolean, Partial<Builder>, Config['registry']?]>([
    [true, {}],
    [true, { remote, local: false }],
    [true, {}, localRegistry],
    [false, { driverIsGiven: true }],
    [false, { arch: both }],
    [false, { cache: { type: 'gha' } }],
    [false, { provenance: 'mode=max' }],
    [true, { sbom: 'false' }],
  ])('the engine may stand in: %s for %j', (may, more, registry = {}) => {
    expect(setup(more, registry).engineMayStandIn).toBe(may);
  });
});

/** As buildx 0.29 prints them. */
const hybrid = `Name:          kamal-hybrid-docker-container-ssh---app-1-1-1-5
Driver:        docker-container
Last Activity: 2026-11-21 02:31:17 +0000 UTC

Nodes:
Name:                  kamal-hybrid0
Endpoint:              unix:///var/run/docker.sock
Status:                running
BuildKit daemon flags: --allow-insecure-entitlement=network.host
BuildKit version:      v0.25.0
Platforms:             linux/amd64*, linux/amd64/v2, linux/386

Name:                  kamal-hybrid1
Endpoint:              kamal-hybrid-docker-container-ssh---app-1-1-1-5-context
Status:                inactive
Platforms:             linux/arm64*
`;
const context = 'kamal-hybrid-docker-container-ssh---app-1-1-1-5-context';

describe('a builder that is there', () => {
  const wanted = setup({ arch: both, remote });

  test('is read from what buildx prints', () => {
    expect(parseBuilder(hybrid)).toEqual({
      driver: 'docker-container',
      nodes: [
        { endpoint: 'unix:///var/run/docker.sock', isRunning: true, fixedPlatforms: ['linux/amd64'] },
        { endpoint: context, isRunning: false, fixedPlatforms: ['linux/arm64'] },
      ],
    });
  });

  test.each([
    ['will do', hybrid, { [context]: remote }, undefined],
    [
      'has another driver',
      hybrid.replace('Driver:        docker-container', 'Driver: kubernetes'),
      {},
      'its driver is kubernetes',
    ],
    ['leads elsewhere', hybrid, { [context]: 'ssh://old' }, `leads to ssh://old, not to ${remote}`],
    ['lost its context', hybrid, {}, 'leads to nowhere'],
    ['builds elsewhere', hybrid.replace(context, 'other'), {}, 'it builds at other, not at'],
    [
      'is for another processor',
      hybrid.replace('linux/arm64*', 'linux/riscv64*'),
      { [context]: remote },
      'is not for linux/arm64',
    ],
    ['lacks a node', hybrid.replace(/\nName:\s+kamal-hybrid1[^]*/, ''), {}, 'it has 1 nodes, not 2'],
  ])('%s', (_what, text, endpoints, difference) => {
    const said = builderDifference(wanted, parseBuilder(text), endpoints);
    if (difference === undefined) expect(said).toBeUndefined();
    else expect(said).toContain(difference);
  });
});
