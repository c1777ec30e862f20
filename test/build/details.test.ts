import { expect, test } from 'vitest';
import { detailsOf } from '../../src/build/details.ts';
import { planImageBuild } from '../../src/build/image-build.ts';
import { load, withKeys } from '../config/load-text.ts';
import { renderBuildDetails } from '../../src/report/build.ts';

const tree = {
  ...{
    isRepository: true,
    root: '/work/shop',
    headSha: '4be1'.repeat(10),
    dirty: false,
    changedPaths: [],
    diffHash: '',
  },
  ...{ userName: 'Ada', userEmail: 'ada@example.com', performer: 'ada@example.com' },
};

function details(text: string) {
  const config = load(withKeys(text));
  return detailsOf(planImageBuild({ config, version: '4be1', tree, useCache: true, localArch: 'amd64' }));
}

const hybrid = `builder:
  arch: [amd64, arm64]
  remote: ssh://app@192.0.2.9
  args: {RUBY: "3.4", API_TOKEN: s3cret, HTTP_PROXY: "http://me:s3cret@proxy"}
  secrets: [GITHUB_TOKEN]
`;

test('every command of a build is there in full, and no secret', () => {
  const { builder, commands } = details(hybrid);
  expect(builder).toMatchObject({ kind: 'hybrid', name: 'kamal-hybrid-docker-container-ssh---app-192-0-2-9' });
  expect(commands.map(({ purpose, words }) => `${purpose}: ${words.slice(0, 3).join(' ')}`)).toEqual([
    'inspect: docker buildx inspect',
    'remove: docker buildx rm',
    'remove: docker context rm',
    'create: docker buildx create',
    'create: docker context create',
    'create: docker buildx create',
    'build: docker buildx build',
  ]);
  const build = commands.at(-1);
  expect(build?.env).toEqual({
    RUBY: '3.4',
    API_TOKEN: { hidden: true },
    LONGSHORE_SECRET_GITHUB_TOKEN: { secret: 'GITHUB_TOKEN' },
    BUILDKIT_NO_CLIENT_TOKEN: '1',
  });
  expect(build?.words).toContain('HTTP_PROXY=http://me:…@proxy');
  expect(JSON.stringify(details(hybrid))).not.toContain('s3cret');
});

test('a person reads them as they would be typed', () => {
  const text = renderBuildDetails(details(hybrid));
  expect(text).not.toContain('s3cret');
  expect(text).toContain('Builder:   kamal-hybrid-docker-container-ssh---app-192-0-2-9 (hybrid)');
  expect(text).toContain(
    'Node:      ssh://app@192.0.2.9 (context kamal-hybrid-docker-container-ssh---app-192-0-2-9-context), linux/arm64',
  );
  expect(text).toContain('LONGSHORE_SECRET_GITHUB_TOKEN=<secret GITHUB_TOKEN>');
  expect(text).toContain("--description 'kamal-hybrid-docker-container-ssh---app-192-0-2-9 host'");
});

test('buildpacks build and then push', () => {
  const { commands } = details('builder: {arch: amd64, pack: {builder: heroku/builder:24, buildpacks: [heroku/ruby]}}');
  expect(commands.map(({ words }) => words.slice(0, 2).join(' '))).toEqual([
    'pack build',
    'docker push',
    'docker push',
  ]);
});
