import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { DevBuildResult } from '../../src/report/results.ts';
import { makeProject, type Project } from './harness.ts';

let project: Project;

beforeAll(() => {
  project = makeProject('test/apps/small');
});

afterAll(() => project.remove());

test('builds what lies there, and lists just what goes in that is not committed', async () => {
  const changes = {
    '.dockerignore': '**/*.log\nvalues\nnotes/**\n!notes/keep.md\nsecret?\n/.git\n',
    'notes/keep.md': 'committed\n',
    Dockerfile: 'FROM scratch\nCOPY . /\n',
  };
  project.commit('Ignores some', changes);
  const untracked = ['a.log', 'deep/b.log', 'deep/new.txt', 'notes/lost.md', 'secret1', 'secret10', '.env'];
  mkdirSync(join(project.directory, 'deep'));
  for (const path of untracked) writeFileSync(join(project.directory, path), 'x');
  writeFileSync(join(project.directory, 'notes/keep.md'), 'changed\n');
  const { status, stdout, output } = await project.longshore('build dev --output local,dest=../out --json');
  expect(status, output).toBe(0);
  const result = JSON.parse(stdout) as DevBuildResult;
  expect(result.uncommitted).toEqual(['notes/keep.md']);
  expect(result.untracked).toEqual(['.env', 'deep/new.txt', 'secret10']);
  expect(result.tags.every((tag) => tag.endsWith('-dirty'))).toBe(true);
  const built = readdirSync(join(project.directory, '../out'), { recursive: true, encoding: 'utf8' });
  // BuildKit's own reading of the file is the measure.
  expect(untracked.filter((path) => built.includes(path)).toSorted()).toEqual(result.untracked);
});

test('puts the image into the engine here', async () => {
  const { status, stdout, output } = await project.longshore('build dev');
  expect(status, output).toBe(0);
  const [tag = ''] = /registry\.test:5000\/small:\w+-dirty/.exec(stdout) ?? [];
  expect(execFileSync('docker', ['image', 'inspect', '-f', '{{.Id}}', tag], { encoding: 'utf8' })).toMatch(/^sha256:/);
  execFileSync('docker', ['rmi', '-f', tag]);
});
