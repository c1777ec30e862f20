import { afterAll, beforeAll, expect, test } from 'vitest';
import type { PlanResult } from '../../src/pipeline.ts';
import { makeProject, type Project } from './harness.ts';
import { chi, dal, emptyMachines, on, running } from './machines.ts';

/** `base_destination: production` makes the word and no word the same thing: the base file. */
let project: Project;
let version: string;

beforeAll(async () => {
  await emptyMachines(dal, chi);
  project = makeProject('test/apps/small', {
    '.kamal/secrets.staging': 'REGISTRY_PASSWORD=$REGISTRY_PASSWORD\nSECRET_KEY=staging\n',
    'config/deploy.yml': (text) => `${text}\nx-longshore:\n  base_destination: production\n`,
    'config/deploy.staging.yml': 'servers:\n  web:\n    hosts: [100.64.77.12]\nproxy:\n  host: staging.test\n',
  });
  version = project.commit('Destinations');
});

afterAll(() => project.remove());

test('machines get the names that Kamal gives without -d, and each spelling finds them', async () => {
  const setup = await project.longshore('setup production');
  expect(setup, setup.output).toMatchObject({ status: 0 });
  expect(setup.stderr).toContain('setup small (production) from config/deploy.yml to');
  expect(await running(dal, 'small')).toEqual([`small-web-${version}`, `small-worker-${version}`]);
  expect(await on(chi, `docker inspect -f '[{{index .Config.Labels "destination"}}]' small-web-${version}`)).toBe('[]');
  for (const words of ['plan', 'plan production', 'plan -d production']) {
    const { stdout, status } = await project.longshore(`${words} --json`);
    expect({ status, ...(JSON.parse(stdout) as PlanResult) }, words).toMatchObject({ status: 0, nothingToDo: true });
  }
});

test('another destination has its own file, names and hosts, and does not inherit the key', async () => {
  const { stdout } = await project.longshore('plan staging --json');
  const { plan } = JSON.parse(stdout) as PlanResult;
  const steps = plan.stages.flatMap(({ lanes }) => lanes.flatMap((lane) => lane.steps));
  const names = steps.flatMap((step) => (step.kind === 'create-container' ? [step.spec.name] : []));
  expect(names).toContain(`small-web-staging-${version}`);
  expect(
    plan.stages
      .flatMap(({ lanes }) => lanes.filter(({ role }) => role === 'web'))
      .every(({ host }) => host === chi.address),
  ).toBe(true);
});

test('an unknown word is an error that names the known ones, and never means the base file', async () => {
  for (const words of ['deploy prodution', 'deploy -d prodution', 'status prodution']) {
    const run = await project.longshore(words);
    expect(run, words).toMatchObject({ status: 2 });
    expect(run.stderr).toContain('prodution');
    expect(run.stderr).toMatch(/production.*staging|staging.*production/);
  }
});

test('a destination’s name where a version is expected is refused with the right spelling', async () => {
  for (const name of ['production', 'staging']) {
    const run = await project.longshore(`rollback ${name}`);
    expect(run, run.output).toMatchObject({ status: 2 });
    expect(run.stderr).toContain(`longshore rollback -d ${name}`);
  }
  const deploy = await project.longshore('deploy --version production');
  expect(deploy, deploy.output).toMatchObject({ status: 2 });
});

test('a file of its own beside base_destination is an error', async () => {
  project.commit('Twice', { 'config/deploy.production.yml': 'service: small\n' });
  for (const words of ['deploy', 'deploy production']) {
    const run = await project.longshore(words);
    expect(run, words).toMatchObject({ status: 2 });
    expect(run.stderr).toContain('deploy.production.yml');
  }
});
