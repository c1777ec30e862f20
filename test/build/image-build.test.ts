import { expect, test } from 'vitest';
import { buildxCommand, dockerBuildCommand, packCommand, pushCommands } from '../../src/build/build-command.ts';
import { describeBuild, planImageBuild, type BuildQuestion } from '../../src/build/image-build.ts';
import type { SourceTree } from '../../src/build/version.ts';
import type { Builder, Config } from '../../src/config/config.ts';

const tree: SourceTree = {
  isRepository: true,
  root: '/work/shop',
  headSha: '4be1'.repeat(10),
  dirty: false,
  changedPaths: [],
  diffHash: '',
  userName: 'Ada',
  userEmail: 'ada@example.com',
  performer: 'ada@example.com',
};

const engine = { arch: ['amd64'], driver: 'docker', local: true, dockerfile: 'Dockerfile', args: {}, secrets: [] };

function plan(builder: Partial<Builder> = {}, more: Partial<Config> = {}, question: Partial<BuildQuestion> = {}) {
  const config = {
    service: 'shop',
    image: 'acme/shop',
    repository: 'registry.test:5000/acme/shop',
    registry: { server: 'registry.test:5000' },
    builder: { ...engine, ...builder },
    ...more,
  } as unknown as Config;
  return planImageBuild({ config, version: '4be1', tree, useCache: true, localArch: 'amd64', ...question });
}

test('without a context the image is built from a clean clone of HEAD', () => {
  expect(describeBuild(plan())).toEqual([
    'build registry.test:5000/acme/shop:4be1 for amd64 from a clean clone of HEAD 4be14be (Dockerfile)',
    'push registry.test:5000/acme/shop:4be1 and registry.test:5000/acme/shop:latest',
  ]);
});

test('with a context it is built from the files as they lie there, and a destination has a latest of its own', () => {
  const build = plan({ context: '.', arch: ['amd64', 'arm64'], target: 'app' }, { destination: 'staging' });
  expect(describeBuild(build)).toEqual([
    'build registry.test:5000/acme/shop:4be1 for amd64 and arm64 from the files in . (Dockerfile, target app)',
    'push registry.test:5000/acme/shop:4be1 and registry.test:5000/acme/shop:latest-staging',
  ]);
});

const remote = { driver: 'docker-container', remote: 'ssh://app@192.0.2.9' };
test.each<[Partial<Builder>, string]>([
  [{ ...remote, arch: ['arm64'] }, 'for arm64 on ssh://app@192.0.2.9 from a clean clone'],
  [{ ...remote, arch: ['amd64', 'arm64'] }, 'for amd64 here and arm64 on ssh://app@192.0.2.9 from a clean clone'],
  [{ driver: 'cloud acme/fast' }, 'for amd64 on cloud acme/fast from a clean clone'],
  [{ pack: { builder: 'heroku/builder:24', buildpacks: [] } }, 'for amd64 with heroku/builder:24 from a clean clone'],
])('a plan says where it is built: %j', (builder, said) => {
  expect(describeBuild(plan(builder))[0]).toContain(said);
});

test('outside of a repository the files are built as they lie there', () => {
  const build = plan({}, {}, { version: 'v1', tree: { ...tree, isRepository: false, headSha: '' } });
  expect(build.context).toEqual({ kind: 'directory', path: '.' });
});

test('the working directory is built with other tags', () => {
  const build = plan({}, {}, { dirty: true, output: 'docker' });
  expect(build).toMatchObject({ context: { kind: 'directory', path: '.' }, output: 'docker' });
  expect(build.tags).toEqual(['registry.test:5000/acme/shop:4be1-dirty', 'registry.test:5000/acme/shop:latest-dirty']);
});

const secrets = { TOKEN: { value: 'hunter2' } };

test('buildx builds and pushes in one go, and no value of an argument or secret is among its words', () => {
  const build = plan({
    ...{
      args: { RUBY: '3.4', http_proxy: 'http://proxy' },
      secrets: ['TOKEN'],
      target: 'app',
      driver: 'docker-container',
    },
    ...{ ssh: 'default=/agent', cache: { type: 'registry' }, provenance: 'mode=max', sbom: 'false' },
  });
  const { words, env } = buildxCommand(build, { secrets, metadataFile: '/tmp/m.json' });
  const cache = 'type=registry,ref=registry.test:5000/acme/shop-build-cache';
  expect(words.join(' ')).toBe(
    'docker buildx build --output=type=registry --progress=plain --metadata-file /tmp/m.json ' +
      `--builder kamal-local-docker-container --cache-to ${cache} --cache-from ${cache} --ssh default=/agent ` +
      '--provenance mode=max --sbom false --platform linux/amd64 ' +
      '--tag registry.test:5000/acme/shop:4be1 --tag registry.test:5000/acme/shop:latest --label service=shop ' +
      '--build-arg RUBY --build-arg http_proxy=http://proxy --secret id=TOKEN,env=LONGSHORE_SECRET_TOKEN ' +
      '--file Dockerfile --target app .',
  );
  expect(env).toEqual({ RUBY: '3.4', LONGSHORE_SECRET_TOKEN: 'hunter2' });
});

