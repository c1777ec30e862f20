import { expect, test } from 'vitest';
import { buildxCommand, dockerBuildCommand, pushCommand } from '../../src/build/build-command.ts';
import { describeBuild, planImageBuild } from '../../src/build/image-build.ts';
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

function plan(builder: Partial<Builder> = {}, more: Partial<Config> = {}) {
  const config = {
    service: 'shop',
    image: 'acme/shop',
    repository: 'registry.test:5000/acme/shop',
    builder: { arch: ['amd64'], driver: 'docker', dockerfile: 'Dockerfile', args: {}, secrets: [], ...builder },
    ...more,
  } as unknown as Config;
  return planImageBuild({ config, version: '4be1', tree, useCache: true });
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

test('outside of a repository the files are built as they lie there', () => {
  const config = { ...plan(), builder: { arch: ['amd64'] }, repository: 'acme/shop' } as unknown as Config;
  const outside = { ...tree, isRepository: false, headSha: '' };
  const build = planImageBuild({ config, version: 'v1', tree: outside, useCache: true });
  expect(build.context).toEqual({ kind: 'directory', path: '.' });
});

const secretValues = { TOKEN: 'hunter2' };

test('buildx builds and pushes in one go, and no value of an argument or secret is among its words', () => {
  const build = plan({ args: { RUBY: '3.4', http_proxy: 'http://proxy' }, secrets: ['TOKEN'], target: 'app' });
  const { words, env } = buildxCommand(build, { secretValues, metadataFile: '/tmp/m.json', builder: 'kamal-local' });
  expect(words.join(' ')).toBe(
    'buildx build --push --progress=plain --metadata-file /tmp/m.json --builder kamal-local --platform linux/amd64 ' +
      '--tag registry.test:5000/acme/shop:4be1 --tag registry.test:5000/acme/shop:latest --label service=shop ' +
      '--build-arg RUBY --build-arg http_proxy=http://proxy --secret id=TOKEN,env=LONGSHORE_SECRET_TOKEN ' +
      '--file Dockerfile --target app .',
  );
  expect(env).toEqual({ RUBY: '3.4', LONGSHORE_SECRET_TOKEN: 'hunter2' });
});

test('docker build uses BuildKit, and each tag is pushed by itself', () => {
  const { words, env } = dockerBuildCommand({ ...plan({ context: 'app' }), useCache: false }, secretValues);
  expect(words.join(' ')).toBe(
    'build --progress=plain --platform linux/amd64 --tag registry.test:5000/acme/shop:4be1 ' +
      '--tag registry.test:5000/acme/shop:latest --label service=shop --file Dockerfile --no-cache app',
  );
  expect(env).toEqual({ DOCKER_BUILDKIT: '1' });
  expect(pushCommand('acme/shop:v1').words).toEqual(['push', 'acme/shop:v1']);
});

test('a build argument that would steer the docker client does not reach its environment', () => {
  const { words, env } = dockerBuildCommand(plan({ args: { DOCKER_HOST: 'x', PATH: '/opt' } }), {});
  expect(env).toEqual({ DOCKER_BUILDKIT: '1' });
  expect(words).toContain('DOCKER_HOST=x');
  expect(words).toContain('PATH=/opt');
});