test('an argument without a value is the variable of that name here', () => {
  const { words, env } = buildxCommand(plan({ args: { CI_JOB: null, HTTP_PROXY: null, A: '' } }), { secrets: {} });
  expect(words.join(' ')).toContain('--build-arg CI_JOB --build-arg HTTP_PROXY --build-arg A --file');
  expect(env).toEqual({ A: '' });
});

test('a secret that lies in a file is read from there', () => {
  const long = { TOKEN: { value: 'x', file: '/tmp/secret-0' } };
  const { words, env } = buildxCommand(plan({ secrets: ['TOKEN'] }), { secrets: long });
  expect(words.join(' ')).toContain('--secret id=TOKEN,src=/tmp/secret-0');
  expect(env).toEqual({});
});

test.each<[Builder['cache'] & object, { to: string; from: string }]>([
  [{ type: 'gha' }, { to: 'type=gha', from: 'type=gha' }],
  [
    { type: 'gha', options: 'mode=max,scope=shop,url=https://c' },
    { to: 'type=gha,mode=max,scope=shop,url=https://c', from: 'type=gha,scope=shop,url=https://c' },
  ],
  [
    { type: 'registry', image: 'acme/cache', options: 'mode=max,image-manifest=true' },
    {
      to: 'type=registry,ref=registry.test:5000/acme/cache,mode=max,image-manifest=true',
      from: 'type=registry,ref=registry.test:5000/acme/cache',
    },
  ],
])('the cache %j is written and read as Kamal does', (cache, expected) => {
  expect(plan({ cache }).cache).toEqual(expected);
});

test('docker build uses BuildKit, and each tag is pushed by itself', () => {
  const { words, env } = dockerBuildCommand({ ...plan({ context: 'app' }), useCache: false }, { secrets });
  expect(words.join(' ')).toBe(
    'docker build --progress=plain --platform linux/amd64 --tag registry.test:5000/acme/shop:4be1 ' +
      '--tag registry.test:5000/acme/shop:latest --label service=shop --file Dockerfile --no-cache app',
  );
  expect(env).toEqual({ DOCKER_BUILDKIT: '1' });
  expect(pushCommands(plan()).map((command) => command.words.join(' '))).toEqual([
    'docker push registry.test:5000/acme/shop:4be1',
    'docker push registry.test:5000/acme/shop:latest',
  ]);
});

test('buildpacks get arguments and secrets by the environment, and set the label', () => {
  const pack = { builder: 'heroku/builder:24', buildpacks: ['heroku/ruby', 'heroku/procfile'] };
  const build = plan({ pack, args: { RUBY: '3.4' }, secrets: ['TOKEN'], driver: 'docker-container' });
  const { words, env } = packCommand({ ...build, useCache: false }, { secrets });
  expect(words.join(' ')).toBe(
    'pack build registry.test:5000/acme/shop --platform linux/amd64 --creation-time now --builder heroku/builder:24 ' +
      '--buildpack heroku/ruby --buildpack heroku/procfile --buildpack paketo-buildpacks/image-labels ' +
      '--tag registry.test:5000/acme/shop:4be1 --tag registry.test:5000/acme/shop:latest --clear-cache ' +
      '--env BP_IMAGE_LABELS=service=shop --env RUBY --env TOKEN --path .',
  );
  expect(env).toEqual({ RUBY: '3.4', TOKEN: 'hunter2' });
});

test('a build argument that would steer the docker client does not reach its environment', () => {
  const { words, env } = dockerBuildCommand(plan({ args: { DOCKER_HOST: 'x', PATH: '/opt' } }), { secrets: {} });
  expect(env).toEqual({ DOCKER_BUILDKIT: '1' });
  expect(words).toContain('DOCKER_HOST=x');
  expect(words).toContain('PATH=/opt');
});
